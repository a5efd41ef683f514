/// A point on the driver's monotonic clock: nanoseconds since an origin that only the driver knows.
///
/// Instants of two nodes can't be compared: each process has a clock of its own.
public struct Instant: InstantProtocol, Hashable, Sendable {
  /// Nanoseconds since the clock's origin.
  public let nanoseconds: Int64

  /// - Parameter nanoseconds: since the clock's origin.
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The clock's origin.
  public static let zero = Instant(nanoseconds: 0)

  /// An instant that 64 bits can't hold is replaced by the nearest that they can.
  public func advanced(by duration: Duration) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
    return Instant(nanoseconds: !overflow ? sum : duration < .zero ? .min : .max)
  }

  /// How long it is from this instant to the other one; negative if that is earlier. The two must lie less
  /// than 292 years apart.
  public func duration(to other: Instant) -> Duration {
    .nanoseconds(other.nanoseconds - nanoseconds)
  }

  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
  /// The instant that is so much later, or the last one there is.
  public static func + (a: Instant, b: Duration) -> Instant { a.advanced(by: b) }
  /// The instant that is so much earlier, or the first one there is.
  public static func - (a: Instant, b: Duration) -> Instant { a.advanced(by: .zero - b) }
  /// How long it is from `b` to `a`; negative if `b` is later.
  public static func - (a: Instant, b: Instant) -> Duration { b.duration(to: a) }
}

extension Duration {
  // The library's own work for every kind of integer, and take ten times as long.

  /// So many times as long.
  @inlinable
  package static func * (duration: Duration, factor: Int) -> Duration {
    Duration(attoseconds: duration.attoseconds * Int128(factor))
  }

  /// A part, towards zero.
  @inlinable
  package static func / (duration: Duration, divisor: Int) -> Duration {
    Duration(attoseconds: duration.attoseconds / Int128(divisor))
  }

  /// Whole nanoseconds, towards zero; durations beyond 292 years are clamped.
  public var nanoseconds: Int64 {
    // One division: `components` divides by far larger numbers, which takes four times as long.
    let (total, attosecondsEach) = (attoseconds, 1_000_000_000 as UInt64)
    let high = UInt64(total.magnitude >> 64)
    guard high < attosecondsEach / 2 else { return total < 0 ? .min : .max }
    let low = UInt64(truncatingIfNeeded: total.magnitude)
    let magnitude = Int64(attosecondsEach.dividingFullWidth((high, low)).quotient)
    return total < 0 ? -magnitude : magnitude
  }

  /// Seconds as a real number, for figures that people read.
  public var seconds: Double { Double(nanoseconds) / 1e9 }

  /// Milliseconds as a real number, for figures that people read.
  public var milliseconds: Double { Double(nanoseconds) / 1e6 }
}
