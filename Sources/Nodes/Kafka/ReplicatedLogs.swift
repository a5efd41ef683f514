internal import Replication
internal import Glomers
internal import Wire
internal import Workloads

/// The logs of all keys at one of N replicas, each of which assigns offsets without asking the others.
///
/// Replica number a assigns the next offset congruent to a modulo N above the highest that it holds for the key, which
/// is the key's Lamport clock (Lamport: *Time, clocks, and the ordering of events in a distributed system*, CACM
/// 1978). So a version vector, which says what a peer holds, is also a promise. The watermark of a key is the lowest
/// of what its peers have promised: every offset up to it has been assigned by now or never will be, and is shown.
struct ReplicatedLogs: Sendable {
  let nodes: [NodeID]
  let me: NodeID
  private let place: Int
  private var replicaCount: Int { nodes.count }
  /// How many replicas must hold a message before it is shown.
  let copies: Int
  var logs: [KeyLog] = []
  private var logNumbers: [String: Int] = [:]
  /// The first is this node's own.
  var streams: [LogStream]
  private(set) var streamNumbers: [Origin: Int]
  var promises: Promises
  /// What peers have said and what does not count yet, at most one of each.
  var claims: [Claim] = []
  /// The origins in the version that was last heard, and the numbers of their streams.
  var heardOrigins: [Origin] = []
  var heardNumbers: [Int] = []
  /// By node, whom it has fenced off, and how much of their streams it held then.
  var fences: [NodeID: [NodeID: VersionVector]] = [:]
  /// Whether this node can do nothing any more: another has fenced it off, or so many are that no quorum is left.
  var isFenced = false
  /// Those without whom this node goes on.
  var closed: Closing?
  /// How many of this node's own records may have been sent: those are not changed any more.
  var sentCount = 0
  /// How many records of every stream are held, but for this node's own, which are counted when somebody asks.
  private var held = VersionVector()

  init(_ cluster: Cluster, origin: Origin, copies: Int) {
    nodes = cluster.nodes
    me = cluster.me
    place = nodes.firstIndex(of: me)!
    self.copies = copies
    streams = [LogStream(origin)]
    streamNumbers = [origin: 0]
    promises = Promises(peerCount: nodes.count - 1, countsHolders: copies > 1)
  }

  /// What this replica is called.
  var origin: Origin { streams[0].origin }

  /// How many records of its own it has.
  var ownCount: Int { streams[0].count }

  /// How many records of every stream this replica holds.
  var version: VersionVector {
    mutating get {
      if held[origin] != ownCount { held[origin] = ownCount }
      return held
    }
  }

  // MARK: Clients

  /// Adds a message. Returns its offset.
  mutating func append(_ message: JSONText, to key: String) -> Int {
    let log = logNumber(of: key)
    let first = logs[log].end + 1
    let offset = first + (place - first % replicaCount + replicaCount) % replicaCount
    streams[0].append(.message(log: log), offset)
    let entry = Kafka.Entry(offset, message)
    if replicaCount == 1 {
      logs[log].appendShown(entry)
    } else {
      logs[log].append(.init(entry: entry, stamp: .init(stream: 0, number: Int32(ownCount))))
    }
    return offset
  }

  /// What consumers of a key may have, from an offset on.
  func shown(_ key: String, from offset: Int, limit: Int) -> ArraySlice<Kafka.Entry> {
    guard let log = logNumbers[key] else { return [] }
    return logs[log].shown(from: offset, limit: limit)
  }

  /// The highest offset that consumers of a key may have, or -1.
  func shownEnd(_ key: String) -> Int {
    guard let log = logNumbers[key] else { return -1 }
    return logs[log].shownEnd
  }

  /// Raises a committed offset. Returns the number of the record that says so; nil if it was as high already: where a
  /// record is to be held by several, by this node's own word, for of the others' it is not known who holds them.
  mutating func commit(_ key: String, _ offset: Int) -> Int? {
    let log = logNumber(of: key)
    let number = logs[log].commitNumber
    let known = copies == 1 ? logs[log].committed : number > 0 ? streams[0].offsets[number - 1] : -1
    guard offset > known else { return nil }
    logs[log].committed = max(logs[log].committed, offset)
    if logs[log].commitNumber > sentCount {
      streams[0].revise(logs[log].commitNumber, offset)
    } else {
      streams[0].append(.commit(log: log), offset)
      logs[log].commitNumber = ownCount
    }
    return logs[log].commitNumber
  }

  /// The committed offset of a key as far as its messages are shown here, so that no consumer starts beyond them.
  func committed(_ key: String) -> Int? {
    guard let log = logNumbers[key] else { return nil }
    let offset = min(logs[log].committed, logs[log].shownEnd)
    return offset < 0 ? nil : offset
  }

  // MARK: Parts

  mutating func logNumber(of key: String) -> Int {
    if let number = logNumbers[key] { return number }
    logNumbers[key] = logs.count
    logs.append(KeyLog(key))
    return logs.count - 1
  }

  mutating func streamNumber(of origin: Origin) -> Int {
    if let number = streamNumbers[origin] { return number }
    streamNumbers[origin] = streams.count
    streams.append(LogStream(origin))
    // A new life of a node that is fenced off has no say either.
    if let fenced = fences[me]?[origin.node] { streams[streams.count - 1].limit = fenced[origin] }
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
    case .fence(let fence):
      streams[number].append(.fence(fence))
      note(fence, by: streams[number].origin.node)
    }
    return nil
  }

  /// Takes note of how much of a stream is held by now.
  mutating func count(stream number: Int) {
    if number > 0 { held[streams[number].origin] = streams[number].count }
    promises.grown(stream: number, streams)
  }
}
