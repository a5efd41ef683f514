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
    let calls = history.operations.filter { $0.isClient && $0.kind == .invoke }
    func unknown(_ name: String, _ detail: String, _ operations: [Int] = []) -> Anomaly {
      Anomaly(name, detail, operations: operations, severity: .unknown)
    }
    guard !calls.isEmpty else {
      return unknown(
        "nothing-checked",
        "the history holds no operation of a client: give the history of a run that did something")
    }
    let strange = calls.filter { !workload.functions.contains($0.function) }
    guard let first = strange.first else { return nil }
    let names = Set(strange.map(\.function)).sorted().prefix(8).joined(separator: ", ")
    let known = workload.functions.sorted().joined(separator: ", ")
    let others = Workload.allCases.filter { $0.functions.isSuperset(of: calls.map(\.function)) }
    let advice =
      others.isEmpty
      ? "no workload here has such" : "try -w " + others.map(\.rawValue).joined(separator: " or -w ")
    let isStrange = strange.count == calls.count
    return unknown(
      isStrange ? "nothing-checked" : "partly-checked",
      "\(workload.rawValue) has the operations \(known); \(isStrange ? "all" : "\(strange.count)") of the "
        + "\(calls.count) here are \(names): \(advice)", [first.index])
  }
}
