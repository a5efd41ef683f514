extension TestRun {
  /// What the test has come to, so far: runs the checkers over its history.
  public func results() -> Results {
    Results(
      of: history, workload: scenario.workload.checker(nodes: nodes), availability: scenario.availability,
      journal: journal, observed: anomalies, visibility: scenario.workload == .broadcast ? visibility : nil,
      seed: scenario.seed)
  }
}
