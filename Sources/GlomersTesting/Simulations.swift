@_exported public import Checkers
@_exported public import Glomers
@_exported public import History
@_exported public import Lab
@_exported public import Simulator
@_exported public import Wire

/// Whole tests of a node in virtual time, for `swift test`.
extension Simulation {
  /// Runs one seed of a workload of one's own.
  ///
  /// Three nodes, 50 requests/s for ten seconds, 10 ms between nodes on average, no faults: `arrange` changes that. With
  /// `Scenario.draw()` as its last step the seed also draws which of the faults happen, and when: swarm testing.
  ///
  /// - Parameters:
  ///   - options: values for the node's options, by name, the same at every node.
  ///   - arrange: gets the scenario before the run. Its `workload` has no meaning here.
  /// To see every message, run `outcome(TestRun(scenario, workload: workload), trace: { print($0) })`.
  @inlinable
  public static func outcome(
    of workload: some OwnWorkload, seed: UInt64, options: [String: Option.Value] = [:],
    _ arrange: (inout Scenario) -> Void = { _ in }
  ) -> SeedOutcome {
    var scenario = Scenario.forTests(seed: seed)
    arrange(&scenario)
    return outcome(TestRun(scenario, workload: workload), options: options)
  }

  /// Runs seeds, one after the other, until one is invalid. Returns that, or nil if all are valid.
  ///
  /// ```swift
  /// let failure = Simulation<MapNode>.failure(of: MapWorkload(), seeds: 1...100) { $0.faults = [.partition, .kill] }
  /// #expect(failure == nil, "\(failure?.report ?? "")")
  /// ```
  @inlinable
  public static func failure(
    of workload: some OwnWorkload, seeds: ClosedRange<UInt64>, options: [String: Option.Value] = [:],
    _ arrange: (inout Scenario) -> Void = { _ in }
  ) -> SeedOutcome? {
    for seed in seeds {
      let outcome = outcome(of: workload, seed: seed, options: options, arrange)
      if !outcome.isValid { return outcome }
    }
    return nil
  }

  /// Runs seeds of one of Maelstrom's workloads, one after the other, until one is invalid. Returns that, or nil if all
  /// are valid.
  @inlinable
  public static func failure(
    of workload: Workload, seeds: ClosedRange<UInt64>, options: [String: Option.Value] = [:],
    _ arrange: (inout Scenario) -> Void = { _ in }
  ) -> SeedOutcome? {
    for seed in seeds {
      var scenario = Scenario.forTests(seed: seed)
      scenario.workload = workload
      arrange(&scenario)
      let outcome = outcome(scenario, options: options)
      if !outcome.isValid { return outcome }
    }
    return nil
  }
}

extension Scenario {
  /// What tests begin with.
  @usableFromInline
  static func forTests(seed: UInt64) -> Scenario {
    var scenario = Scenario.brief(.echo)
    scenario.calmTime = .seconds(3)
    scenario.lateReplies = .drop
    scenario.seed = seed
    return scenario
  }
}

extension SeedOutcome {
  /// What a failed test should print: the seed, what is wrong, and the operations that show it.
  public var report: String {
    let anomalies = results.anomalies.map { "  \($0.name): \($0.detail)" }
    let complaints = results.complaints.map { "  \($0)" }
    let verdict = isValid ? "not invalid" : "invalid"
    return (["seed \(seed): \(verdict)"] + anomalies + complaints + excerpt.map { "    \($0)" })
      .joined(separator: "\n")
  }
}
