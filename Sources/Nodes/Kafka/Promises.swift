internal import Glomers

/// What a replica's peers hold, and what they have thereby promised: who holds an entry never again assigns an offset
/// at or below it.
struct Promises: Sendable {
  private struct Peer: Sendable {
    var origin: Origin?
    /// By stream: how many records it has said that it holds, and how many of those, being here too, are counted. Both
    /// are of the same length.
    var held: [Int] = []
    var counted: [Int] = []
    /// By log: the offset above which it will assign, or -1.
    var offsets: [Int] = []
    /// It will never assign anything again, nor hold anything.
    var isFenced = false
  }

  private var peers: [Peer]
  /// Whether it matters how many peers hold a record, and not only what all have promised.
  private let countsHolders: Bool
  /// By log: the watermark when it was last asked for, or a higher one that a peer has fallen below since. It can only
  /// have risen if a peer has that was no higher: with many peers, one time in as many.
  private var watermarks: [Int] = []
  /// Logs in which a peer has promised more than before, since that was last asked.
  private var touched: [Int] = []
  private var isTouched: [Bool] = []

  init(peerCount: Int, countsHolders: Bool) {
    peers = Array(repeating: Peer(), count: peerCount)
    self.countsHolders = countsHolders
  }

  /// Takes note of who speaks. Another life of a node that has lost its memory has promised nothing yet.
  mutating func heard(from peer: Int, _ origin: Origin) {
    guard peers[peer].origin != origin else { return }
    peers[peer] = Peer(origin: origin, isFenced: peers[peer].isFenced)
  }

  /// How many records of a stream a peer has said that it holds.
  func held(by peer: Int, stream number: Int) -> Int {
    number < peers[peer].held.count ? peers[peer].held[number] : 0
  }

  /// Takes note that a peer holds more records of a stream than it has said before.
  mutating func heard(from peer: Int, stream number: Int, _ stream: LogStream, count: Int) {
    peers[peer].held.grow(to: number + 1, with: 0)
    peers[peer].counted.grow(to: number + 1, with: 0)
    peers[peer].held[number] = count
    update(peer, number, stream)
  }

  /// More of a stream is here: what peers have said of it counts that far.
  mutating func grown(stream number: Int, _ stream: LogStream) {
    for peer in peers.indices where number < peers[peer].held.count { update(peer, number, stream) }
  }

  /// Counts what a peer holds of a stream, and is held here too, in its promises.
  private mutating func update(_ peer: Int, _ number: Int, _ stream: LogStream) {
    let end = min(peers[peer].held[number], stream.count)
    let start = peers[peer].counted[number]
    guard start < end else { return }
    for place in start..<end {
      guard let log = stream.messageLog(at: place) else { continue }
      peers[peer].offsets.grow(to: log + 1, with: -1)
      let before = peers[peer].offsets[log]
      peers[peer].offsets[log] = max(before, stream.offsets[place])
      watermarks.grow(to: log + 1, with: -1)
      guard countsHolders || before <= watermarks[log] else { continue }
      isTouched.grow(to: log + 1, with: false)
      if !isTouched[log] { touched.append(log) }
      isTouched[log] = true
    }
    peers[peer].counted[number] = end
  }

  /// The logs in which more may have been promised since this was last asked.
  mutating func takeTouched() -> [Int] {
    for log in touched { isTouched[log] = false }
    defer { touched = [] }
    return touched
  }

  /// Takes note that a peer has no say any more: the watermark of every log is to be asked for again.
  mutating func fence(_ peer: Int) { peers[peer].isFenced = true }

  /// The offset up to which no peer will assign any more in a log.
  mutating func watermark(of log: Int) -> Int {
    var lowest = Int.max
    for peer in peers.indices where !peers[peer].isFenced {
      lowest = min(lowest, log < peers[peer].offsets.count ? peers[peer].offsets[log] : -1)
    }
    watermarks.grow(to: log + 1, with: -1)
    watermarks[log] = lowest
    return lowest
  }

  /// How many peers hold the record with this number of a stream.
  func holderCount(stream: Int, number: Int) -> Int {
    peers.count { $0.counted.count > stream && $0.counted[stream] >= number }
  }

  /// How many records of a stream so many peers hold, at least one.
  func count(stream: Int, heldBy peerCount: Int) -> Int {
    peers.map { $0.counted.count > stream ? $0.counted[stream] : 0 }.sorted(by: >)[peerCount - 1]
  }

  /// Who a peer is, and how much of each stream it has said that it holds; nil if it has not spoken.
  func said(by peer: Int) -> (origin: Origin, held: [Int])? {
    peers[peer].origin.map { ($0, peers[peer].held) }
  }
}

extension Array {
  /// Appends elements, if there are fewer than so many.
  fileprivate mutating func grow(to count: Int, with element: Element) {
    if self.count < count { append(contentsOf: repeatElement(element, count: count - self.count)) }
  }
}
