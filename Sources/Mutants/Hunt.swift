import Lab
internal import Simulator
public import Checkers
import History

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

/// What hunts have come to: which anomaly caught which mutant, and what is wrong with the checkers.
public struct HuntReport: Sendable {
  public let hunts: [Hunt]

  public init(_ hunts: [Hunt]) { self.hunts = hunts }

  /// A table: the header, and a row for each mutant.
  public var rows: [[String]] {
    [["workload", "mutant", "mistake", "faults", "caught by", "seed", "runs", "shows too"]]
      + hunts.map { hunt in
        let mutant = hunt.mutant
        return [
          mutant.scenario.workload.rawValue, mutant.name, mutant.mistake, mutant.faults,
          hunt.seed == nil ? "nothing: it survived" : mutant.anomaly, hunt.seed.map(String.init) ?? "",
          "\(hunt.runCount)", hunt.others.joined(separator: ", "),
        ]
      }
  }

  /// A sentence for each mutant that survived, for each whose report hides what it does, and for each node without a
  /// mistake that was found invalid.
  public var problems: [String] {
    hunts.flatMap { hunt in
      var problems: [String] = []
      if hunt.seed == nil {
        let others = hunt.others.isEmpty ? "" : "; it showed \(hunt.others.joined(separator: ", "))"
        problems.append(
          "\(hunt.mutant.path) survived \(hunt.runCount) runs: none showed \(hunt.mutant.anomaly)\(others)")
      }
      problems += hunt.concealments.map { "\(hunt.mutant.path): seed \(hunt.seed!): \($0)" }
      return problems
        + hunt.falseAlarms.map { alarm in
          "\(hunt.mutant.path): seed \(alarm.seed) finds the node without the mistake invalid, by "
            + alarm.anomalies.joined(separator: ", ")
        }
    }
  }

  /// One line.
  public var summary: String {
    let runCount = hunts.reduce(0) { $0 + $1.runCount }
    return "\(hunts.count) mutants: \(hunts.count(where: { $0.seed != nil })) caught in \(runCount) runs, "
      + "\(hunts.count(where: { $0.seed == nil })) survived"
  }
}

extension Mutant {
  /// What it is called among all: `broadcast/sends-once`.
  public var path: String { "\(scenario.workload.rawValue)/\(name)" }

  fileprivate var faults: String { scenario.faults.map(\.rawValue).sorted().joined(separator: ", ") }
}
