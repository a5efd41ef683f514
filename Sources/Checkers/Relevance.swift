public import History

/// Whether a history that came from elsewhere is of the workload that it is checked for. A checker that finds nothing it
/// knows finds nothing wrong, either: then the verdict is unknown.
public struct RelevanceChecker: Checker {
  private let workload: Workload
  private let checker: any Checker

  /// - Parameter checker: of the workload; its verdict stands, as far as it is not better than what was seen.
  public init(_ workload: Workload, _ checker: any Checker) {
    self.workload = workload
    self.checker = checker
  }

  public func check(_ history: History) -> Finding {
    let found = checker.check(history)
    guard let doubt = doubt(history) else { return found }
    return Finding(.merging([found.verdict, .unknown]), found.figures, anomalies: found.anomalies + [doubt])
  }

  private func doubt(_ history: History) -> Anomaly? {
    func unknown(_ name: String, _ detail: String, _ operations: [Int] = []) -> Anomaly {
      Anomaly(name, detail, operations: operations, severity: .unknown)
    }
    let functions = workload.functions
    var counts: [String: Int] = [:]
    var first: Int?
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) == .invoke {
      let function = history.function(of: index)
      counts[function, default: 0] += 1
      if first == nil, !functions.contains(function) { first = index }
    }
    guard !counts.isEmpty else {
      return unknown(
        "nothing-checked",
        "the history holds no operation of a client: give the history of a run that did something")
    }
    guard let first else { return nil }
    let strange = counts.filter { !functions.contains($0.key) }
    let names = strange.keys.sorted().prefix(8).joined(separator: ", ")
    let known = functions.sorted().joined(separator: ", ")
    let others = Workload.allCases.filter { $0.functions.isSuperset(of: counts.keys) }
    let advice =
      others.isEmpty
      ? "no workload here has such" : "try -w " + others.map(\.rawValue).joined(separator: " or -w ")
    let (strangeCount, count) = (strange.values.reduce(0, +), counts.values.reduce(0, +))
    let isStrange = strangeCount == count
    return unknown(
      isStrange ? "nothing-checked" : "partly-checked",
      "\(workload.rawValue) has the operations \(known); \(isStrange ? "all" : "\(strangeCount)") of the "
        + "\(count) here are \(names): \(advice)", [first])
  }
}
