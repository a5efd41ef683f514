import Glomers
import Histogram
import History

/// How late the bench was: from when something was due until the loop got to it.
///
/// Figures of a bench that fell behind its own schedule say nothing about the nodes.
struct LagMeter {
  private var histogram = Histogram<UInt64>(
    lowestDiscernibleValue: 1000, highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .two)
  private(set) var longest: Duration = .zero

  /// Counts a wake-up: `due` is what the loop was asked for, `now` is when it came.
  mutating func woke(at now: Instant, due: Instant) {
    let late = max(now - due, .zero)
    longest = max(longest, late)
    _ = histogram.record(UInt64(min(late.nanoseconds, 60_000_000_000)))
  }

  var count: Int { Int(histogram.totalCount) }

  /// The lag at this percentage of all wake-ups, by the definition of all quantiles in the results, to two digits; zero
  /// where there was none.
  func percentile(_ percentage: Double) -> Duration {
    guard count > 0 else { return .zero }
    let place = UInt64(min(count - 1, Int(Double(count) * percentage / 100)))
    var passed: UInt64 = 0
    for recorded in histogram.recordedValues() {
      passed += recorded.count
      if passed > place { return min(.nanoseconds(Int64(recorded.value)), longest) }
    }
    return longest
  }
}

extension LagMeter {
  /// For `:workbench {:schedule-lag …}`: milliseconds at three points.
  var edn: EDN {
    func milliseconds(_ duration: Duration) -> EDN { .real((duration.milliseconds * 1000).rounded() / 1000) }
    return [
      "count": .integer(count),
      "p50-ms": milliseconds(percentile(50)),
      "p99-ms": milliseconds(percentile(99)),
      "max-ms": milliseconds(longest),
    ]
  }
}
