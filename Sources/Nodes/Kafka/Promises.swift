internal import Glomers

/// What a replica's peers hold, and what they have thereby promised: who holds an entry never again assigns an offset
/// at or below it.
struct Promises: Sendable {
  private struct Peer: Sendable {
    var origin: Origin?
    /// By stream: how many records it has said that it holds, and how many of those, being here too, are counted.
    var held: [Int] = []
    var counted: [Int] = []
    /// By log: the offset above which it will assign, or -1.
    var offsets: [Int] = []
    /// It will never assign anything again, nor hold anything.
    var isFenced = false
  }

  private var peers: [Peer]
  /// Whether each log is on the list of those that the update under way concerns.
  private var isTouched: [Bool] = []

  init(peerCount: Int) { peers = Array(repeating: Peer(), count: peerCount) }

  /// Takes note of who speaks. Another life of a node has promised nothing yet.
  mutating func heard(from peer: Int, _ origin: Origin) {
    guard peers[peer].origin != origin else { return }
    peers[peer] = Peer(origin: origin, isFenced: peers[peer].isFenced)
  }

  /// Takes note of how many records of a stream a peer holds.
  mutating func heard(from peer: Int, stream: Int, count: Int) {
    peers[peer].held.grow(to: stream + 1, with: 0)
    peers[peer].held[stream] = max(peers[peer].held[stream], count)
  }

  /// Counts what peers hold, and is held here too, in their promises. Returns the logs that this concerns.
  mutating func update(_ streams: [LogStream], logCount: Int) -> [Int] {
    var touched: [Int] = []
    isTouched.grow(to: logCount, with: false)
    for peer in peers.indices {
      peers[peer].counted.grow(to: streams.count, with: 0)
      peers[peer].offsets.grow(to: logCount, with: -1)
      for (number, held) in peers[peer].held.enumerated() {
        let end = min(held, streams[number].count)
        let start = peers[peer].counted[number]
        guard start < end else { continue }
        for place in start..<end {
          guard case .message(let log) = streams[number][place] else { continue }
          peers[peer].offsets[log] = max(peers[peer].offsets[log], streams[number].offsets[place])
          if !isTouched[log] { touched.append(log) }
          isTouched[log] = true
        }
        peers[peer].counted[number] = end
      }
    }
    for log in touched { isTouched[log] = false }
    return touched
  }

  /// Takes note that a peer has no say any more.
  mutating func fence(_ peer: Int) { peers[peer].isFenced = true }

  /// The offset up to which no peer will assign any more in a log.
  func watermark(of log: Int) -> Int {
    peers.lazy.filter { !$0.isFenced }.map { $0.offsets.count > log ? $0.offsets[log] : -1 }.min() ?? .max
  }

  /// How many peers hold the record with this number of a stream.
  func holderCount(stream: Int, number: Int) -> Int {
    peers.count { $0.counted.count > stream && $0.counted[stream] >= number }
  }

  /// How many records of a stream so many peers hold, at least one.
  func count(stream: Int, heldBy peerCount: Int) -> Int {
    peers.map { $0.counted.count > stream ? $0.counted[stream] : 0 }.sorted(by: >)[peerCount - 1]
  }
}

extension Array {
  /// Appends elements, if there are fewer than so many.
  fileprivate mutating func grow(to count: Int, with element: Element) {
    if self.count < count { append(contentsOf: repeatElement(element, count: count - self.count)) }
  }
}
