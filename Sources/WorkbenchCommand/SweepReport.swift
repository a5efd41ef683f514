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
  private var virtualTime = Duration.zero
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

  mutating func add(_ outcome: SeedOutcome) {
    doneCount += 1
    if !outcome.isValid { invalidCount += 1 }
    if outcome.results.verdict == .unknown { unknownCount += 1 }
    messageCount += outcome.messageCount
    virtualTime += outcome.virtualTime
    if let share = outcome.results.tree["net"]?["servers"]?["msgs-per-op"]?.number {
      serverMessages.append(share)
    }
    if let workload = outcome.results.tree["workload"] {
      if let most = workload.quantile(1, of: "stable-latencies") { longest.append((most, outcome.seed)) }
      if let median = workload.quantile(0.5, of: "stable-latencies") { medians.append(median) }
    }
    let now = ContinuousClock.now
    guard now - shown > .seconds(2), doneCount < count else { return }
    shown = now
    let line = "\(doneCount) of \(count) seeds, \(invalidCount) invalid\n"
    FileHandle.standardError.write(Data(line.utf8))
  }

  var summary: String {
    let elapsed = (ContinuousClock.now - start).seconds
    let speed = String(format: "%.0f", virtualTime.seconds / elapsed)
    let rate = String(format: "%.0f", Double(messageCount) / elapsed)
    return """
      \(doneCount) seed\(doneCount == 1 ? "" : "s"): \(doneCount - invalidCount - unknownCount) valid, \(unknownCount) unknown, \
      \(invalidCount) invalid; \(String(format: "%.1f", elapsed)) s, \(speed) times faster than real time, \
      \(messageCount) messages, \(rate)/s\(figures)
      """
  }

  /// What the seeds have cost, and how long values took: of all seeds together.
  private var figures: String {
    guard !serverMessages.isEmpty else { return "" }
    let mean = serverMessages.reduce(0, +) / Double(serverMessages.count)
    var text = String(format: "\nserver msgs/op: mean %.3f, most %.3f", mean, serverMessages.max()!)
    guard let worst = longest.max(by: { $0.milliseconds < $1.milliseconds }), let median = medians.max()
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
