public import Replication
internal import Glomers
public import Wire

/// What a transaction node stores: that is all it knows, but for updates that came before what they rest on.
///
/// Nothing leaves a node before what it rests on is stored. So no peer knows more of a node than its log does, and in
/// its next life the node goes on where it was, under the same origin.
public enum CommitRecord: Equatable, Sendable {
  /// What this node is called in version vectors, in all its lives.
  case origin(Origin)
  /// A transaction of its own.
  case own(Commit)
  /// What it has taken in at once: the same at its recovery, so that no transaction is ever there in part.
  case merged([CommitDelta], VersionVector)
}

/// `{"own": [[time, key, value, …]]}`, `{"deltas": [delta, …], "version": …}` or `{"origin": …}`
extension CommitRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if let own = try record.optionalArray("own") {
      let commits = try Commit.read(own)
      guard commits.count == 1 else { throw .malformed("own is one commit") }
      self = .own(commits[0])
    } else if record.optionalElement("deltas") != nil {
      self = .merged(try CommitDelta.read(from: record), try VersionVector(from: record))
    } else {
      self = .origin(Origin(name: try record.string("origin")))
    }
  }

  public func write(to record: inout JSONWriter) {
    switch self {
    case .origin(let origin): record.member("origin", origin.name)
    case .own(let commit):
      record.key("own")
      record.beginArray()
      commit.write(to: &record)
      record.endArray()
    case .merged(let deltas, let version):
      CommitDelta.write(deltas, to: &record)
      version.write(to: &record)
    }
  }
}
