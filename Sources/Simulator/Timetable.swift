public import Glomers

/// When each of some members is next to do something: a binary heap that knows where in it each member is, and
/// those whose time has come.
@usableFromInline
struct Timetable: Sendable {
  /// Places of members, by what is due earliest.
  private var heap: [Int] = []
  /// For each member where in the heap it is, or -1.
  private var positions: [Int]
  /// Of members in the heap.
  private var dues: [Instant]
  /// Members whose time has come: a bit each.
  private var ready: [UInt64]
  private var readyCount = 0

  init(count: Int) {
    positions = Array(repeating: -1, count: count)
    dues = Array(repeating: .zero, count: count)
    ready = Array(repeating: 0, count: (count + 63) / 64)
  }

  /// Whether some member's time has come.
  var hasReady: Bool { readyCount > 0 }

  /// The earliest instant at which something is due, of members whose time has not come.
  var earliest: Instant? { heap.first.map { dues[$0] } }

  /// Changes when a member is next to do something; nil for never.
  @usableFromInline
  mutating func set(_ member: Int, to due: Instant?, now: Instant) {
    guard let due else {
      remove(member)
      clear(member)
      return
    }
    guard due > now else { return makeReady(member) }
    clear(member)
    let position = positions[member]
    if position < 0 {
      dues[member] = due
      positions[member] = heap.count
      heap.append(member)
      rise(from: heap.count - 1)
    } else if due != dues[member] {
      let isEarlier = due < dues[member]
      dues[member] = due
      if isEarlier { rise(from: position) } else { sink(from: position) }
    }
  }

  /// The member's turn comes as soon as it can, whatever is due.
  @usableFromInline
  mutating func makeReady(_ member: Int) {
    remove(member)
    let bit: UInt64 = 1 << (member % 64)
    guard ready[member / 64] & bit == 0 else { return }
    ready[member / 64] |= bit
    readyCount += 1
  }

  /// The time of all comes that have something due by `now`.
  @usableFromInline
  mutating func advance(to now: Instant) {
    while let first = heap.first, dues[first] <= now { makeReady(first) }
  }

  /// Takes out the first member, from a place on, whose time has come.
  @usableFromInline
  mutating func takeReady(from place: Int) -> Int? {
    guard readyCount > 0, place < positions.count else { return nil }
    var word = place / 64
    var bits = ready[word] & (~0 << (place % 64))
    while bits == 0 {
      word += 1
      guard word < ready.count else { return nil }
      bits = ready[word]
    }
    let member = word * 64 + bits.trailingZeroBitCount
    clear(member)
    return member
  }

  private mutating func clear(_ member: Int) {
    let bit: UInt64 = 1 << (member % 64)
    guard ready[member / 64] & bit != 0 else { return }
    ready[member / 64] &= ~bit
    readyCount -= 1
  }

  private mutating func remove(_ member: Int) {
    let position = positions[member]
    guard position >= 0 else { return }
    positions[member] = -1
    let last = heap.removeLast()
    guard last != member else { return }
    heap[position] = last
    positions[last] = position
    rise(from: position)
    sink(from: positions[last])
  }

  private mutating func rise(from start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard dues[heap[child]] < dues[heap[parent]] else { return }
      exchange(child, parent)
      child = parent
    }
  }

  private mutating func sink(from start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && dues[heap[child]] < dues[heap[least]] {
        least = child
      }
      guard least != parent else { return }
      exchange(parent, least)
      parent = least
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    positions[heap[a]] = a
    positions[heap[b]] = b
  }
}
