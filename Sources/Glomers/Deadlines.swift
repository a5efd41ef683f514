/// What is due when: a binary heap in which a key has at most one instant.
///
/// Setting a key again leaves its old entry in the heap, to be skipped when it comes up; entries of one instant
/// come up in the order in which they were set.
struct Deadlines<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Sendable {
    let instant: Instant
    let order: UInt64
    let key: Key

    static func < (a: Entry, b: Entry) -> Bool {
      a.instant == b.instant ? a.order < b.order : a.instant < b.instant
    }
  }

  private var heap: [Entry] = []
  /// The order number of each key's live entry.
  private var live: [Key: UInt64] = [:]
  private var lastOrder: UInt64 = 0

  /// The earliest instant at which something is due.
  var earliest: Instant? { heap.first?.instant }

  mutating func set(_ key: Key, at instant: Instant) {
    lastOrder += 1
    let before = live.updateValue(lastOrder, forKey: key)
    heap.append(Entry(instant: instant, order: lastOrder, key: key))
    rise(from: heap.count - 1)
    if heap.count > 64 + 4 * live.count { rebuild() }
    if let before, heap.first?.order == before { dropDead() }
  }

  mutating func cancel(_ key: Key) {
    guard live.removeValue(forKey: key) != nil else { return }
    dropDead()
  }

  /// Puts everything off by as much.
  mutating func postpone(by delay: Duration) {
    // The order stays, and so does the heap.
    for place in heap.indices {
      let entry = heap[place]
      heap[place] = Entry(instant: entry.instant + delay, order: entry.order, key: entry.key)
    }
  }

  /// Takes out the earliest key that is due by `now`, if there is one.
  mutating func popDue(by now: Instant) -> Key? {
    guard let first = heap.first, first.instant <= now else { return nil }
    live[first.key] = nil
    removeFirst()
    dropDead()
    return first.key
  }

  /// Keeps a live entry at the top, so that ``earliest`` is true.
  private mutating func dropDead() {
    // Where there is none that is dead, nothing need be looked up.
    while heap.count > live.count, let first = heap.first, live[first.key] != first.order { removeFirst() }
  }

  /// Many keys set again and again must not grow the heap.
  private mutating func rebuild() {
    let entries = heap.filter { live[$0.key] == $0.order }
    heap.removeAll(keepingCapacity: true)
    for entry in entries {
      heap.append(entry)
      rise(from: heap.count - 1)
    }
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    sink(from: 0)
  }

  private mutating func rise(from start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func sink(from start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
