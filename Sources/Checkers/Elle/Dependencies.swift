import Glomers
import History

/// What the values read say of the order of transactions.
protocol Dependencies {
  /// Anomalies that were found on the way to the order of versions.
  var cases: [AnomalyCase] { get }

  /// Adds the dependencies to a graph.
  func link(_ graph: inout DependencyGraph)

  /// Why one transaction comes before another by data: nil if it doesn't.
  func explain(_ step: Cycle.Step) -> Dependency?

  /// Whether one version of a key certainly comes before another; ``TransactionHistory/unborn`` before all.
  func precedes(_ a: Int, _ b: Int) -> Bool
}

/// A dependency by data: of a version and, where that is overwritten, the next one.
struct Dependency {
  let key: JSON
  let value: EDN
  var next: EDN?
  /// The places of the micro-operations.
  let first: Int
  let second: Int
}

/// An instance of an anomaly as Elle reports it, and as we do.
struct AnomalyCase {
  let type: String
  let edn: EDN
  let detail: String
  /// Indices into the history.
  let operations: [Int]
  /// The edges of a cycle.
  var steps: [Anomaly.Step] = []
}

/// Collects instances: of a type that has shown often enough, no more are looked for.
struct AnomalyCases {
  static let shownMax = 16

  private(set) var all: [AnomalyCase] = []
  private var counts: [String: Int] = [:]

  mutating func add(_ type: String, _ find: () -> AnomalyCase?) {
    guard counts[type, default: 0] < Self.shownMax, let found = find() else { return }
    counts[type, default: 0] += 1
    all.append(found)
  }
}

extension TransactionHistory {
  /// The history of a cycle: Elle's map, and sentences.
  func describe(_ cycle: Cycle, _ dependencies: some Dependencies) -> AnomalyCase {
    var steps: [EDN] = []
    var told: [Anomaly.Step] = []
    var reasons: [String] = []
    for (place, step) in cycle.steps.enumerated() {
      let names = ("T\(place + 1)", "T\((place + 1) % cycle.steps.count + 1)")
      let (edn, reason) = explain(step, names, dependencies)
      steps.append(edn)
      told.append(
        .init(
          from: transactions[step.from].begin, to: transactions[step.to].begin,
          relation: step.relation.name, words: reason))
      reasons.append("\(names.0) < \(names.1), because \(reason)")
    }
    let visited = cycle.steps.map(\.from)
    let bindings = visited.enumerated().map { "T\($0 + 1) = \(text($1))" }
    return AnomalyCase(
      type: cycle.anomaly,
      edn: [
        "cycle": .vector((visited + visited.prefix(1)).map { operation($0).edn }), "steps": .vector(steps),
        "type": .keyword(cycle.anomaly),
      ],
      detail: bindings.joined(separator: ", ") + "; " + reasons.joined(separator: "; ") + ": a contradiction",
      operations: visited.flatMap { indices($0) }.sorted(), steps: told)
  }

  private func explain(
    _ step: Cycle.Step, _ names: (String, String), _ dependencies: some Dependencies
  ) -> (EDN, String) {
    var edn: EDN = ["type": .keyword(step.relation.name)]
    let (a, b) = names
    if step.relation == .realtime {
      edn["a'"] = operation(step.from).edn
      edn["b"] = history[transactions[step.to].begin].edn
      return (edn, "\(a) had ended when \(b) began")
    }
    if step.relation == .process {
      edn["process"] = .integer(transactions[step.from].process)
      return (edn, "process \(transactions[step.from].process) did \(a) before \(b)")
    }
    guard let found = dependencies.explain(step) else {
      preconditionFailure("\(step) is in the graph, but nothing explains it")
    }
    edn["key"] = EDN(found.key)
    edn["value"] = found.value
    edn["value'"] = found.next
    edn["a-mop-index"] = .integer(found.first)
    edn["b-mop-index"] = .integer(found.second)
    let (key, value) = (EDN(found.key).shown, found.value.shown)
    let next = found.next?.shown ?? ""
    switch step.relation {
    case .wr: return (edn, "\(b) read what \(a) wrote to \(key): \(value)")
    case .ww: return (edn, "\(b) wrote \(next) to \(key) after \(a) wrote \(value)")
    default: return (edn, "\(a) read \(key) as \(value), and \(b) wrote the later \(next)")
    }
  }

  /// The transaction as people read it.
  func text(_ transaction: Int) -> String {
    EDN.vector(operations(of: transactions[transaction]).map { edn($0) }).shown
  }

  /// Where a transaction stands in the history.
  func indices(_ transaction: Int) -> [Int] {
    let found = transactions[transaction]
    return found.end < 0 ? [found.begin] : [found.begin, found.end]
  }
}
