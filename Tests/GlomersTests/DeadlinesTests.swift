import Testing

@testable import Glomers

@Suite struct DeadlinesTests {
  /// The deliberately dumb twin: a list that is searched.
  private struct Twin {
    var entries: [(key: Int, instant: Instant, order: Int)] = []
    var order = 0

    mutating func set(_ key: Int, at instant: Instant) {
      cancel(key)
      order += 1
      entries.append((key, instant, order))
    }
    mutating func cancel(_ key: Int) { entries.removeAll { $0.key == key } }
    mutating func popDue(by now: Instant) -> Int? {
      let due = entries.filter { $0.instant <= now }
      guard let first = due.min(by: { ($0.instant, $0.order) < ($1.instant, $1.order) }) else { return nil }
      cancel(first.key)
      return first.key
    }
  }

  @Test("does what a searched list does, whatever is set, moved and cancelled", arguments: 1...12)
  func twin(seed: UInt64) {
    var random = Random(seed: seed)
    var deadlines = Deadlines<Int>()
    var twin = Twin()
    for _ in 0..<2000 {
      let key = Int.random(in: 0..<12, using: &random)
      let instant = Instant(nanoseconds: .random(in: 0..<40, using: &random))
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        deadlines.set(key, at: instant)
        twin.set(key, at: instant)
      case 5..<7:
        deadlines.cancel(key)
        twin.cancel(key)
      default:
        #expect(deadlines.popDue(by: instant) == twin.popDue(by: instant))
      }
      #expect(deadlines.earliest == twin.entries.map(\.instant).min())
    }
  }
}
