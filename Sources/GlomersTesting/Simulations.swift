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
  /// A run is invalid if the checker objects, if a node misbehaves, or if no request of some kind succeeded. Faults end 6 s
  /// before the run does (with `draw()`, when it says), which is longer than a client waits for an answer.
  ///
  /// - Parameters:
  ///   - options: values for the node's options, by name, the same at every node.
  ///   - arrange: gets the scenario before the run. Its `workload` has no meaning here.
  ///   - trace: gets a line for every message, as soon as it is sent: `{ print($0) }`.
  @inlinable
  public static func outcome(
    of workload: some OwnWorkload, seed: UInt64, options: [String: Option.Value] = [:],
    _ arrange: (inout Scenario) -> Void = { _ in }, trace: ((String) -> Void)? = nil
  ) -> SeedOutcome {
    var scenario = Scenario.forTests(seed: seed)
    arrange(&scenario)
    return outcome(TestRun(scenario, workload: workload), options: options, trace: trace)
  }

  /// Runs seeds, one after the other, until one is invalid. Returns that, or nil if none is: one in which too little happened to
  /// judge (`results.verdict == .unknown`) is not invalid.
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

  /// Runs seeds of one of Maelstrom's workloads, one after the other, until one is invalid. Returns that, or nil if none is.
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
    // Longer than a client waits: who waited in vain when the faults ended asks again.
    scenario.calmTime = .seconds(6)
    scenario.lateReplies = .drop
    scenario.seed = seed
    return scenario
  }
}

extension SeedOutcome {
  /// What a failed test should print: the seed, the first 20 things that are wrong, and the operations that show it.
  public var report: String {
    var anomalies = results.anomalies.prefix(20).map { "  \($0.name): \($0.detail)" }
    if results.anomalies.count > 20 { anomalies.append("  and \(results.anomalies.count - 20) more") }
    let complaints = results.complaints.map { "  \($0)" }
    let verdict = isValid ? "not invalid" : "invalid"
    return (["seed \(seed): \(verdict)"] + anomalies + complaints + excerpt.map { "    \($0)" })
      .joined(separator: "\n")
  }
}
