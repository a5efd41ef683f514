public import Glomers
import Lab
public import History
public import Checkers

extension RunReport {
  /// A report from what is in files.
  ///
  /// - Parameter results: what `results.edn` holds; an empty map where there is none.
  public init(
    workload: String, summary: String, nodes: [String], verdict: Verdict, results: EDN, history: History,
    log: MessageLog?
  ) {
    self.workload = workload
    self.summary = summary
    self.nodes = nodes
    self.verdict = verdict
    self.results = results
    self.history = history
    self.log = log
    anomalies = Self.anomalies(in: results, indices: history.operations.indices)
    complaints =
      verdict == .invalid && !anomalies.contains { $0.severity == .invalid }
      ? ["The checkers object: see the figures."] : []
    doubts = []
  }

  /// The anomalies that results name, with as many operations as they show. What is not in the history is left out: a file
  /// may name anything.
  private static func anomalies(in results: EDN, indices: Range<Int>) -> [Anomaly] {
    guard case .vector(let list)? = results["workbench"]?["anomalies"] else { return [] }
    return list.compactMap { one in
      guard case .keyword(let name)? = one["name"], case .string(let detail)? = one["detail"],
        case .keyword(let severity)? = one["severity"]
      else { return nil }
      var operations: [Int] = []
      if case .vector(let shown)? = one["operations"] {
        for case .integer(let index)? in shown.map({ $0["index"] }) where indices.contains(index) {
          operations.append(index)
        }
      }
      var node: NodeID?
      if case .string(let text)? = one["node"] { node = NodeID(text) }
      return Anomaly(
        name, detail, operations: operations, node: node,
        severity: Anomaly.Severity(rawValue: severity) ?? .invalid, steps: steps(of: one))
    }
  }

  private static func steps(of anomaly: EDN) -> [Anomaly.Step] {
    guard case .vector(let list)? = anomaly["steps"] else { return [] }
    return list.compactMap { one in
      guard case .integer(let from)? = one["from"], case .integer(let to)? = one["to"],
        case .keyword(let relation)? = one["type"], case .string(let words)? = one["words"]
      else { return nil }
      return Anomaly.Step(from: from, to: to, relation: relation, words: words)
    }
  }
}

extension MessageLog {
  /// The history as far as the record tells it: who did what when, and how it ended, without what clients said.
  ///
  /// - Parameter node: the node that a process talks to.
  public func history(node: (Int) -> NodeID) -> History {
    var history = History()
    for step in steps {
      let process = step.process.map { Operation.Process.client($0) } ?? .nemesis
      let operation = Operation(
        time: .nanoseconds(step.time - (origin ?? 0)), kind: Operation.Kind(rawValue: step.kind) ?? .info,
        process: process,
        function: step.function, value: step.value ?? .null, node: step.process.map(node))
      // A record that was changed by hand must not end the program.
      if history.objection(to: operation) == nil { history.append(operation) }
    }
    return history
  }
}
