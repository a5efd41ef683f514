internal import Glomers

/// Instants that are a period apart, from a start on.
struct Beat: Sendable {
  let start: Instant
  let period: Duration

  /// The first beat at or after an instant.
  func next(from now: Instant) -> Instant {
    guard now > start, period > .zero else { return start }
    let (elapsed, step) = ((now - start).nanoseconds, period.nanoseconds)
    return start + .nanoseconds((elapsed + step - 1) / step * step)
  }

  /// This beat, corrected by where one of its instants was found to be. One that is found a little late was rather
  /// noticed late than moved, and is followed slowly; one that is early is followed at once.
  func corrected(by found: Beat, tolerance: Duration) -> Beat {
    let expected = next(from: found.start - found.period / 2)
    guard expected < found.start, found.start - expected < tolerance else { return found }
    return Beat(start: expected + (found.start - expected) / 8, period: found.period)
  }
}
