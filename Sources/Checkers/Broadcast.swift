public import Glomers
public import History

/// Maelstrom's broadcast checker, which is Jepsen's set-full, and beside it what each single node has to hold:
/// every value in the end, none twice, none that nobody sent, and none that it forgets.
public struct BroadcastChecker: Checker {
  private let nodes: [NodeID]

  /// - Parameter nodes: those of which each has to have every value in the end.
  public init(nodes: [NodeID]) { self.nodes = nodes }

  public func check(_ history: History) -> Finding {
    let set = SetHistory(history, adding: "broadcast")
    let full = SetFull(set, history)
    let anomalies = SetAnomalies(set, full, history, nodes).all
    return Finding(full.verdict, full.figures, stableLatencies: full.stableLatencies, anomalies: anomalies)
  }
}
