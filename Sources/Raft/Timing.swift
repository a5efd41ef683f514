internal import Glomers

/// How long a node waits, derived from measured round trips, so that a cluster whose messages take 1 ms elects a leader
/// sooner than one whose messages take 100.
struct Timing: Sendable {
  /// The least election timeout: below it a machine that is busy for a moment would lose its leader.
  static let timeoutMin = Duration.milliseconds(300)
  static let timeoutMax = Duration.seconds(10)

  /// The option's value; nil to measure.
  private let fixed: Duration?
  /// Smoothed, as in RFC 6298: the round trip, and how far it varies.
  private var roundTrip: Duration?
  private var variation = Duration.zero
  /// What the last leader has measured.
  private var told: Duration?

  init(fixed: Duration?) { self.fixed = fixed }

  mutating func measured(_ sample: Duration) {
    guard let mean = roundTrip else {
      (roundTrip, variation) = (sample, sample / 2)
      return
    }
    let difference = mean < sample ? sample - mean : mean - sample
    variation = (variation * 3 + difference) / 4
    roundTrip = (mean * 7 + sample) / 8
  }

  mutating func told(milliseconds: Int) {
    told = max(Self.timeoutMin, min(.milliseconds(milliseconds), Self.timeoutMax))
  }

  /// By when nearly every answer has come.
  var answerMax: Duration {
    max(.milliseconds(20), min((roundTrip ?? .milliseconds(50)) + variation * 4, .seconds(5)))
  }

  /// What a leader tells its followers.
  var measuredTimeout: Duration {
    fixed ?? max(Self.timeoutMin, min(answerMax * 3, Self.timeoutMax))
  }

  /// The least election timeout; each is drawn from here to twice as long (§3.4).
  var timeout: Duration { fixed ?? told ?? measuredTimeout }

  /// How long an election may take before the next attempt, at least: each is drawn from here to twice as long. It is
  /// shorter than the timeout, which waits for a leader that may be there.
  var attempt: Duration { max(answerMax * 2, timeout / 4) }

  /// The same after so many that nobody answered: twice as long each time, so that a node that is cut off says little, and
  /// not beyond 1 s for that, so that it is soon back.
  func attempt(after failedCount: Int) -> Duration {
    max(attempt, min(attempt * (1 << min(failedCount, 4)), .seconds(1)))
  }

  /// How often a leader is heard.
  var heartbeat: Duration { timeout / 4 }
}
