import Checkers
public import Lab
public import Simulator

/// How small the failure of a mutant becomes that was caught, and whether it then fails alike each time.
public struct Shrinkage: Sendable {
  public let mutant: Mutant
  public let seed: UInt64
  /// With the smallest script.
  public let scenario: Scenario
  public let outcome: SeedOutcome
  public let progress: Shrinker.Progress
  public let seconds: Double
  /// How many of the replays went another way.
  public let strayCount: Int

  /// Nil for a mutant that survived.
  public init?(_ hunt: Hunt, replayCount: Int = 20, clock: () -> Double = { 0 }) {
    guard let seed = hunt.seed else { return nil }
    self.init(hunt.mutant, seed: seed, replayCount: replayCount, clock: clock)
  }

  /// - Parameters:
  ///   - seed: one at which the mutant is caught.
  ///   - clock: shows seconds.
  public init(_ mutant: Mutant, seed: UInt64, replayCount: Int = 20, clock: () -> Double = { 0 }) {
    let start = clock()
    var scenario = mutant.scenario
    scenario.seed = seed
    scenario.isRecorded = true
    var shrinker = Shrinker(mutant.outcome(scenario), shows: mutant.anomaly, run: { mutant.outcome($0) })
    shrinker.shrink()
    seconds = clock() - start
    self.mutant = mutant
    self.seed = seed
    self.scenario = shrinker.scenario
    outcome = shrinker.outcome
    progress = Shrinker.Progress(shrinker)
    let (small, digest) = (shrinker.scenario, shrinker.outcome.digest)
    strayCount = (0..<replayCount).count(where: { _ in
      let replay = mutant.outcome(small)
      return replay.digest != digest || !replay.failures.contains { $0.name == mutant.anomaly }
    })
  }

  /// As a script for `workbench sim`.
  public var file: ScriptFile {
    var file = ScriptFile(.node(mutant.path), arguments: [], scenario)
    file.anomaly = mutant.anomaly
    return file
  }

  /// A line of progress.
  public var summary: String {
    "\(mutant.path): \(progress.requestCount) requests, \(progress.faultCount) faults, \(progress.nodeCount) nodes after "
      + "\(progress.runCount) runs, \(Self.time(seconds)) s"
  }

  private static func time(_ seconds: Double) -> String {
    let tenths = Int((seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// A table: the header, a row for each, and one with the medians.
  public static func rows(_ all: [Shrinkage]) -> [[String]] {
    func median(_ numbers: [Int]) -> String {
      numbers.isEmpty ? "" : "\(numbers.sorted()[numbers.count / 2])"
    }
    let columns: [(Shrinkage) -> Int] = [
      \.progress.requestCount, \.progress.faultCount, \.progress.nodeCount, \.progress.clientCount,
      \.progress.delayCount, \.progress.runCount,
    ]
    let rows = all.map { one in
      [one.mutant.path, one.mutant.anomaly, "\(one.seed)"] + columns.map { "\($0(one))" }
        + [time(one.seconds), "\(one.strayCount)"]
    }
    let seconds = all.map(\.seconds).sorted()
    let last =
      ["median", "", ""] + columns.map { median(all.map($0)) }
      + [seconds.isEmpty ? "" : time(seconds[seconds.count / 2]), "\(all.reduce(0) { $0 + $1.strayCount })"]
    return [
      [
        "mutant", "anomaly", "seed", "requests", "faults", "nodes", "clients", "delays", "runs", "seconds",
        "replays that differ",
      ]
    ] + rows + [last]
  }
}
