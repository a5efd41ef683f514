public import Checkers
import Glomers
import History

extension TestRun {
  /// What the test has come to, so far: runs the checkers over its history.
  public func results() -> Results {
    Results(
      of: history, workload: checker, availability: scenario.availability,
      journal: journal, observed: anomalies + silences, demands: scenario.demands,
      messagesPerOperationMax: scenario.messagesPerOperationMax,
      visibility: load.probe == nil ? nil : visibility, seed: scenario.seed)
  }

  /// Nodes that were initialized, and then left clients without an answer and printed nothing.
  private var silences: [Anomaly] {
    guard !states.silent.isEmpty, scenario.faults.isEmpty, scenario.script == nil else { return [] }
    var unanswered: [NodeID: Int] = [:]
    for operation in history.operations where operation.isClient && operation.error == "net-timeout" {
      if let node = operation.node { unanswered[node, default: 0] += 1 }
    }
    let quiet = states.silent.subtracting(states.dead).subtracting(states.silenced)
    return nodes.filter(quiet.contains).compactMap { node in
      guard let count = unanswered[node] else { return nil }
      return Anomaly(
        "silent-node",
        "\(node) left \(count) \(count == 1 ? "request" : "requests") without an answer, and since the load began it has "
          + "written \(openings[node]?.unended ?? "nothing to stdout"). Each message ends with a newline, "
          + Opening.flushAdvice, node: node, severity: .warning)
    }
  }
}
