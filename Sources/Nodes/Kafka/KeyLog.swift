internal import Glomers
internal import Workloads

/// The messages of one key that a replica holds, in the order of their offsets, and how far consumers have got.
///
/// Only a prefix is shown: beyond it messages may still come that belong in between.
struct KeyLog: Sendable {
  /// Where an entry stands in its origin's stream.
  struct Stamp: Sendable {
    let stream: Int32
    let number: Int32
  }

  let key: String
  private(set) var entries: [Kafka.Entry] = []
  /// Of each entry, where the replica needs to know; else empty.
  private(set) var stamps: [Stamp] = []
  /// How many entries are shown.
  private(set) var shownCount = 0
  /// The highest offset that was committed, or -1.
  var committed = -1
  /// The last commit's number in this node's own stream.
  var commitNumber = 0

  init(_ key: String) { self.key = key }

  /// The highest offset held, or -1: the log's Lamport clock.
  var end: Int { entries.last?.offset ?? -1 }

  /// The highest offset shown, or -1.
  var shownEnd: Int { shownCount > 0 ? entries[shownCount - 1].offset : -1 }

  /// What is shown from an offset on, at most so many entries.
  func shown(from offset: Int, limit: Int) -> ArraySlice<Kafka.Entry> {
    guard offset <= shownEnd else { return [] }
    let start = place(of: offset)
    return entries[start..<min(shownCount, start + limit)]
  }

  /// The entry at an offset, if there is one.
  func entry(at offset: Int) -> Kafka.Entry? {
    let place = place(of: offset)
    guard place < entries.count, entries[place].offset == offset else { return nil }
    return entries[place]
  }

  /// Adds an entry beyond the end.
  mutating func append(_ entry: Kafka.Entry, _ stamp: Stamp?) {
    entries.append(entry)
    if let stamp { stamps.append(stamp) }
  }

  /// Shows all that is held.
  mutating func showAll() { shownCount = entries.count }

  /// Shows what lies at or below an offset, up to the first entry that may not yet be shown.
  mutating func show(upTo watermark: Int, where isReady: (Stamp) -> Bool) {
    while shownCount < entries.count, entries[shownCount].offset <= watermark {
      if !stamps.isEmpty, !isReady(stamps[shownCount]) { return }
      shownCount += 1
    }
  }

  /// Takes in entries of another replica, in the order of their offsets. One at an offset that is taken is left out.
  mutating func merge(_ arrivals: ArraySlice<Arrival>, areStamped: Bool) {
    var late: [Arrival] = []
    for arrival in arrivals {
      if arrival.entry.offset > end {
        append(arrival.entry, areStamped ? arrival.stamp : nil)
      } else if entry(at: arrival.entry.offset) == nil {
        late.append(arrival)
      }
    }
    guard !late.isEmpty else { return }
    // None should come below what is shown; of a node that came back without its memory some may.
    let shownEnd = shownEnd
    shownCount += late.count { $0.entry.offset < shownEnd }
    // Merged from behind, so that every entry moves at most once.
    var from = entries.count
    var to = entries.count + late.count
    entries.append(contentsOf: late.lazy.map(\.entry))
    if areStamped { stamps.append(contentsOf: late.lazy.map(\.stamp)) }
    while let last = late.last {
      to -= 1
      if from > 0, entries[from - 1].offset > last.entry.offset {
        from -= 1
        entries[to] = entries[from]
        if areStamped { stamps[to] = stamps[from] }
      } else {
        entries[to] = last.entry
        if areStamped { stamps[to] = last.stamp }
        late.removeLast()
      }
    }
  }

  /// An entry that has come from another replica.
  struct Arrival: Sendable {
    let log: Int
    let entry: Kafka.Entry
    let stamp: Stamp
  }

  /// The place of the first entry at or beyond an offset.
  private func place(of offset: Int) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
