internal import Workloads

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

  /// The place of the first entry at or beyond an offset.
  func place(of offset: Int) -> Int {
    var low = 0
    var high = count
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
