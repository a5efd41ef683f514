internal import Glomers

/// Draws the delays of messages between servers: whole milliseconds, as with Maelstrom, but for a constant
/// delay.
struct LatencyGenerator: Sendable {
  private let mean: Duration
  private let meanNanoseconds: Int64
  private let distribution: Scenario.LatencyDistribution
  private var random: Random
  /// Whether the clock that messages wait for counts whole milliseconds, as the real Maelstrom's does: a
  /// message may then come up to one too early.
  private let isTruncated: Bool

  init(_ scenario: Scenario, random: Random) {
    isTruncated = scenario.machine != .ideal
    mean = scenario.latency
    meanNanoseconds = mean.nanoseconds
    distribution = scenario.latencyDistribution
    self.random = random
  }

  /// When a message that is sent now arrives.
  mutating func due(from now: Instant) -> Instant {
    // To add durations takes time, and there is one for every message.
    let due =
      distribution == .constant ? Instant(nanoseconds: now.nanoseconds + meanNanoseconds) : now + next()
    guard isTruncated else { return due }
    return max(now, due - .nanoseconds(Int64.random(in: 0..<1_000_000, using: &random)))
  }

  mutating func next() -> Duration {
    let milliseconds = mean.milliseconds
    switch distribution {
    case .constant: return mean
    case .uniform:
      return .milliseconds(Int(Double.random(in: 0..<1, using: &random) * 2 * milliseconds))
    case .exponential:
      return .milliseconds(Int(random.exponential() * milliseconds))
    }
  }
}
