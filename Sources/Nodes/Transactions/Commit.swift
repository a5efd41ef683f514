public import Glomers
public import Replication
public import Wire

/// What is left of one transaction of an origin: its writes that no later one has overwritten.
public struct Commit: Equatable, Sendable {
  public struct Write: Equatable, Sendable {
    public let key: JSON
    public let value: JSON

    public init(key: JSON, value: JSON) {
      self.key = key
      self.value = value
    }
  }

  public let time: Int
  public let writes: [Write]

  public init(time: Int, writes: [Write]) {
    self.time = time
    self.writes = writes
  }
}

/// What an origin committed later than `after`, which is a time too, up to the time in the version that it comes with.
public typealias CommitDelta = Delta<Commit>

/// What a transaction node stores: everything that it knows, but for updates that came before what they rest on.
///
/// Nothing leaves a node before what it rests on is stored, so no peer knows more of a node than its log does, unless the
/// log is an older copy of what it was.
public enum CommitRecord: Equatable, Sendable {
  /// The stream to which the node's own transactions belong from here on.
  case origin(Incarnation)
  /// A transaction of its own.
  case own(Commit)
  /// The writes of a transaction of its own that has no stamp yet.
  case unstamped([Commit.Write])
  /// The transactions that had no stamp, with their stamps.
  case stamped([Commit])
  /// What it has taken in at once: the same at its recovery, so that no transaction is ever there in part.
  case merged([CommitDelta], VersionVector)
}

/// `{"own": [[time, key, value, …]]}`, `{"unstamped": [[0, key, value, …]]}`, `{"stamped": [[time, key, value, …], …]}`,
/// `{"deltas": [delta, …], "version": …}` or `{"origin": …}`
extension CommitRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if let own = try record.optionalArray("own") {
      let commits = try Commit.read(own)
      guard commits.count == 1 else { throw .malformed("own is one commit") }
      self = .own(commits[0])
    } else if let unstamped = try record.optionalArray("unstamped") {
      let commits = try Commit.read(unstamped)
      guard commits.count == 1 else { throw .malformed("unstamped is one commit") }
      self = .unstamped(commits[0].writes)
    } else if let stamped = try record.optionalArray("stamped") {
      self = .stamped(try Commit.read(stamped))
    } else if record.optionalElement("deltas") != nil {
      self = .merged(try CommitDelta.read(from: record), try VersionVector(from: record))
    } else {
      self = .origin(Incarnation(name: try record.string("origin")))
    }
  }

  public func write(to record: inout JSONWriter) {
    switch self {
    case .origin(let origin): record.member("origin", origin.name)
    case .own(let commit):
      record.key("own")
      Self.write([commit], to: &record)
    case .unstamped(let writes):
      record.key("unstamped")
      Self.write([Commit(time: 0, writes: writes)], to: &record)
    case .stamped(let commits):
      record.key("stamped")
      Self.write(commits, to: &record)
    case .merged(let deltas, let version):
      CommitDelta.write(deltas, to: &record)
      version.write(to: &record)
    }
  }

  private static func write(_ commits: [Commit], to record: inout JSONWriter) {
    record.beginArray()
    for commit in commits { commit.write(to: &record) }
    record.endArray()
  }
}
