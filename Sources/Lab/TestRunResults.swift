public import Checkers

extension TestRun {
  /// What the test has come to, so far: runs the checkers over its history.
  public func results() -> Results {
    Results(
      of: history, workload: checker, availability: scenario.availability,
      journal: journal, observed: anomalies, demands: scenario.demands,
      visibility: load.probe == nil ? nil : visibility, seed: scenario.seed)
  }
}
