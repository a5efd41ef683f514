package import Glomers

/// A schedule with gaps that are uniform from nothing to twice the mean: Jepsen's `stagger`.
package struct Stagger: Sendable {
  /// When the next event is to happen. The first is at the beginning itself.
  package private(set) var next: Instant
  private let mean: Duration
  private var random: Random

  package init(mean: Duration, begin: Instant, random: Random) {
    self.mean = mean
    next = begin
    self.random = random
  }

  /// Schedules the event after one that happened at `instant`.
  package mutating func advance(from instant: Instant) {
    let gap = Double.random(in: 0..<1, using: &random) * 2 * mean.seconds
    // An instant can't be later than 292 years.
    next = instant + .seconds(min(gap, 2e9))
  }
}
