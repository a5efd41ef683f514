public import Glomers
public import Replication
public import Wire
internal import Workloads

/// What a kafka node stores: that is all it knows, but for who waits, and what is under way.
///
/// Nothing leaves a node before what it rests on is stored. So no peer knows more of a node than its data directory does:
/// a node that comes back still holds what it has said that it holds, and thereby promised. If all peers answer, it goes on
/// with its stream and its numbers. If one does not, it begins a new stream all the same
/// (``Dissemination/settle(holding:at:)``).
public enum LogRecord: Equatable, Sendable {
  /// The stream to which this node adds from here on: stored whenever that is settled.
  case origin(Incarnation)
  /// A record of its own, with its number. A commit may take the place of one that nobody has seen yet.
  case own(Int, LogGossip.Record)
  /// Records of others that it has taken in; in a checkpoint its own as well.
  case delta(Delta<LogGossip.Record>)
  /// What a peer has said that it holds.
  case heard(NodeID, Incarnation, VersionVector)
}

/// `{"own": number, "record": […]}`, `{"delta": …}`, `{"heard": node, "origin": …, "version": …}` or `{"origin": …}`
extension LogRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if let number = try record.optionalInteger("own") {
      let records = try LogGossip.Record.read(record.array("record"))
      guard number > 0, records.count == 1 else { throw .malformed("own is the number of one record") }
      self = .own(number, records[0])
    } else if record.optionalElement("delta") != nil {
      self = .delta(try Delta(record: record))
    } else {
      let origin = Incarnation(name: try record.string("origin"))
      self =
        if let peer = try record.optionalString("heard") {
          .heard(NodeID(peer), origin, try VersionVector(from: record))
        } else {
          .origin(origin)
        }
    }
  }

  public func write(to record: inout JSONWriter) {
    switch self {
    case .origin(let origin): record.member("origin", origin.name)
    case .own(let number, let own):
      record.member("own", number)
      record.key("record")
      record.beginArray()
      own.write(to: &record)
      record.endArray()
    case .delta(let delta): delta.write(to: &record)
    case .heard(let peer, let origin, let version):
      record.member("heard", peer.name)
      record.member("origin", origin.name)
      version.write(to: &record)
    }
  }
}

/// How a replica comes back with what it has stored.
extension ReplicatedLogs {
  /// How many records of a stream stand together in a checkpoint.
  private static var pieceSize: Int { 1000 }

  /// Takes in what was stored, in the order in which it was.
  mutating func recover(_ records: [LogRecord]) {
    for record in records {
      switch record {
      case .origin(let origin): own = streamNumber(of: origin)
      case .own(let number, .commit(let key, let offset)) where number <= ownCount:
        streams[own].revise(number, offset)
        let log = logNumber(of: key)
        logs[log].committed = max(logs[log].committed, offset)
      case .own(_, let record): restore(record, own)
      case .delta(let delta):
        let number = streamNumber(of: delta.origin)
        for entry in delta.entries { restore(entry, number) }
      case .heard(let node, let origin, let version):
        // The order tells nothing of what was here when it was said: that is counted in the end.
        guard let peer = nodes.filter({ $0 != me }).firstIndex(of: node) else { continue }
        promises.heard(from: peer, origin)
        _ = heard(version, from: peer)
      }
    }
    for log in logs.indices { logs[log].sortCollected() }
    for number in streams.indices { count(stream: number) }
    // Any of it may have been sent.
    sentCount = ownCount
    for log in logs.indices { show(log) }
  }

  private mutating func restore(_ record: LogGossip.Record, _ number: Int) {
    if let (log, arrival) = append(record, to: number) { logs[log].collect(arrival) }
  }

  /// Records that stand for all that is here.
  var checkpoint: [LogRecord] {
    var records: [LogRecord] = [.origin(origin)]
    for stream in streams {
      for start in stride(from: 0, to: stream.count, by: Self.pieceSize) {
        records.append(.delta(delta(of: stream, start..<min(start + Self.pieceSize, stream.count))))
      }
    }
    for (peer, node) in nodes.filter({ $0 != me }).enumerated() {
      guard let (origin, counts) = promises.said(by: peer) else { continue }
      let version = VersionVector(origins: streams.prefix(counts.count).map(\.origin), counts: counts)
      records.append(.heard(node, origin, version))
    }
    return records
  }
}
