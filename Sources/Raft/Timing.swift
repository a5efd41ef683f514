internal import Glomers

/// How long a node waits, derived from measured round trips, so that a cluster whose messages take 1 ms elects a leader
/// sooner than one whose messages take 100.
struct Timing: Sendable {
  /// The least election timeout: below it a machine that is busy for a moment would lose its leader.
  static let timeoutMin = Duration.milliseconds(300)
  /// No round trip counts as longer than this: clients give up after 5 s, and a clock that jumps shows a longer one.
  static let roundTripMax = Duration.seconds(4)
  /// An election timeout is not longer than this, unless half as much again as a round trip is.
  static let timeoutUsual = Duration.seconds(3)

  /// The option's value; nil to measure.
  private let fixed: Duration?
  /// Smoothed, as in RFC 6298: the round trip, and how far it varies.
  private var roundTrip: Duration?
  private var variation = Duration.zero
  /// What the last leader has measured.
  private var told: Duration?

  init(fixed: Duration?) { self.fixed = fixed }

  mutating func measured(_ sample: Duration) {
    let sample = max(.zero, min(sample, Self.roundTripMax))
    guard let mean = roundTrip else {
      (roundTrip, variation) = (sample, sample / 2)
      return
    }
    let difference = mean < sample ? sample - mean : mean - sample
    variation = (variation * 3 + difference) / 4
    roundTrip = (mean * 7 + sample) / 8
  }

  mutating func told(milliseconds: Int) {
    told = max(Self.timeoutMin, min(.milliseconds(milliseconds), Self.roundTripMax * 3 / 2))
  }

  /// This node leads: what it tells holds for itself.
  mutating func leads() { told = nil }

  /// By when nearly every answer has come.
  var answerMax: Duration {
    max(.milliseconds(20), min((roundTrip ?? .milliseconds(50)) + variation * 4, Self.roundTripMax))
  }

  /// What a leader tells its followers.
  var measuredTimeout: Duration {
    fixed ?? max(Self.timeoutMin, min(answerMax * 3, max(Self.timeoutUsual, answerMax * 3 / 2)))
  }

  /// The least election timeout; each is drawn from here to twice as long (§3.4).
  var timeout: Duration { fixed ?? told ?? measuredTimeout }

  /// How long an election may take before the next attempt, at least: each is drawn from here to twice as long. It is
  /// shorter than the timeout, which waits for a leader that may be there. Beyond 1 s it only waits for the answers.
  var attempt: Duration { max(timeout / 4, answerMax, min(answerMax * 2, .seconds(1))) }

  /// The same after so many that nobody answered: twice as long each time, so that a node that is cut off says little, and
  /// not beyond 1 s for that, so that it is soon back.
  func attempt(after failedCount: Int) -> Duration {
    max(attempt, min(attempt * (1 << min(failedCount, 4)), .seconds(1)))
  }

  /// How often a leader is heard.
  var heartbeat: Duration { timeout / 4 }
}
