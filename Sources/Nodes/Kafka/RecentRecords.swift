/// The last records of every stream, close together: with many streams, to look into the memory of each is most of what
/// it costs to hear what a peer holds, and that is mostly the last of each.
struct RecentRecords: Sendable {
  /// The number of a log, and the offset of a message in it; a number below 0 for a record of another kind.
  typealias Record = (log: Int32, offset: Int)

  private static let depth = 8
  /// By stream, each record in a place of its own modulo the depth.
  private var records: [Record] = []

  /// Takes note of a stream's records from a place on.
  mutating func add(_ stream: LogStream, number: Int, from start: Int) {
    records.grow(to: (number + 1) * Self.depth, with: (-1, 0))
    for place in max(start, stream.count - Self.depth)..<stream.count {
      records[number * Self.depth + place % Self.depth] = stream.message(at: place)
    }
  }

  /// The record at a place of a stream of so many.
  func record(at place: Int, of number: Int, count: Int, _ streams: [LogStream]) -> Record {
    guard place >= count - Self.depth else { return streams[number].message(at: place) }
    return records[number * Self.depth + place % Self.depth]
  }
}

extension Array {
  /// Appends elements, if there are fewer than so many.
  mutating func grow(to count: Int, with element: Element) {
    if self.count < count { append(contentsOf: repeatElement(element, count: count - self.count)) }
  }
}
