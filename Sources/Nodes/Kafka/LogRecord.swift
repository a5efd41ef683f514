public import Replication
public import Glomers
public import Wire

/// What a kafka node stores: that is all it knows, but for who waits, and what is under way.
///
/// Nothing leaves a node before what it rests on is stored. So no peer knows more of a node than its log does, and in
/// its next life the node goes on where it was: it keeps its origin and numbers on, and what it has said that it holds,
/// and thereby promised, it still holds.
public enum LogRecord: Equatable, Sendable {
  /// What this node is called in version vectors, in all its lives.
  case origin(Origin)
  /// A record of its own, with its number. A commit may take the place of one that nobody has seen yet.
  case own(Int, LogGossip.Record)
  /// Records of others that it has taken in; in a checkpoint its own as well.
  case delta(Delta<LogGossip.Record>)
  /// What a peer has said that it holds.
  case heard(NodeID, Origin, VersionVector)
  /// The survivors go on without others.
  case closed(Closing)
}

/// `{"own": number, "record": […]}`, `{"delta": …}`, `{"heard": node, "origin": …, "version": …}`, `{"origin": …}` or
/// `{"closed": [node, …], "version": …}`
extension LogRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if let number = try record.optionalInteger("own") {
      let records = try LogGossip.Record.read(record.array("record"))
      guard number > 0, records.count == 1 else { throw .malformed("own is the number of one record") }
      self = .own(number, records[0])
    } else if record.optionalElement("delta") != nil {
      self = .delta(try Delta(record: record))
    } else if record.optionalElement("closed") != nil {
      let nodes = try record.strings("closed").map { NodeID($0) }
      self = .closed(Closing(nodes: nodes, final: try VersionVector(from: record)))
    } else {
      let origin = Origin(name: try record.string("origin"))
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
    case .closed(let closing):
      record.member("closed", closing.nodes.map(\.name))
      closing.final.write(to: &record)
    case .heard(let peer, let origin, let version):
      record.member("heard", peer.name)
      record.member("origin", origin.name)
      version.write(to: &record)
    }
  }
}
