internal import Glomers
internal import Replication

/// What a replica's peers hold, and what they have thereby promised: who holds an entry never again assigns an offset
/// at or below it.
struct Promises: Sendable {
  /// The offset up to which no peer will assign any more in a log: the lowest promise. It is computed anew only when the
  /// last of the peers with that promise has promised more: of N peers, once in N times.
  private struct Watermark: Sendable {
    var offset = -1
    /// How many peers have promised no more.
    var laggardCount: Int
    var isTouched = false
  }

  private let peerCount: Int
  /// Whether it matters how many peers hold a record, and not only what all have promised.
  private let countsHolders: Bool
  private var origins: [Incarnation?]
  /// By peer, and then by stream: how many records it has said that it holds. As far as those are here too, they are
  /// counted in its promises.
  private var held: [[Int]]
  /// By stream: how many records are here, and whether a peer may hold more.
  private var here: [(count: Int, isBehind: Bool)] = []
  private var recent = RecentRecords()
  /// By log, and in it by peer: the offset above which it will assign, or -1.
  private var offsets: [Int] = []
  /// By log.
  private var watermarks: [Watermark] = []
  /// Logs of which more may have to be shown, since that was last asked.
  private var touched: [Int] = []

  init(peerCount: Int, countsHolders: Bool) {
    self.peerCount = peerCount
    self.countsHolders = countsHolders
    origins = Array(repeating: nil, count: peerCount)
    held = Array(repeating: [], count: peerCount)
  }

  /// Takes note of who speaks. Another incarnation of a node may have lost its memory: it has promised nothing yet.
  mutating func heard(from peer: Int, _ origin: Incarnation) {
    guard origins[peer] != origin else { return }
    origins[peer] = origin
    held[peer] = []
    for place in stride(from: peer, to: offsets.count, by: peerCount) { offsets[place] = -1 }
    for log in watermarks.indices { reckon(log) }
  }

  /// Takes note of how many records a peer says that it holds of these streams. Returns whether that is more than it has
  /// said before.
  ///
  /// - Parameter own: the number of this node's own stream, which grows without notice.
  mutating func heard(
    from peer: Int, _ counts: [Int], of numbers: [Int], own: Int = 0, _ streams: [LogStream]
  ) -> Bool {
    grown(stream: own, streams)
    here.grow(to: streams.count, with: (0, false))
    held[peer].grow(to: streams.count, with: 0)
    var isNews = false
    for (number, count) in zip(numbers, counts) where count > held[peer][number] {
      let before = held[peer][number]
      held[peer][number] = count
      isNews = true
      let known = here[number].count
      if count > known { here[number].isBehind = true }
      if before < known { note(peer, holds: before..<min(count, known), of: number, streams) }
    }
    return isNews
  }

  /// More of a stream is here: what peers have said of it counts that far.
  mutating func grown(stream number: Int, _ streams: [LogStream]) {
    here.grow(to: number + 1, with: (0, false))
    let (before, count) = (here[number].count, streams[number].count)
    recent.add(streams[number], number: number, from: before)
    here[number].count = count
    guard here[number].isBehind else { return }
    here[number].isBehind = false
    for peer in 0..<peerCount where number < held[peer].count && held[peer][number] > before {
      if held[peer][number] > count { here[number].isBehind = true }
      note(peer, holds: before..<min(held[peer][number], count), of: number, streams)
    }
  }

  /// A peer holds these records, which are here too: so it has promised something of their logs.
  private mutating func note(_ peer: Int, holds places: Range<Int>, of number: Int, _ streams: [LogStream]) {
    for place in places {
      let record = recent.record(at: place, of: number, count: here[number].count, streams)
      if record.log >= 0 { raise(Int(record.log), peer, to: record.offset) }
    }
  }

  private mutating func raise(_ log: Int, _ peer: Int, to offset: Int) {
    grow(to: log)
    let before = offsets[log * peerCount + peer]
    offsets[log * peerCount + peer] = max(before, offset)
    let watermark = watermarks[log].offset
    if before <= watermark, offset > watermark { watermarks[log].laggardCount -= 1 }
    if countsHolders || watermarks[log].laggardCount == 0 { touch(log) }
  }

  private mutating func grow(to log: Int) {
    guard log >= watermarks.count else { return }
    let watermark = Watermark(laggardCount: peerCount)
    watermarks.grow(to: log + 1, with: watermark)
    offsets.grow(to: (log + 1) * peerCount, with: -1)
  }

  /// More of this log may have to be shown.
  mutating func touch(_ log: Int) {
    grow(to: log)
    guard !watermarks[log].isTouched else { return }
    watermarks[log].isTouched = true
    touched.append(log)
  }

  /// The logs of which more may have to be shown, since this was last asked.
  mutating func takeTouched() -> [Int] {
    for log in touched { watermarks[log].isTouched = false }
    defer { touched = [] }
    return touched
  }

  /// The offset up to which no peer will assign any more in a log.
  mutating func watermark(of log: Int) -> Int {
    grow(to: log)
    if watermarks[log].laggardCount == 0 { reckon(log) }
    return watermarks[log].offset
  }

  private mutating func reckon(_ log: Int) {
    let row = log * peerCount..<(log + 1) * peerCount
    let lowest = offsets[row].min() ?? .max
    watermarks[log].offset = lowest
    watermarks[log].laggardCount = offsets[row].count { $0 == lowest }
  }

  /// How many peers hold the record with this number of a stream.
  func holderCount(stream: Int, number: Int) -> Int {
    held.count { $0.count > stream && $0[stream] >= number }
  }

  /// How many records of a stream at least so many peers hold. Only peers count, not this node.
  ///
  /// - Parameter copies: at least 1.
  func count(stream: Int, heldBy copies: Int) -> Int {
    held.map { $0.count > stream ? $0[stream] : 0 }.sorted(by: >)[copies - 1]
  }

  /// Who a peer is, and how much of each stream it has said that it holds; nil if it has not spoken.
  func said(by peer: Int) -> (origin: Incarnation, held: [Int])? { origins[peer].map { ($0, held[peer]) } }
}

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
