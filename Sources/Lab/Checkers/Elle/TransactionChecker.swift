public import Glomers

/// Elle: whether any order of the transactions, as strict as the consistency models ask for, explains what clients
/// saw; and beside it what Elle can't see.
///
/// Kingsbury and Alvaro, *Elle: inferring isolation anomalies from experimental observations*, VLDB 2020. Which
/// anomalies there are is Elle's matter, but what could not be looked for in time there (`cycle-search-timeout`) is
/// found here, and writes whose outcome is unknown count as soon as somebody reads them.
public struct TransactionChecker: Checker {
  private let model: TransactionHistory.Model
  private let models: [String]
  private let nodes: [NodeID]

  private init(_ model: TransactionHistory.Model, _ models: [String], _ nodes: [NodeID]) {
    self.model = model
    self.models = models
    self.nodes = nodes
  }

  /// For `txn-rw-register`.
  ///
  /// - Parameters:
  ///   - models: what must hold: names that ``ConsistencyModel/unknown(among:)`` does not return.
  ///   - nodes: those that should all show the same in the end.
  public static func registers(models: [String], nodes: [NodeID] = []) -> TransactionChecker {
    TransactionChecker(.registers, models, nodes)
  }

  /// For `txn-list-append`.
  public static func lists(models: [String], nodes: [NodeID] = []) -> TransactionChecker {
    TransactionChecker(.lists, models, nodes)
  }

  public func check(_ history: History) -> Finding {
    let transactions = TransactionHistory(history, model)
    if let (version, writers) = transactions.repeatedWrite {
      return ambiguous(transactions, version, writers)
    }
    let final = FinalReads(transactions)
    switch model {
    case .registers:
      return check(transactions, RegisterDependencies(transactions, last: final.agreed(by: nodes)))
    case .lists:
      return check(transactions, ListDependencies(transactions))
    }
  }

  private func check(_ transactions: TransactionHistory, _ dependencies: some Dependencies) -> Finding {
    let prohibited = ConsistencyModel.prohibited(by: models)
    var graph = DependencyGraph(transactionCount: transactions.transactions.count)
    dependencies.link(&graph)
    let isEmpty = graph.edges.isEmpty
    if prohibited.contains(where: { $0.hasSuffix("-realtime") }) {
      // What a process does in turn, it does in real time.
      graph.addRealtimeOrder(transactions)
    } else if prohibited.contains(where: { $0.hasSuffix("-process") }) {
      graph.addProcessOrder(transactions)
    }
    var cycles = AnomalyCases()
    for cycle in graph.cycles().sorted(by: { $0.steps.count < $1.steps.count }) {
      cycles.add(cycle.anomaly) { transactions.describe(cycle, dependencies) }
    }
    let cases = dependencies.cases + DirectAnomalies(transactions).cases + cycles.all
    let strict = TransactionAnomalies(transactions, dependencies, nodes: nodes, models: models).all
    return report(cases, prohibited, isEmpty: isEmpty, strict)
  }

  /// Elle's result, and an anomaly for each case that counts.
  private func report(
    _ cases: [AnomalyCase], _ prohibited: Set<String>, isEmpty: Bool, _ strict: [Anomaly]
  ) -> Finding {
    let byType = Dictionary(grouping: cases, by: \.type)
    let wrong = byType.filter { prohibited.contains($0.key) }.sorted { $0.key < $1.key }
    var shown = wrong.map { type, cases in
      EDN.Member(.keyword(type), .vector(cases.prefix(AnomalyCases.shownMax).map(\.edn)))
    }
    // A history in which nothing depends on anything says nothing.
    if isEmpty { shown.append(.init(.keyword("empty-transaction-graph"), true)) }
    guard !shown.isEmpty else { return Finding(.valid, [:], anomalies: strict) }
    let boundary = ConsistencyModel.boundary(byType.keys)
    let figures: EDN = [
      "anomaly-types": .vector(shown.map(\.key)), "anomalies": .map(shown),
      "not": .vector(boundary.not.map { .keyword($0) }),
      "also-not": .vector(boundary.alsoNot.map { .keyword($0) }),
    ]
    let named = wrong.flatMap { type, cases in
      cases.prefix(AnomalyCases.shownMax).map { Anomaly(type, $0.detail, operations: $0.operations) }
    }
    return Finding(wrong.isEmpty ? .unknown : .invalid, figures, anomalies: named + strict)
  }

  /// Two writes of one value: nobody can tell who reads from whom.
  private func ambiguous(
    _ transactions: TransactionHistory, _ version: Int, _ writers: [Int]
  ) -> Finding {
    let key = EDN(transactions.keys[transactions.versions[version].key])
    let detail =
      "key \(key.text) had value \(transactions.value(version).text) written by more than one transaction"
    return Finding(
      .unknown, ["error": .string(detail)],
      anomalies: [
        Anomaly(
          "repeated-write", detail,
          operations: writers.prefix(2).flatMap { transactions.indices($0) }.sorted(),
          severity: .warning)
      ])
  }
}
