internal import Glomers
internal import Replication
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

  /// An entry that is not shown yet.
  struct Arrival: Sendable {
    let entry: Kafka.Entry
    let stamp: Stamp
  }

  let key: JSONName
  private var shown = EntryList()
  private var pending: ArraySlice<Arrival> = []
  /// The highest offset that was committed, or -1.
  var committed = -1
  /// The last commit's number in this node's own stream.
  var commitNumber = 0
  /// Whether this node has assigned an offset since it was started.
  var hasAppended = false

  init(_ key: JSONName) { self.key = key }

  /// The highest offset held, or -1: the log's Lamport clock.
  var end: Int { pending.last?.entry.offset ?? shownEnd }

  /// The highest offset shown, or -1.
  var shownEnd: Int { shown.last?.offset ?? -1 }

  var shownCount: Int { shown.count }

  func shownEntry(at place: Int) -> Kafka.Entry { shown[place] }

  /// What is shown from an offset on, at most so many entries.
  func shown(from offset: Int, limit: Int) -> ArraySlice<Kafka.Entry> {
    offset <= shownEnd ? shown.slice(from: shown.place(of: offset), limit: limit) : []
  }

  /// The entry at an offset, if there is one.
  func entry(at offset: Int) -> Kafka.Entry? {
    if offset <= shownEnd {
      let entry = shown[shown.place(of: offset)]
      return entry.offset == offset ? entry : nil
    }
    let place = place(of: offset)
    guard place < pending.endIndex, pending[place].entry.offset == offset else { return nil }
    return pending[place].entry
  }

  /// Adds an entry beyond the end, and shows it and all before it.
  mutating func appendShown(_ entry: Kafka.Entry) { shown.append(entry) }

  /// Adds an entry beyond the end.
  mutating func append(_ arrival: Arrival) { pending.append(arrival) }

  /// Shows what lies at or below an offset, up to the first entry that may not yet be shown. Returns how many that were.
  mutating func show(upTo watermark: Int, where isReady: (Stamp) -> Bool) -> Int {
    var count = 0
    for arrival in pending {
      guard arrival.entry.offset <= watermark, isReady(arrival.stamp) else { break }
      shown.append(arrival.entry)
      count += 1
    }
    pending.removeFirst(count)
    return count
  }

  /// Takes in entries of another replica, in the order of their offsets. One at an offset that is taken is left out.
  mutating func merge(_ arrivals: some Sequence<Arrival>) {
    var late: [Arrival] = []
    for arrival in arrivals {
      let offset = arrival.entry.offset
      if offset > end {
        pending.append(arrival)
      } else if offset < shownEnd {
        // None should come there; of a node that came back without its memory some may.
        shown.insert(arrival.entry)
      } else if entry(at: offset) == nil {
        late.append(arrival)
      }
    }
    guard !late.isEmpty else { return }
    // Merged from behind, so that every entry moves at most once.
    var from = pending.endIndex
    pending.append(contentsOf: late)
    var to = pending.endIndex
    while let last = late.last {
      to -= 1
      if from > pending.startIndex, pending[from - 1].entry.offset > last.entry.offset {
        from -= 1
        pending[to] = pending[from]
      } else {
        pending[to] = last
        late.removeLast()
      }
    }
  }

  /// Takes in entries in any order: ``sortCollected()`` is to follow.
  mutating func collect(_ arrival: Arrival) { pending.append(arrival) }

  /// Brings what was collected into order. Of several at one offset the first counts.
  mutating func sortCollected() {
    var sorted: ArraySlice<Arrival> = []
    // Swift's sort keeps the order of equals, but does not promise to.
    let places = pending.indices.sorted {
      (pending[$0].entry.offset, $0) < (pending[$1].entry.offset, $1)
    }
    sorted.reserveCapacity(places.count)
    for place in places where pending[place].entry.offset != sorted.last?.entry.offset {
      sorted.append(pending[place])
    }
    pending = sorted
  }

  /// The place of the first pending entry at or beyond an offset.
  private func place(of offset: Int) -> Int {
    var (low, high) = (pending.startIndex, pending.endIndex)
    while low < high {
      let middle = (low + high) / 2
      if pending[middle].entry.offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Entries in the order of their offsets, to which more are added at the end.
///
/// They are kept in blocks: an answer that shares a block with the list makes the next entry that is added cost a copy
/// of that block, and not of all that there is.
struct EntryList: Sendable {
  private static let blockSize = 256

  /// All but the last are full.
  private var blocks: [[Kafka.Entry]] = []

  var count: Int { blocks.isEmpty ? 0 : (blocks.count - 1) * Self.blockSize + blocks[blocks.count - 1].count }

  var last: Kafka.Entry? { blocks.last?.last }

  subscript(place: Int) -> Kafka.Entry {
    blocks[place / Self.blockSize][place % Self.blockSize]
  }

  mutating func append(_ entry: Kafka.Entry) {
    if blocks.isEmpty || blocks[blocks.count - 1].count == Self.blockSize {
      // A list that has filled one block will fill another.
      var block: [Kafka.Entry] = []
      if !blocks.isEmpty { block.reserveCapacity(Self.blockSize) }
      blocks.append(block)
    }
    blocks[blocks.count - 1].append(entry)
  }

  /// Adds an entry where its offset belongs, unless that is taken. Takes time in proportion to the list.
  mutating func insert(_ entry: Kafka.Entry) {
    let place = place(of: entry.offset)
    guard place == count || self[place].offset != entry.offset else { return }
    var all = Array(blocks.joined())
    all.insert(entry, at: place)
    blocks = []
    for entry in all { append(entry) }
  }

  /// The place of the first entry at or beyond an offset. Consumers ask for what is new: the fewer entries follow, the
  /// sooner it is found.
  func place(of offset: Int) -> Int {
    let count = count
    // Where no offset is left out, it is as far from the end as the offset is from the last one.
    if count > 0 {
      let place = count - 1 - (self[count - 1].offset - offset)
      if 0..<count ~= place, self[place].offset == offset { return place }
    }
    var step = 1
    while step < count, self[count - step].offset >= offset { step *= 2 }
    var low = max(count - step, 0)
    var high = count - step / 2
    while low < high {
      let middle = (low + high) / 2
      if self[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// So many entries from a place on, or all that there are.
  func slice(from place: Int, limit: Int) -> ArraySlice<Kafka.Entry> {
    let end = min(count, place + limit)
    guard place < end else { return [] }
    let (block, start) = place.quotientAndRemainder(dividingBy: Self.blockSize)
    guard start + end - place > Self.blockSize else { return blocks[block][start..<start + end - place] }
    var entries: [Kafka.Entry] = []
    entries.reserveCapacity(end - place)
    for block in block...(end - 1) / Self.blockSize {
      let first = block * Self.blockSize
      entries += blocks[block][max(place - first, 0)..<min(end - first, Self.blockSize)]
    }
    return entries[...]
  }
}

/// What one node has done, in the order in which it did it, so that others can do the same.
struct LogStream: Sendable {
  enum Entry: Sendable {
    /// The number of a log; the offset stands beside it.
    case message(log: Int)
    case commit(log: Int)
  }

  let origin: Incarnation
  /// The node whose stream it is.
  let node: NodeID
  private(set) var offsets: [Int] = []
  /// The number of each record's log, or for a commit that number's complement.
  private var logs: [Int32] = []

  init(_ origin: Incarnation) {
    self.origin = origin
    node = origin.node
  }

  var count: Int { logs.count }

  mutating func append(_ entry: Entry, _ offset: Int) {
    switch entry {
    case .message(let log): logs.append(Int32(log))
    case .commit(let log): logs.append(~Int32(log))
    }
    offsets.append(offset)
  }

  /// Changes the offset of the commit with this number, which nobody may have seen yet.
  mutating func revise(_ number: Int, _ offset: Int) { offsets[number - 1] = offset }

  /// The number of the log of the message at this place, and its offset; a number below 0 if it is a commit.
  func message(at place: Int) -> (log: Int32, offset: Int) { (logs[place], offsets[place]) }

  subscript(place: Int) -> Entry {
    let mark = logs[place]
    return mark < 0 ? .commit(log: Int(~mark)) : .message(log: Int(mark))
  }
}
