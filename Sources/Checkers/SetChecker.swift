public import Glomers
public import History

/// Maelstrom's checker of broadcast and of g-set, which is Jepsen's set-full, and beside it what each single node has to
/// hold: every value in the end, none twice, none that nobody sent, and none that it forgets.
public struct SetChecker: Checker {
  private let function: String
  private let nodes: [NodeID]

  /// - Parameters:
  ///   - function: of the operations that add a value.
  ///   - nodes: those of which each has to have every value in the end.
  public init(adding function: String, nodes: [NodeID]) {
    self.function = function
    self.nodes = nodes
  }

  public func check(_ history: History) -> Finding {
    let set = SetHistory(history, adding: function)
    let full = SetFull(set, history)
    let anomalies = SetAnomalies(set, full, history, nodes).all
    return Finding(full.verdict, full.figures, stableLatencies: full.stableLatencies, anomalies: anomalies)
  }
}
