internal import Glomers

/// The smoothed round-trip time and its mean deviation, as TCP estimates them (RFC 6298).
struct RoundTrip: Sendable {
  private var smoothed: Duration?
  private var deviation = Duration.zero
  /// The shortest that was measured: what the network takes, without what waits on the way or is late to be looked at.
  private(set) var shortest: Duration?

  /// The least to leave early by: timers and schedulers are no better than that.
  private let marginMin: Duration

  init(marginMin: Duration = .milliseconds(5)) { self.marginMin = marginMin }

  /// How long before an answer is wanted a question should leave: the smoothed time and four deviations, or the
  /// least margin. Nil before the first sample.
  var lead: Duration? { smoothed.map { $0 + max(marginMin, deviation * 4) } }

  mutating func sample(_ measured: Duration) {
    guard measured >= .zero else { return }
    shortest = min(shortest ?? measured, measured)
    guard let smoothed else {
      smoothed = measured
      return
    }
    let error = measured - smoothed
    deviation += ((error < .zero ? .zero - error : error) - deviation) / 4
    self.smoothed = smoothed + error / 8
  }
}
