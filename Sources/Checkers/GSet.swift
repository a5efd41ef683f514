public import Glomers
public import History

/// Maelstrom's g-set checker, which is Jepsen's set-full, and beside it what each single node has to hold, as with
/// ``BroadcastChecker``.
public struct GSetChecker: Checker {
  private let nodes: [NodeID]

  /// - Parameter nodes: those of which each has to have every element in the end.
  public init(nodes: [NodeID]) { self.nodes = nodes }

  public func check(_ history: History) -> Finding {
    let set = SetHistory(history, adding: "add")
    let full = SetFull(set, history)
    let anomalies = SetAnomalies(set, full, history, nodes).all
    return Finding(full.verdict, full.figures, stableLatencies: full.stableLatencies, anomalies: anomalies)
  }
}
