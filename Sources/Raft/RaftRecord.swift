public import Glomers
public import Wire

/// What a node stores (figure 3.1's persistent state), each record before anything that rests on it is said: the host
/// holds back all effects of a turn until its records are stored.
public enum RaftRecord<Machine: StateMachine>: Equatable, Sendable {
  /// The node has been started so often, in a cluster of these nodes; none where an earlier version wrote it.
  case life(Int, cluster: [NodeID])
  case vote(term: Int, candidate: NodeID?)
  /// These entries follow the one at an index; whatever followed it before is void.
  case entries(after: Int, [Entry<Machine.Message>])
  /// A snapshot begins: its pieces follow, and then its end. Without the end it counts for nothing.
  case snapshot(SnapshotHeader)
  case piece(Machine.Piece)
  /// The snapshot is whole. It takes the place of the state machine, and of all entries.
  case snapshotEnd(index: Int)
}

/// Objects with a member that names the form: `"life"`, `"vote"`, `"after"`, `"snapshot"`, `"piece"` or `"end"`
extension RaftRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if record.optionalElement("after") != nil {
      self = .entries(after: try record.count("after"), try Entry.read("entries", of: record))
    } else if record.optionalElement("vote") != nil {
      self = .vote(
        term: try record.count("vote"), candidate: try record.optionalString("candidate").map { NodeID($0) })
    } else if record.optionalElement("life") != nil {
      let names = record.optionalElement("cluster") == nil ? [] : try record.strings("cluster")
      self = .life(try record.count("life"), cluster: names.map { NodeID($0) })
    } else if let object = try record.optionalObject("snapshot") {
      self = .snapshot(try SnapshotHeader(from: object))
    } else if let object = try record.optionalObject("piece") {
      self = .piece(try Machine.Piece(record: object))
    } else {
      self = .snapshotEnd(index: try record.count("end"))
    }
  }

  public func write(to record: inout JSONWriter) {
    switch self {
    case .life(let number, let cluster):
      record.member("life", number)
      if !cluster.isEmpty { record.member("cluster", cluster.map(\.name)) }
    case .vote(let term, let candidate):
      record.member("vote", term)
      if let candidate { record.member("candidate", candidate.name) }
    case .entries(let index, let entries):
      record.member("after", index)
      Entry.write(entries, "entries", to: &record)
    case .snapshot(let header):
      record.key("snapshot")
      record.beginObject()
      header.write(to: &record)
      record.endObject()
    case .piece(let piece):
      record.key("piece")
      piece.write(asObjectTo: &record)
    case .snapshotEnd(let index): record.member("end", index)
    }
  }
}
