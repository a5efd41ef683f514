import Glomers
import History

/// Jepsen's frequency distribution of durations: of the sorted whole, the elements at five fractions of it, not
/// interpolated.
public struct Quantiles: Equatable, Sendable {
  /// At 0.
  public let minimum: Duration
  /// At 0.5.
  public let median: Duration
  /// At 0.95.
  public let percentile95: Duration
  /// At 0.99.
  public let percentile99: Duration
  /// At 1.
  public let maximum: Duration

  /// Nil where there are no durations.
  public init?(nanoseconds: [Int64]) {
    guard !nanoseconds.isEmpty else { return nil }
    let sorted = nanoseconds.sorted()
    func element(at fraction: Double) -> Duration {
      .nanoseconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * fraction))])
    }
    minimum = element(at: 0)
    median = element(at: 0.5)
    percentile95 = element(at: 0.95)
    percentile99 = element(at: 0.99)
    maximum = element(at: 1)
  }

  /// A map from fractions to durations, as in `{0 0, 0.5 230, 0.95 410, 0.99 455, 1 502}`.
  func edn(_ write: (Duration) -> EDN = EDN.milliseconds) -> EDN {
    .map([
      .init(0, write(minimum)), .init(.real(0.5), write(median)), .init(.real(0.95), write(percentile95)),
      .init(.real(0.99), write(percentile99)), .init(1, write(maximum)),
    ])
  }
}

extension EDN {
  /// A duration in milliseconds, to a tenth of one.
  static func milliseconds(_ duration: Duration) -> EDN {
    .real((duration.milliseconds * 10).rounded() / 10)
  }
}
