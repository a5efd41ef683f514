internal import Glomers

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
