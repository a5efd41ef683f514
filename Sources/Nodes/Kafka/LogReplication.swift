internal import Replication
internal import Glomers
internal import Workloads

/// What a peer has said that it holds.
struct Claim: Sendable {
  let peer: Int
  let origin: Origin
  var version: VersionVector
}

/// How replicas come to hold the same: each origin's records are a stream, of which a replica holds a prefix.
///
/// Everybody tells everybody: a period has up to N(N-1) messages between N nodes, each with a count for every origin, so
/// that its cost grows with N. Every record is counted once for every peer (`Promises.swift`).
extension ReplicatedLogs {
  /// What a replica at `version` lacks: of every stream, or of this node's own only.
  mutating func deltas(since version: VersionVector, ofAll: Bool) -> [Delta<LogGossip.Record>] {
    sentCount = ownCount
    return (ofAll ? streams[...] : streams.prefix(1)).compactMap { stream in
      let after = version[stream.origin]
      return after < stream.count ? delta(of: stream, after..<stream.count) : nil
    }
  }

  /// The records at these places of a stream.
  func delta(of stream: LogStream, _ places: Range<Int>) -> Delta<LogGossip.Record> {
    Delta(origin: stream.origin, after: places.lowerBound, entries: places.map { record(stream, at: $0) })
  }

  /// What is new in a delta; nil if that is nothing, or does not join on to what is held.
  mutating func news(in delta: Delta<LogGossip.Record>) -> Delta<LogGossip.Record>? {
    let number = streamNumber(of: delta.origin)
    let held = streams[number].count
    let wanted = streams[number].limit - held
    guard number != 0, delta.after <= held, wanted > 0, held - delta.after < delta.entries.count else {
      return nil
    }
    if delta.after == held, delta.entries.count <= wanted { return delta }
    let entries = delta.entries.dropFirst(held - delta.after).prefix(wanted)
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

  /// Takes in what the peer that has sent this says it holds. Returns what counts from now on, of this peer and of others.
  mutating func heard(_ gossip: LogGossip, from peer: Int) -> [Claim] {
    promises.heard(from: peer, gossip.origin)
    var claim = Claim(peer: peer, origin: gossip.origin, version: gossip.version)
    if let place = claims.firstIndex(where: { $0.peer == peer }) {
      let before = claims.remove(at: place)
      if before.origin == claim.origin { claim.version.merge(before.version) }
    }
    let open = claims + [claim]
    claims = open.filter { !isBacked($0) }
    return open.filter { isBacked($0) && heard($0.version, from: $0.peer) }
  }

  /// Whether all is here that a peer had assigned when it said what it holds: else lower offsets may still come.
  private func isBacked(_ claim: Claim) -> Bool {
    claim.version[claim.origin] <= streamNumbers[claim.origin].map { streams[$0].count } ?? 0
  }

  /// Takes in what a peer holds for certain. Returns whether that is more than was known.
  mutating func heard(_ version: VersionVector, from peer: Int) -> Bool {
    // Most say something of the same streams as whoever spoke before them.
    if version.origins != heardOrigins {
      heardOrigins = version.origins
      heardNumbers = version.origins.map { streamNumber(of: $0) }
    }
    return promises.heard(from: peer, version.counts, of: heardNumbers, streams)
  }

  /// Shows what may be shown by now. Returns what is to be stored, if it goes on without other nodes from now on.
  mutating func show() -> LogRecord? {
    let closing = closeFence()
    for log in promises.takeTouched() { show(log) }
    return closing
  }

  /// How many records of its own so many replicas hold, this one included.
  func ownCount(heldBy copies: Int) -> Int {
    copies == 1 ? ownCount : promises.count(stream: 0, heldBy: copies - 1)
  }

  mutating func show(_ log: Int) {
    let watermark = promises.watermark(of: log)
    logs[log].show(upTo: watermark) { [promises, copies] stamp in
      copies == 1 || promises.holderCount(stream: Int(stamp.stream), number: Int(stamp.number)) + 1 >= copies
    }
  }

  private func record(_ stream: LogStream, at place: Int) -> LogGossip.Record {
    let offset = stream.offsets[place]
    return switch stream[place] {
    case .message(let log):
      .message(key: logs[log].key, offset: offset, logs[log].entry(at: offset)!.message)
    case .commit(let log): .commit(key: logs[log].key, offset: offset)
    case .fence(let fence): .fence(fence)
    }
  }
}
