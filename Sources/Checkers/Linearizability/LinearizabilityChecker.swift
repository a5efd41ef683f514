import Glomers
public import History

/// Maelstrom's lin-kv checker: each key's history must be linearizable (Herlihy & Wing 1990). Beside that, errors
/// are taken at their word: a refused compare-and-set has seen another value, a missing key was missing.
public struct LinearizabilityChecker: Checker {
  private let effortMax: Int

  /// - Parameter effortMax: steps of the search over all keys, after which the verdict is unknown. Steps and not
  ///   seconds, so that a history has the same verdict everywhere; these are some ten seconds' worth.
  public init(effortMax: Int = 200_000_000) { self.effortMax = effortMax }

  public func check(_ history: History) -> Finding {
    let registers = RegisterHistory(history)
    var effort = effortMax
    var judgements: [Int: Judgement] = [:]
    // Short histories first: what they leave of their share is for the long ones.
    let order = registers.keys.indices.sorted {
      (registers.keys[$0].operations.count, $0) < (registers.keys[$1].operations.count, $1)
    }
    for (done, place) in order.enumerated() {
      var share = effort / (order.count - done)
      effort -= share
      judgements[place] = judge(registers.keys[place], effort: &share)
      effort += max(0, share)
    }

    let report = LinearizabilityReport(history, registers)
    var results: [EDN.Member] = []
    var failures: [EDN] = []
    var anomalies: [Anomaly] = []
    for (place, key) in registers.keys.enumerated().sorted(by: {
      JSON.precedes($0.element.key, $1.element.key)
    }) {
      let judgement = judgements[place]!
      results.append(.init(EDN(key.key), report.result(judgement)))
      if judgement.verdict != .valid { failures.append(EDN(key.key)) }
      if let anomaly = report.anomaly(judgement, key.key) { anomalies.append(anomaly) }
    }
    if let first = registers.malformed.first {
      anomalies.append(
        Anomaly(
          "malformed-operation",
          "\(registers.malformed.count) operations, this one first, have no value that a register has, "
            + "and were not looked at", operations: [first], severity: .warning))
    }
    let isWhole: Verdict = registers.malformed.isEmpty ? .valid : .unknown
    return Finding(
      .merging(judgements.values.map(\.verdict) + [isWhole]),
      ["results": .map(results), "failures": .vector(failures)],
      anomalies: anomalies)
  }

  private func judge(_ key: RegisterHistory.Key, effort: inout Int) -> Judgement {
    let all = key.operations
    var judgement = Judgement(operations: all, outcome: search(all, effort: &effort))
    // With fewer observations more is linearizable.
    guard judgement.outcome != .linearizable, all.contains(where: \.isFromError) else { return judgement }
    let plain = all.filter { !$0.isFromError }
    let outcome = search(plain, effort: &effort)
    guard outcome == .linearizable else { return Judgement(operations: plain, outcome: outcome) }
    judgement.isOnlyErrors = true
    return judgement
  }

  /// A search as long as most histories need; then what can be refuted without one; then the search to its end.
  private func search(_ operations: [RegisterOperation], effort: inout Int) -> LinearizationSearch.Outcome {
    var search = LinearizationSearch(operations)
    let share = min(effort, 100_000 + 32 * operations.count)
    effort -= share
    var rest = share
    let outcome = search.run(effort: &rest)
    effort += rest
    guard case .exhausted = outcome else { return outcome }
    if let (operation, reason) = Refutation(operations).found() {
      return .stuck(.init(operation: operation, reason: reason))
    }
    return search.run(effort: &effort)
  }
}

/// What was found out about one key.
struct Judgement {
  let operations: [RegisterOperation]
  let outcome: LinearizationSearch.Outcome
  /// Whether all is well to Jepsen, which does not look at errors.
  var isOnlyErrors = false

  /// Jepsen's.
  var verdict: Verdict {
    if isOnlyErrors { return .valid }
    switch outcome {
    case .linearizable: return .valid
    case .stuck: return .invalid
    case .exhausted: return .unknown
    }
  }
}
