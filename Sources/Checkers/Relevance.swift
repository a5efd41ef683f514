import Glomers
public import History

/// Whether a history that came from elsewhere is of the workload that it is checked for. A checker that finds nothing it
/// knows finds nothing wrong, either, or calls wrong what is right in another workload: then the verdict is unknown.
public struct RelevanceChecker: Checker {
  private let workload: Workload
  private let checker: any Checker

  /// - Parameter checker: of the workload; its verdict stands, as far as it is not better than what was seen.
  public init(_ workload: Workload, _ checker: any Checker) {
    self.workload = workload
    self.checker = checker
  }

  public func check(_ history: History) -> Finding {
    guard let (doubt, isForeign) = doubt(history) else { return checker.check(history) }
    if isForeign { return Finding(.unknown, anomalies: [doubt]) }
    let found = checker.check(history)
    return Finding(.merging([found.verdict, .unknown]), found.figures, anomalies: found.anomalies + [doubt])
  }

  private static let lookedAt = 10_000

  /// What speaks against the workload, and whether nothing in the history is for its checker.
  private func doubt(_ history: History) -> (Anomaly, Bool)? {
    // The first of a long history show what it is of.
    let calls = (0..<history.count).lazy
      .filter { history.isClient($0) && history.kind(of: $0) == .invoke }
      .prefix(Self.lookedAt).map { history.operations[$0] }
    func unknown(_ isForeign: Bool, _ detail: String, _ operations: [Int] = []) -> (Anomaly, Bool) {
      let name = isForeign ? "nothing-checked" : "partly-checked"
      return (Anomaly(name, detail, operations: operations, severity: .unknown), isForeign)
    }
    func misfits(_ workload: Workload) -> some Sequence<Operation> {
      calls.lazy.filter { !workload.has($0, history.completion(of: $0.index)) }
    }
    guard !calls.isEmpty else {
      return unknown(
        true,
        "the history holds no operation of a client: give the history of a run that did something")
    }
    let odd = Array(misfits(workload))
    guard let first = odd.first else { return nil }
    // Where one other workload has all of it, it is that one's. What broken nodes answer is of no workload.
    let others = Workload.allCases.filter { !misfits($0).contains { _ in true } }
    let advice =
      others.isEmpty
      ? "no workload here has such" : "try -w " + others.map(\.rawValue).joined(separator: " or -w ")
    let strange = odd.filter { !workload.functions.contains($0.function) }
    guard let firstStrange = strange.first else {
      guard !others.isEmpty else { return nil }
      return unknown(
        true,
        "\(odd.count) of the \(calls.count) operations here have values that no operation of \(workload.rawValue) "
          + "has: \(advice)", [first.index])
    }
    let names = Set(strange.map(\.function)).sorted().prefix(8).joined(separator: ", ")
    let known = workload.functions.sorted().joined(separator: ", ")
    let isStrange = strange.count == calls.count
    return unknown(
      isStrange || !others.isEmpty,
      "\(workload.rawValue) has the operations \(known); \(isStrange ? "all" : "\(strange.count)") of the "
        + "\(calls.count) here are \(names): \(advice)", [firstStrange.index])
  }
}

extension Workload {
  /// Whether an operation may be one of this workload's, by its function and the form of its values. What only a broken
  /// node makes of an answer counts as the workload's, unless it has the form of another workload's answer.
  fileprivate func has(_ call: Operation, _ completion: Operation?) -> Bool {
    guard functions.contains(call.function) else { return false }
    let answer = completion.flatMap { $0.kind == .ok ? $0.value : nil } ?? .null
    switch (self, call.function) {
    case (.broadcast, "read"), (.gSet, "read"): return call.value == .null && !answer.isInteger
    case (.gCounter, "read"), (.pnCounter, "read"): return call.value == .null && answer.array == nil
    case (.linKV, "read"): return call.value == .null || call.value.array?.count == 2
    case (.txnRWRegister, _): return Self.are(call.value, ["r", "w"])
    case (.txnListAppend, _): return Self.are(call.value, ["r", "append"])
    case (.kafka, "txn"): return Self.are(call.value, ["send", "poll"])
    default: return true
    }
  }

  /// Whether none of some micro-operations is of another kind than these.
  private static func are(_ transaction: JSON, _ kinds: Set<String>) -> Bool {
    let others = Set(["r", "w", "append", "send", "poll"]).subtracting(kinds)
    return !(transaction.array ?? []).contains { $0.array?.first?.string.map(others.contains) ?? false }
  }
}
