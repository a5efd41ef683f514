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
    var found = checker.check(history)
    found.verdict = .merging([found.verdict, .unknown])
    found.anomalies.append(doubt)
    return found
  }

  /// So many operations show of what form a history's values are: they are looked at one by one.
  private static let sampleSize = 10_000

  /// What speaks against the workload, and whether nothing in the history is for its checker.
  private func doubt(_ history: History) -> (Anomaly, isForeign: Bool)? {
    let functions = workload.functions
    var counts: [String: Int] = [:]
    var first: Int?
    var sample: [Int] = []
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) == .invoke {
      let function = history.function(of: index)
      counts[function, default: 0] += 1
      if first == nil, !functions.contains(function) { first = index }
      if sample.count < Self.sampleSize { sample.append(index) }
    }
    func unknown(_ isForeign: Bool, _ detail: String, _ operations: [Int] = []) -> (Anomaly, Bool) {
      let name = isForeign ? "nothing-checked" : "partly-checked"
      return (Anomaly(name, detail, operations: operations, severity: .unknown), isForeign)
    }
    guard !counts.isEmpty else {
      return unknown(
        true,
        "the history holds no operation of a client: give the history of a run that did something")
    }
    func misfits(_ workload: Workload) -> some Sequence<Int> {
      sample.lazy.filter { !workload.has(history[$0], history.completion(of: $0)) }
    }
    let odd = first == nil ? Array(misfits(workload)) : []
    guard let culprit = first ?? odd.first else { return nil }
    // Where one other workload has all of it, it is that one's. What broken nodes answer is of no workload.
    let others = Workload.allCases.filter {
      $0.functions.isSuperset(of: counts.keys) && !misfits($0).contains { _ in true }
    }
    let advice =
      others.isEmpty
      ? "no workload here has such" : "try -w " + others.map(\.rawValue).joined(separator: " or -w ")
    guard first != nil else {
      guard !others.isEmpty else { return nil }
      return unknown(
        true,
        "\(odd.count) of the first \(sample.count) operations here have values that no operation of "
          + "\(workload.rawValue) has: \(advice)", [culprit])
    }
    let strange = counts.filter { !functions.contains($0.key) }
    let names = strange.keys.sorted().prefix(8).joined(separator: ", ")
    let known = functions.sorted().joined(separator: ", ")
    let (strangeCount, count) = (strange.values.reduce(0, +), counts.values.reduce(0, +))
    let isStrange = strangeCount == count
    return unknown(
      isStrange || !others.isEmpty,
      "\(workload.rawValue) has the operations \(known); \(isStrange ? "all" : "\(strangeCount)") of the "
        + "\(count) here are \(names): \(advice)", [culprit])
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
