internal import Glomers
internal import Replication
internal import Wire
internal import Workloads

/// The logs of all keys at one of N replicas, each of which assigns offsets without asking the others.
///
/// Replica number a assigns the next offset congruent to a modulo N above the highest that it holds for the key, which
/// is the key's Lamport clock (Lamport: *Time, clocks, and the ordering of events in a distributed system*, CACM
/// 1978). So a version vector, which says what a peer holds, is also a promise. The watermark of a key is the lowest
/// of what its peers have promised: every offset up to it has been assigned by now or never will be. What stands there is
/// shown, as far as enough nodes hold it: see ``KeyLog``.
struct ReplicatedLogs: Sendable {
  let nodes: [NodeID]
  let me: NodeID
  private let place: Int
  private var replicaCount: Int { nodes.count }
  /// How many replicas must hold a message before it is shown.
  let copies: Int
  var logs: [KeyLog] = []
  private var logNumbers = LogNumbers()
  var streams: [LogStream]
  /// The number of this node's own stream: the one to which it adds.
  var own = 0
  /// Whether that is settled, so that this node knows to which stream it adds; before, others may know of more of its own
  /// streams than it does.
  private(set) var isSettled = false
  /// By peer, the numbers of its streams.
  private(set) var streamsOfPeer: [[Int]]
  private let peers: [NodeID: Int]
  /// How many offsets of a log this node leaves out before the first that it assigns (``begin(_:isAssured:)``).
  private var skipped = 0
  private(set) var streamNumbers: [Incarnation: Int]
  var promises: Promises
  /// What peers have advertised and what does not count yet (`isBacked`): at most one of each.
  var claims: [Claim] = []
  /// The origins in the version that was last heard, and the numbers of their streams.
  var heardOrigins: [Incarnation] = []
  var heardNumbers: [Int] = []
  /// How many of this node's own records may have been sent: those are not changed any more.
  var sentCount = 0
  /// How many messages are shown, of all keys.
  private(set) var shownCount = 0
  /// How many records of every stream are held, but for this node's own, which are counted when somebody asks.
  private var held = VersionVector()

  init(_ cluster: Cluster, origin: Incarnation, copies: Int) {
    nodes = cluster.nodes
    me = cluster.me
    place = nodes.firstIndex(of: me)!
    self.copies = copies
    streams = [LogStream(origin)]
    streamNumbers = [origin: 0]
    peers = Dictionary(uniqueKeysWithValues: cluster.peers.enumerated().map { ($1, $0) })
    streamsOfPeer = cluster.peers.map { _ in [] }
    promises = Promises(peerCount: nodes.count - 1, countsHolders: copies > 1)
  }

  /// The stream to which this node adds.
  var origin: Incarnation { streams[own].origin }

  /// How many records of its own it has.
  var ownCount: Int { streams[own].count }

  /// The stream to which this node adds is settled.
  ///
  /// If not every peer has said what it holds of this node, some may hold offsets that this node assigned and does not know
  /// of: those assigned since it was last in touch with the peers that have answered. So it leaves out more offsets of
  /// each log than it may have assigned meanwhile. That fails for a log in which what it assigned, and only peers out of
  /// reach have heard of, goes further than ``skippedOffsets`` beyond what it holds now: of three nodes, 3,333 messages.
  mutating func begin(_ origin: Incarnation, isAssured: Bool) {
    isSettled = true
    held[streams[own].origin] = ownCount
    own = streamNumber(of: origin)
    for number in streams.indices { count(stream: number) }
    sentCount = ownCount
    skipped = isAssured ? 0 : Self.skippedOffsets
    for log in logs.indices { logs[log].commitNumber = 0 }
  }

  static let skippedOffsets = 10_000

  /// How many records of every stream this replica holds.
  var version: VersionVector {
    mutating get {
      if held[origin] != ownCount { held[origin] = ownCount }
      return held
    }
  }

  /// The same, at the price of a copy where this node has added records.
  var currentVersion: VersionVector {
    var version = held
    if version[origin] != ownCount { version[origin] = ownCount }
    return version
  }

  // MARK: Clients

  /// Adds a message. Returns its offset.
  mutating func append(_ message: JSONText, to key: JSONName) -> Int {
    let log = logNumber(of: key)
    let first = logs[log].end + 1 + (logs[log].hasAppended ? 0 : skipped)
    logs[log].hasAppended = true
    let offset = first + (place - first % replicaCount + replicaCount) % replicaCount
    streams[own].append(.message(log: log), offset)
    let entry = Kafka.Entry(offset, message)
    if replicaCount == 1 {
      logs[log].appendShown(entry)
      shownCount += 1
    } else {
      logs[log].append(.init(entry: entry, stamp: .init(stream: Int32(own), number: Int32(ownCount))))
    }
    return offset
  }

  /// What consumers of a key may have, from an offset on.
  func shown(_ key: JSONName, from offset: Int, limit: Int) -> ArraySlice<Kafka.Entry> {
    guard let log = logNumbers[key] else { return [] }
    return logs[log].shown(from: offset, limit: limit)
  }

  /// The highest offset that consumers of a key may have, or -1.
  func shownEnd(_ key: JSONName) -> Int {
    guard let log = logNumbers[key] else { return -1 }
    return logs[log].shownEnd
  }

  /// Raises a committed offset. Returns the number of the record that says so; nil if none is needed, because the offset is
  /// committed already. With `copies` above 1 only a commit in this node's own stream counts for that, because who holds
  /// the commits of others is not known.
  mutating func commit(_ key: JSONName, _ offset: Int) -> Int? {
    let log = logNumber(of: key)
    let number = logs[log].commitNumber
    let known = copies == 1 ? logs[log].committed : number > 0 ? streams[own].offsets[number - 1] : -1
    guard offset > known else { return nil }
    logs[log].committed = max(logs[log].committed, offset)
    if logs[log].commitNumber > sentCount {
      streams[own].revise(logs[log].commitNumber, offset)
    } else {
      streams[own].append(.commit(log: log), offset)
      logs[log].commitNumber = ownCount
    }
    return logs[log].commitNumber
  }

  /// The committed offset of a key as far as its messages are shown here, so that no consumer starts beyond them.
  func committed(_ key: JSONName) -> Int? {
    guard let log = logNumbers[key] else { return nil }
    let offset = min(logs[log].committed, logs[log].shownEnd)
    return offset < 0 ? nil : offset
  }

  // MARK: Parts

  mutating func logNumber(of key: JSONName) -> Int {
    if let number = logNumbers[key] { return number }
    logNumbers.add(key, logs.count)
    logs.append(KeyLog(key))
    return logs.count - 1
  }

  mutating func streamNumber(of origin: Incarnation) -> Int {
    if let number = streamNumbers[origin] { return number }
    streamNumbers[origin] = streams.count
    streams.append(LogStream(origin))
    if let peer = peers[origin.node] { streamsOfPeer[peer].append(streams.count - 1) }
    return streams.count - 1
  }

  /// Adds a record to a stream; what it means for the logs is up to the caller. Returns its message, if it is one.
  mutating func append(_ record: LogGossip.Record, to number: Int) -> (log: Int, arrival: KeyLog.Arrival)? {
    switch record {
    case .message(let key, let offset, let message):
      let log = logNumber(of: key)
      streams[number].append(.message(log: log), offset)
      let stamp = KeyLog.Stamp(stream: Int32(number), number: Int32(streams[number].count))
      return (log, .init(entry: Kafka.Entry(offset, message), stamp: stamp))
    case .commit(let key, let offset):
      let log = logNumber(of: key)
      streams[number].append(.commit(log: log), offset)
      logs[log].committed = max(logs[log].committed, offset)
    }
    return nil
  }

  /// Takes note of how much of a stream is held by now.
  mutating func count(stream number: Int) {
    if number != own { held[streams[number].origin] = streams[number].count }
    promises.grown(stream: number, streams)
  }
}

/// The numbers of the logs, by key.
///
/// Requests name the same few keys again and again. The latest are found by a hash of a few instructions; whoever chooses
/// keys that collide there is left with the dictionary, whose hash is seeded.
struct LogNumbers: Sendable {
  private var numbers: [JSONName: Int] = [:]
  /// Keys of ASCII alone, each in the place of its hash; a number below 0 where there is none. Of two in one place the later
  /// stays.
  private var recent: [(key: String, number: Int)] = Array(repeating: ("", -1), count: 64)

  subscript(key: JSONName) -> Int? {
    let place = place(of: key)
    // What Swift takes for the same text as one of ASCII, and is not, has more bytes.
    let isKnown =
      recent[place].number >= 0 && recent[place].key == key.stored
      && recent[place].key.utf8.count == key.stored.utf8.count
    return isKnown ? recent[place].number : numbers[key]
  }

  mutating func add(_ key: JSONName, _ number: Int) {
    numbers[key] = number
    if key.stored.utf8.allSatisfy({ $0 < 0x80 }) { recent[place(of: key)] = (key.stored, number) }
  }

  private func place(of key: JSONName) -> Int { key.stored.quickHash & (recent.count - 1) }
}

/// A version that an incarnation of a peer has advertised. It counts as a promise once all of the peer's own records are
/// here (`isBacked`).
struct Claim: Sendable {
  let peer: Int
  let incarnation: Incarnation
  var version: VersionVector
}

/// How replicas come to hold the same: each origin's records are a stream, of which a replica holds a prefix.
///
/// Everybody tells everybody: a period has up to N(N-1) messages between N nodes, each with a count for every origin, so
/// that its cost grows with N. Every record is counted once for every peer (`Watermark.swift`).
extension ReplicatedLogs {
  /// The content of a message: what a replica at `push.since` lacks of the streams that are due to it, this node's own
  /// first.
  mutating func batch(for push: Push) -> Batch<LogGossip.Record> {
    var batch = Batch<LogGossip.Record>(bytesMax: push.bytesMax)
    for number in [own] + streams.indices.filter({ $0 != own }) where push.includes(streams[number].origin) {
      let stream = streams[number]
      batch.append(
        stream.origin, after: push.since[stream.origin], count: stream.count, size: \.encodedBytes
      ) { record(stream, at: $0) }
    }
    sentCount = max(sentCount, batch.ends[origin])
    return batch
  }

  /// The records at these places of a stream.
  func delta(of stream: LogStream, _ places: Range<Int>) -> Delta<LogGossip.Record> {
    Delta(origin: stream.origin, after: places.lowerBound, entries: places.map { record(stream, at: $0) })
  }

  /// What is new in a delta; nil if that is nothing, or does not join on to what is held.
  mutating func news(in delta: Delta<LogGossip.Record>) -> Delta<LogGossip.Record>? {
    let number = streamNumber(of: delta.origin)
    let held = streams[number].count
    // This node's own records are news only before its stream is settled.
    guard number != (isSettled ? own : -1), delta.after <= held, held - delta.after < delta.entries.count
    else {
      return nil
    }
    if delta.after == held { return delta }
    let entries = delta.entries.dropFirst(held - delta.after)
    return Delta(origin: delta.origin, after: held, entries: Array(entries))
  }

  /// Takes in news: all of a delta.
  mutating func merge(_ news: Delta<LogGossip.Record>) {
    let number = streamNumber(of: news.origin)
    var arrivals: [(log: Int, arrival: KeyLog.Arrival)] = []
    for record in news.entries {
      if let arrival = append(record, to: number) { arrivals.append(arrival) }
    }
    arrivals.sort { ($0.log, $0.arrival.entry.offset) < ($1.log, $1.arrival.entry.offset) }
    var rest = arrivals[...]
    while let log = rest.first?.log {
      let end = rest.firstIndex { $0.log != log } ?? rest.endIndex
      logs[log].merge(rest[..<end].lazy.map(\.arrival))
      promises.touch(log)
      rest = rest[end...]
    }
    count(stream: number)
  }

  /// Takes in what a peer says it holds. Returns the claims, of this peer and of others, that count from now on and say more
  /// than was known.
  mutating func heard(_ advertisement: Advertisement, from peer: Int) -> [Claim] {
    promises.heard(from: peer, advertisement.incarnation)
    var claim = Claim(
      peer: peer, incarnation: advertisement.incarnation, version: advertisement.version)
    if let place = claims.firstIndex(where: { $0.peer == peer }) {
      let before = claims.remove(at: place)
      if before.incarnation == claim.incarnation { claim.version.merge(before.version) }
    }
    resolve(claim.version)
    let open = claims + [claim]
    claims = open.filter { !isBacked($0) }
    return open.filter { isBacked($0) && heard($0.version, from: $0.peer) }
  }

  /// Whether every record that a peer had added when it said what it holds is here. What a peer says promises that it
  /// assigns no lower offsets from then on, not that all it has assigned have arrived.
  private func isBacked(_ claim: Claim) -> Bool {
    streamsOfPeer[claim.peer].allSatisfy { claim.version[streams[$0].origin] <= streams[$0].count }
  }

  /// Finds the numbers of the streams of a version.
  private mutating func resolve(_ version: VersionVector) {
    // Most advertise the same streams as whoever spoke before them.
    guard version.origins != heardOrigins else { return }
    heardOrigins = version.origins
    heardNumbers = version.origins.map { streamNumber(of: $0) }
  }

  /// Takes in what a peer holds for certain. Returns whether that is more than was known.
  mutating func heard(_ version: VersionVector, from peer: Int) -> Bool {
    resolve(version)
    return promises.heard(from: peer, version.counts, of: heardNumbers, own: own, streams)
  }

  /// Shows what may be shown by now.
  mutating func show() {
    for log in promises.takeTouched() { show(log) }
  }

  /// How many records of its own so many replicas hold, this one included.
  func ownCount(heldBy copies: Int) -> Int {
    copies == 1 ? ownCount : promises.count(stream: own, heldBy: copies - 1)
  }

  mutating func show(_ log: Int) {
    let watermark = promises.watermark(of: log)
    shownCount += logs[log].show(upTo: watermark) { [promises, copies] stamp in
      copies == 1 || promises.holderCount(stream: Int(stamp.stream), number: Int(stamp.number)) + 1 >= copies
    }
  }

  /// The record with a number of a stream; nil if it is not here, or a commit that may still be raised.
  func entry(_ number: Int, of origin: Incarnation) -> LogGossip.Record? {
    guard let place = streamNumbers[origin], 0..<streams[place].count ~= number - 1 else { return nil }
    if place == own, number > sentCount, case .commit = streams[place][number - 1] { return nil }
    return record(streams[place], at: number - 1)
  }

  private func record(_ stream: LogStream, at place: Int) -> LogGossip.Record {
    let offset = stream.offsets[place]
    return switch stream[place] {
    case .message(let log):
      .message(key: logs[log].key, offset: offset, logs[log].entry(at: offset)!.message)
    case .commit(let log): .commit(key: logs[log].key, offset: offset)
    }
  }
}
