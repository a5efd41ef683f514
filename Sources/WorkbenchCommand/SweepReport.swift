import Checkers
import Foundation
import Glomers
import Lab
import Workbench
import Simulator
import ArgumentParser

/// Counts seeds, and shows how far a sweep is.
struct SweepReport {
  let count: Int
  private(set) var invalidCount = 0
  private var doneCount = 0
  private var unknownCount = 0
  private var messageCount = 0
  private var virtualSeconds = 0.0
  private let start = ContinuousClock.now
  private var shown = ContinuousClock.now

  private let latencyLimit: Duration?
  private var serverMessages: [Double] = []
  private var medians: [Double] = []
  /// The longest stable latency of each seed, in milliseconds.
  private var longest: [(milliseconds: Double, seed: UInt64)] = []

  /// - Parameter latencyLimit: seeds with a longer stable latency are counted.
  init(count: Int, latencyLimit: Duration?) {
    self.count = count
    self.latencyLimit = latencyLimit
  }

  mutating func add(_ outcome: SeedOutcome) { add(SeedLine(outcome)) }

  mutating func add(_ line: SeedLine) {
    doneCount += 1
    if !line.isValid { invalidCount += 1 }
    if line.verdict == .unknown { unknownCount += 1 }
    messageCount += line.messages
    virtualSeconds += line.virtualTime
    if let share = line.serverMessagesPerOperation { serverMessages.append(share) }
    if let most = line.stableLatency.max { longest.append((most, line.seed)) }
    if let median = line.stableLatency.median { medians.append(median) }
  }

  /// Says on stderr how far the sweep is, now and then.
  mutating func showProgress() {
    let now = ContinuousClock.now
    guard now - shown > .seconds(2), doneCount < count else { return }
    shown = now
    tell("\(doneCount) of \(count) seeds, \(invalidCount) invalid")
  }

  /// The table of a sweep that has run here, with how long that took.
  var summary: String {
    let elapsed = (ContinuousClock.now - start).seconds
    let speed = String(format: "%.0f", virtualSeconds / elapsed)
    let rate = String(format: "%.0f", Double(messageCount) / elapsed)
    return "\(verdicts); \(String(format: "%.1f", elapsed)) s, \(speed) times faster than real time, "
      + "\(messageCount) messages, \(rate)/s\(figures)"
  }

  /// The table of a sweep that has run elsewhere.
  var mergedSummary: String {
    "\(verdicts); \(String(format: "%.1f", virtualSeconds)) s of virtual time, \(messageCount) messages\(figures)"
  }

  private var verdicts: String {
    "\(doneCount) seed\(doneCount == 1 ? "" : "s"): \(doneCount - invalidCount - unknownCount) valid, "
      + "\(unknownCount) unknown, \(invalidCount) invalid"
  }

  /// What the seeds have cost, and how long values took: of all seeds together.
  private var figures: String {
    guard !serverMessages.isEmpty else { return "" }
    let mean = serverMessages.reduce(0, +) / Double(serverMessages.count)
    var text = String(format: "\nserver msgs/op: mean %.3f, most %.3f", mean, serverMessages.max()!)
    guard let worst = longest.max(by: { ($0.milliseconds, $1.seed) < ($1.milliseconds, $0.seed) }),
      let median = medians.max()
    else {
      return text
    }
    let maxima = longest.map(\.milliseconds).sorted()
    text += String(
      format:
        "\nstable latency: median at most %.0f ms; longest of a seed %.0f (median), %.0f (p99), %.0f (seed %llu)",
      median, maxima[maxima.count / 2], maxima[maxima.count * 99 / 100], worst.milliseconds, worst.seed)
    if let limit = latencyLimit?.milliseconds {
      let late = longest.filter { $0.milliseconds >= limit }
      let seeds = late.map(\.seed).sorted().prefix(20).map { "\($0)" }.joined(separator: ", ")
      text +=
        String(format: "\nseeds at %.0f ms or more: %d", limit, late.count)
        + (late.isEmpty ? "" : " (\(seeds))")
    }
    return text
  }
}

/// What a sweep has tried: in how many of its seeds which fault was in force when, what was lost, and which kills came
/// at a bad moment. A sweep that has tried nothing shows it.
struct EncounterReport {
  /// The faults that were asked for.
  private let faults: [Scenario.Fault]
  private var seeds: [Scenario.Fault: [Encounters.Part: Int]] = [:]
  private var seedsHit: [Scenario.Fault: Int] = [:]
  private var lost: [String: Int] = [:]
  private var doubledCount = 0
  private var heldUpCount = 0
  private var killCount = 0
  private var killsBeforeTelling = 0
  private var seedsWithBadKills = 0
  private var seedCount = 0

  init(_ faults: Set<Scenario.Fault>) { self.faults = Scenario.Fault.allCases.filter(faults.contains) }

  mutating func add(_ encounters: Encounters) {
    seedCount += 1
    for (fault, parts) in encounters.faults {
      seedsHit[fault, default: 0] += 1
      for part in parts { seeds[fault, default: [:]][part, default: 0] += 1 }
    }
    lost.merge(encounters.lost, uniquingKeysWith: +)
    doubledCount += encounters.doubledCount
    heldUpCount += encounters.heldUpCount
    killCount += encounters.killCount
    killsBeforeTelling += encounters.killsBeforeTelling
    if encounters.killsBeforeTelling > 0 { seedsWithBadKills += 1 }
  }

  /// A table and a few lines; nothing where no faults were asked for.
  var text: String? {
    guard !faults.isEmpty else { return nil }
    let header = ["seeds with", "early", "middle", "late", "draining", "ever"]
    let rows = faults.map { fault in
      [fault.rawValue] + Encounters.Part.allCases.map { "\(seeds[fault]?[$0] ?? 0)" }
        + ["\(seedsHit[fault] ?? 0) of \(seedCount)"]
    }
    var lines = [MarkdownTable.text([header] + rows)]
    let types = lost.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = types.prefix(8).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    lines.append(
      "messages lost: \(types.isEmpty ? "none" : shown + (types.count > 8 ? ", …" : ""))"
        + "; doubled: \(doubledCount); held up: \(heldUpCount)")
    if faults.contains(.kill) {
      lines.append(
        "kills: \(killCount); of nodes that had acknowledged a change which no other node knew: "
          + "\(killsBeforeTelling), in \(seedsWithBadKills) of \(seedCount) seeds")
    }
    let missed = faults.filter { seedsHit[$0] == nil }.map(\.rawValue)
    if !missed.isEmpty { lines.append("never happened: \(missed.joined(separator: ", "))") }
    return lines.joined(separator: "\n")
  }
}

/// How well programs kept to virtual time, over all seeds of a sweep.
struct FidelityReport {
  /// Why a seed could not be carried to its end: no verdict then means anything.
  private var failure: String?
  /// What speaks against a repetition, and the first seed in which it was seen.
  private var doubts: [(text: String, seed: UInt64)] = []
  private var refusals: [String] = []
  private var stopCount = 0
  private var pollCount = 0
  private var delayCount = 0

  /// Whether nothing speaks against another run's being the same.
  var isReproducible: Bool { doubts.isEmpty && refusals.isEmpty }

  init() {}

  init(_ fidelity: Fidelity, seed: UInt64) { add(fidelity, seed: seed) }

  mutating func add(_ fidelity: Fidelity, seed: UInt64) {
    if failure == nil, let reason = fidelity.failure { failure = "seed \(seed): \(reason)" }
    stopCount += fidelity.stops
    pollCount += fidelity.polls
    delayCount += fidelity.delays
    for doubt in fidelity.doubts where !fidelity.refusals.contains(doubt) && doubts.count < 3 {
      doubts.append((doubt, seed))
    }
    for refusal in fidelity.refusals where !refusals.contains(refusal) { refusals.append(refusal) }
  }

  /// Whether another run would be the same, or why not, and what that took. Throws, with a line on stderr, where a run
  /// could not be carried to its end.
  func text() throws -> String {
    if let failure {
      tell("sim: \(failure)")
      throw ExitCode(Bench.failureStatus)
    }
    let reasons = doubts.map { "seed \($0.seed): \($0.text)" } + refusals
    return """
      reproducible: \(reasons.isEmpty ? "yes" : "no, because " + reasons.joined(separator: "; "))
      \(stopCount) stops, \(pollCount) polls that found nothing, \(delayCount) delays put in
      """
  }

  func show() throws { print(try text()) }
}
