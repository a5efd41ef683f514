public import Glomers
public import History

/// Elle: whether any order of the transactions, as strict as the consistency models ask for, explains what clients
/// saw. The verdict is that of the models that were asked for. Beside it the figures tell which models the history
/// rules out, by what, and which are the strongest that it leaves.
///
/// Kingsbury and Alvaro, *Elle: inferring isolation anomalies from experimental observations*, VLDB 2020. Which
/// anomalies there are is Elle's matter, but what could not be looked for in time there (`cycle-search-timeout`) is
/// found here, and writes whose outcome is unknown count as soon as somebody reads them. What Elle can't see is in
/// `TransactionAnomalies`.
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
  ///   - nodes: those that should all show the same in the end; if nobody knows, those that were asked then.
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
    let excluded = ConsistencyModel.prohibited(by: models)
    guard model == .registers else {
      let lists = ListDependencies(transactions)
      let existing = CycleExistence(transactions, lists)
      let found = cases(transactions, lists, excluded, isAcyclic: existing.isAcyclic)
      return report(
        found, existing, excluded,
        TransactionAnomalies(transactions, lists, nodes: nodes, excluded: excluded))
    }
    let last = FinalReads(transactions).agreed(by: nodes, transactions)
    // In real time the last read shows the last version. Other models let a read show an older one.
    let isTimed = ConsistencyModel.implied(by: models).contains("strong-snapshot-isolation")
    let registers = RegisterDependencies(transactions, last: isTimed ? last : [:])
    let existing = CycleExistence(transactions, registers)
    let found = cases(transactions, registers, excluded, isAcyclic: existing.isAcyclic)
    var beyond = TransactionAnomalies(transactions, registers, nodes: nodes, excluded: excluded)
    if !isTimed, !last.isEmpty {
      let known = Set(found.map(\.type))
      let isLast = registers.ending(with: last)
      // What shows without an order of versions is known.
      beyond.contradictions = (isLast.cases + cycles(transactions, isLast, excluded))
        .filter { excluded.contains($0.type) && !known.contains($0.type) }
    }
    return report(found, existing, excluded, beyond)
  }

  /// What Elle finds.
  ///
  /// - Parameter isAcyclic: whether it is known that there is no cycle of any kind.
  private func cases(
    _ transactions: TransactionHistory, _ dependencies: some Dependencies, _ excluded: Set<String>,
    isAcyclic: Bool
  ) -> [AnomalyCase] {
    let direct = dependencies.cases + DirectAnomalies(transactions).cases
    return isAcyclic ? direct : direct + cycles(transactions, dependencies, excluded)
  }

  private func cycles(
    _ transactions: TransactionHistory, _ dependencies: some Dependencies, _ excluded: Set<String>
  ) -> [AnomalyCase] {
    var graph = DependencyGraph(transactionCount: transactions.transactions.count)
    dependencies.link(&graph)
    if excluded.contains(where: { $0.hasSuffix("-realtime") }) {
      // What a process does in turn, it does in real time.
      graph.addRealtimeOrder(transactions)
    } else if excluded.contains(where: { $0.hasSuffix("-process") }) {
      graph.addProcessOrder(transactions)
    }
    var cycles = AnomalyCases()
    let found = graph.cycles(excluded).sorted { $0.steps.count < $1.steps.count }
    for cycle in found { cycles.add(cycle.anomaly) { transactions.describe(cycle, dependencies) } }
    return cycles.all
  }

  /// Elle's result with all of its keys, and an anomaly for each case that counts.
  private func report(
    _ found: [AnomalyCase], _ existing: CycleExistence, _ excluded: Set<String>,
    _ beyond: TransactionAnomalies
  ) -> Finding {
    let strict = beyond.all
    let present = Set(found.map(\.type) + existing.kinds + strict.flatMap(beyond.types))
    // Cycles that were not looked for, as the models don't exclude them; and any that was not found.
    let ruledOut = ConsistencyModel.ruledOut(by: found.map(\.type))
    let unseen = existing.cases.filter { !ruledOut.contains(ConsistencyModel.canonicalName($0.model)) }
      .compactMap { existing.describe($0) }
    let wrong = Dictionary(grouping: (found + unseen).filter { excluded.contains($0.type) }, by: \.type)
      .sorted { $0.key < $1.key }
    let boundary = ConsistencyModel.boundary(present)
    let figures: EDN = [
      "anomaly-types": .vector(wrong.map { .keyword($0.key) }),
      "anomalies": .map(
        wrong.map { type, cases in
          .init(.keyword(type), .vector(cases.prefix(AnomalyCases.shownMax).map(\.edn)))
        }), "not": .vector(boundary.not.map { .keyword($0) }),
      "also-not": .vector(boundary.alsoNot.map { .keyword($0) }),
      "consistent-with": .vector(ConsistencyModel.strongest(without: present).map { .keyword($0) }),
      "broken-by": .map(
        boundary.not.map { model in
          let types = ConsistencyModel.breaking(model, among: present)
          return .init(.keyword(model), .vector(types.map { .keyword($0) }))
        }), "cycle-exists": .vector(unseen.map(\.edn)),
    ]
    let named = wrong.flatMap { type, cases in
      cases.prefix(AnomalyCases.shownMax).map {
        Anomaly(type, $0.detail, operations: $0.operations, steps: $0.steps)
      }
    }
    return Finding(wrong.isEmpty ? .valid : .invalid, figures, anomalies: named + strict)
  }

  /// Two writes of one value: nobody can tell who reads from whom. Whether answers are to what was asked can be told.
  private func ambiguous(
    _ transactions: TransactionHistory, _ version: Int, _ writers: [Int]
  ) -> Finding {
    let key = EDN(transactions.keys[transactions.key(of: version)])
    let detail =
      "key \(key.shown) had value \(transactions.value(version).shown) written by more than one transaction"
    return Finding(
      .unknown, ["error": .string(detail)],
      anomalies: TransactionAnomalies.replies(transactions) + [
        Anomaly(
          "repeated-write", detail,
          operations: writers.prefix(2).flatMap { transactions.indices($0) }.sorted(),
          severity: .warning)
      ])
  }
}
