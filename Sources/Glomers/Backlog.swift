/// Messages that may have waited while their node was stopped, and which of them come too late.
struct Backlog: Sendable {
  /// When the stop began, at the earliest; nil while no such messages come.
  private(set) var start: Instant?
  /// Requests that were left unanswered because their clients may have given up.
  private var outdatedCount = 0

  /// The node was stopped. A stop that follows before the backlog of another has been taken adds to it.
  mutating func begin(since start: Instant) { self.start = min(self.start ?? start, start) }

  /// All of the backlog has been taken. Returns a line for people where requests were left unanswered.
  mutating func end() -> String? {
    start = nil
    defer { outdatedCount = 0 }
    guard outdatedCount > 0 else { return nil }
    return "left \(outdatedCount) requests that came while this node was stopped: their clients may have gone"
  }

  /// Whether somebody who waits for so long may have sent a message of this backlog and given up since.
  func isOutdated(for patience: Duration, at now: Instant) -> Bool {
    start.map { $0.duration(to: now) >= patience } ?? false
  }

  mutating func countOutdated() { outdatedCount += 1 }
}
