import Checkers
import Foundation
import Glomers
import Lab
import Workbench
import Simulator

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
    let line = "\(doneCount) of \(count) seeds, \(invalidCount) invalid\n"
    FileHandle.standardError.write(Data(line.utf8))
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
