import Lab
internal import Simulator
public import Checkers

/// The search for a seed at which a mutant is caught.
public struct Hunt: Sendable {
  public let mutant: Mutant
  /// The first seed at which the expected anomaly made a run invalid; nil: the mutant survived.
  public let seed: UInt64?
  /// How many seeds were run.
  public let runCount: Int
  /// What the anomaly says there.
  public let evidence: Anomaly?
  /// Other anomalies that runs of the mutant showed, by name, in order.
  public let others: [String]
  /// Seeds at which the node without the mistake was found invalid too, and by what: the checker is wrong.
  public let falseAlarms: [(seed: UInt64, anomalies: [String])]

  /// What the report of the run that caught it does not show, in words.
  public let concealments: [String]

  /// Whether the mutant was caught, and its original left alone.
  public var isCaught: Bool { seed != nil && falseAlarms.isEmpty }

  /// Runs a mutant seed by seed until it is caught, and its original on the same seeds.
  ///
  /// - Parameter originalRunCountMin: on so many seeds at least the original has to be valid.
  public init(_ mutant: Mutant, seeds: ClosedRange<UInt64>, originalRunCountMin: Int = 3) {
    var caught: (seed: UInt64, evidence: Anomaly)?
    var count = 0
    var others: Set<String> = []
    for seed in seeds where caught == nil {
      count += 1
      let anomalies = Self.anomalies(of: { mutant.run($0, nil) }, mutant.scenario, seed)
      others.formUnion(anomalies.map(\.name))
      if let evidence = anomalies.first(where: { $0.name == mutant.anomaly }) { caught = (seed, evidence) }
    }
    self.mutant = mutant
    seed = caught?.seed
    evidence = caught?.evidence
    runCount = count
    self.others = others.subtracting([mutant.anomaly]).sorted()
    concealments = caught.map { Disclosure(mutant, seed: $0.seed).problems } ?? []
    falseAlarms = seeds.prefix(max(count, originalRunCountMin)).compactMap { seed in
      let found = Self.anomalies(of: mutant.runOriginal, mutant.scenario, seed)
      return found.isEmpty ? nil : (seed, Set(found.map(\.name)).sorted())
    }
  }

  /// What made a run invalid.
  private static func anomalies(
    of run: (Scenario) -> SeedOutcome, _ scenario: Scenario, _ seed: UInt64
  ) -> [Anomaly] {
    var scenario = scenario
    scenario.seed = seed
    return run(scenario).failures
  }
}
