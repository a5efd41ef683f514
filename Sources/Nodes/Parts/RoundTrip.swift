internal import Glomers

/// The round-trip time between two nodes, as TCP estimates it: RFC 6298. Samples come from clock readings
/// that are echoed, so a retransmission never makes one ambiguous (Karn's problem).
struct RoundTrip: Sendable {
  private var smoothed: Duration?
  private var variation = Duration.zero
  private var recent = RecentMinimum()
  /// A sample far beyond the timeout: a node was stopped, a clock was set, or the network has become slower.
  private var outlier: Duration?

  /// What the network takes: the shortest of the latest samples. Longer ones waited for a computer on their
  /// way. A network that has become slower is believed once all of the latest samples say so.
  var shortest: Duration? { recent.value }

  /// RTO: how long an answer may take. Nil before the first sample.
  var timeout: Duration? { smoothed.map { $0 + max(.milliseconds(20), variation * 4) } }

  /// No client waits for so long: a clock was set, or the node was stopped. The first sample has nothing else to be
  /// compared with.
  static let longest = Duration.seconds(12)
  private let limit: Duration

  /// - Parameter limit: longer samples are left out.
  init(limit: Duration = Self.longest) { self.limit = limit }

  /// - Parameter measured: one round trip; a negative one, which only a broken peer can cause, is left out, and so is one
  ///   of more than 12 s.
  mutating func sample(_ measured: Duration) {
    guard .zero...limit ~= measured else { return }
    var measured = measured
    if let timeout, measured > timeout * 2 {
      // The network is slower only if the next sample says so too.
      guard let earlier = outlier else {
        outlier = measured
        return
      }
      measured = min(measured, earlier)
    }
    outlier = nil
    recent.add(measured)
    // A sample so much shorter shows that the first was an outlier.
    guard let smoothed, measured > smoothed / 4 else {
      smoothed = measured
      variation = measured / 2
      return
    }
    let error = measured - smoothed
    variation += ((error < .zero ? .zero - error : error) - variation) / 4
    self.smoothed = smoothed + error / 8
  }
}

/// The least of the last eight samples: a delay without what made some messages late (the clock filter of RFC
/// 5905).
struct RecentMinimum: Sendable {
  private static let samplesMax = 8
  private var samples: [Duration] = []
  private var oldest = 0

  var value: Duration? { samples.min() }

  mutating func add(_ sample: Duration) {
    if samples.count < Self.samplesMax {
      samples.append(sample)
    } else {
      samples[oldest] = sample
      oldest = (oldest + 1) % Self.samplesMax
    }
  }
}

/// The greatest sample of late, which counts for less and less, and after a while for nothing. It follows the
/// tail of what is observed, where an average would hide that one message in twenty is very late.
struct DecayingPeak: Sendable {
  /// What a sample counts for once it is older than the memory.
  private static let oldShare = 0.3
  /// What was only assumed is forgotten so many times sooner.
  private static let haste = 4.0
  /// For how many memories a sample counts.
  private static let memoriesMax = 10.0

  /// Within this time a sample comes to count for no more than an old one.
  private let memory: Duration
  private var peak: Duration
  private var since: Instant?
  /// Whether the peak was seen; what was only assumed is forgotten sooner.
  private var isSample = false

  /// - Parameter peak: what is assumed until samples tell.
  init(assuming peak: Duration = .zero, memory: Duration) { (self.peak, self.memory) = (peak, memory) }

  /// Several periods long, whatever the budget.
  static func memory(_ budget: Duration) -> Duration { max(.seconds(1), budget) * 12 }

  func value(at now: Instant) -> Duration {
    guard let since else { return peak }
    let age = (now - since).seconds / memory.seconds
    guard age < Self.memoriesMax else { return .zero }
    let share = isSample ? max(1 - age, Self.oldShare) : max(1 - age * Self.haste, 0)
    return .nanoseconds(Int64(Double(peak.nanoseconds) * min(share, 1)))
  }

  mutating func add(_ sample: Duration, at now: Instant) {
    if since == nil { since = now }
    // A peer may say anything: a day is as bad as a year.
    let sample = min(sample, .seconds(86_400))
    guard sample >= value(at: now) else { return }
    peak = sample
    since = now
    isSample = true
  }
}

/// Instants that are a period apart, from a start on.
struct Beat: Sendable {
  let start: Instant
  let period: Duration

  /// The first of the instants at or after `now`.
  func next(from now: Instant) -> Instant {
    guard now > start, period > .zero else { return start }
    let (elapsed, step) = (now.nanoseconds - start.nanoseconds, period.nanoseconds)
    return Instant(nanoseconds: start.nanoseconds + (elapsed + step - 1) / step * step)
  }
}
