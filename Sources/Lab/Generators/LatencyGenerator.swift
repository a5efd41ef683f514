internal import Glomers

/// Draws the delays of messages between servers: whole milliseconds, as with Maelstrom, but for a constant delay.
struct LatencyGenerator: Sendable {
  private let mean: Duration
  private let meanNanoseconds: Int64
  private let distribution: Scenario.LatencyDistribution
  private var random: Random

  init(_ scenario: Scenario, random: Random) {
    mean = scenario.latency
    meanNanoseconds = mean.nanoseconds
    distribution = scenario.latencyDistribution
    self.random = random
  }

  /// When a message that is sent now arrives.
  mutating func due(from now: Instant) -> Instant {
    // To add durations takes time, and there is one for every message.
    distribution == .constant ? Instant(nanoseconds: now.nanoseconds + meanNanoseconds) : now + next()
  }

  mutating func next() -> Duration {
    let milliseconds = mean.milliseconds
    switch distribution {
    case .constant: return mean
    case .uniform:
      return .milliseconds(Int(Double.random(in: 0..<1, using: &random) * 2 * milliseconds))
    case .exponential:
      return .milliseconds(Int(exponential() * milliseconds))
    }
  }

  /// An exponential variate of mean 1, by comparisons alone, so that it is the same on every machine (von Neumann:
  /// *Various techniques used in connection with random digits*, 1951).
  private mutating func exponential() -> Double {
    var whole = 0.0
    while true {
      let first = Double.random(in: 0..<1, using: &random)
      var last = first
      var descents = 0
      while true {
        let next = Double.random(in: 0..<1, using: &random)
        guard next < last else { break }
        last = next
        descents += 1
      }
      if descents.isMultiple(of: 2) { return whole + first }
      whole += 1
    }
  }
}
