internal import Glomers
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
  private var streamNumbers: [Origin: Int]
  var promises: Promises
  /// By node, whom it has fenced off, and how much of their streams it held then.
  var fences: [NodeID: [NodeID: VersionVector]] = [:]
  /// How many of those that this node has fenced off it does without.
  var closedCount = 0
  /// How many of this node's own records have been sent: those are not changed any more.
  var sentCount = 0

  init(_ cluster: Cluster, origin: Origin, copies: Int) {
    nodes = cluster.nodes
    me = cluster.me
    place = nodes.firstIndex(of: me)!
    self.copies = copies
    streams = [LogStream(origin)]
    streamNumbers = [origin: 0]
    promises = Promises(peerCount: nodes.count - 1)
  }

  /// How many records of every stream this replica holds.
  var version: VersionVector {
    var version = VersionVector()
    for stream in streams where stream.count > 0 { version[stream.origin] = stream.count }
    return version
  }

  // MARK: Clients

  /// Adds a message. Returns its offset.
  mutating func append(_ message: JSON, to key: String) -> Int {
    let log = logNumber(of: key)
    let first = logs[log].end + 1
    let offset = first + (place - first % replicaCount + replicaCount) % replicaCount
    streams[0].append(.message(log: log), offset)
    let stamp = KeyLog.Stamp(stream: 0, number: Int32(streams[0].count))
    logs[log].append(Kafka.Entry(offset, message), copies > 1 ? stamp : nil)
    if replicaCount == 1 { logs[log].showAll() }
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

  /// Raises a committed offset; one that is as high already stays.
  mutating func commit(_ key: String, _ offset: Int) {
    let log = logNumber(of: key)
    guard offset > logs[log].committed else { return }
    logs[log].committed = offset
    if logs[log].commitNumber > sentCount {
      streams[0].revise(logs[log].commitNumber, offset)
    } else {
      streams[0].append(.commit(log: log), offset)
      logs[log].commitNumber = streams[0].count
    }
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
}
