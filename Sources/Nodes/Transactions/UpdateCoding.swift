public import Replication
internal import Glomers
public import Wire
internal import Workloads

extension TransactionNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    self =
      type == "update" ? .update(try .init(from: body)) : .client(try Transactions(type: type, body: body))
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .update(let update): update.write(to: &body)
    }
  }
}

extension TransactionNode.Update {
  init(from body: JSONObject) throws(WireError) {
    let version = try VersionVector(from: body)
    // Far from overflow, so that a clock can always go on.
    guard version.sorted.allSatisfy({ $0.count < 1 << 53 }) else { throw .malformed("no such time") }
    let deltas = try CommitDelta.read(from: body)
    for delta in deltas {
      var last = delta.after
      for commit in delta.entries {
        guard commit.time > last, commit.time <= version[delta.origin] else {
          throw .malformed("the times of commits rise, up to the version")
        }
        last = commit.time
      }
    }
    self.init(deltas, version: version, wantsAnswer: try body.bool("wants_answer"))
  }

  func write(to body: inout JSONWriter) {
    body.member("type", "update")
    CommitDelta.write(deltas, to: &body)
    version.write(to: &body)
    body.member("wants_answer", wantsAnswer)
  }
}

/// `[time, key, value, key, value, …]`
extension Commit: DeltaEntry {
  public static func read(_ elements: JSONArray) throws(WireError) -> [Commit] {
    var commits: [Commit] = []
    commits.reserveCapacity(elements.count)
    for element in elements {
      guard let parts = element.array, parts.count % 2 == 1, let time = parts[0].integer else {
        throw .malformed("a commit is [time, key, value, …]")
      }
      var writes: [Write] = []
      writes.reserveCapacity(parts.count / 2)
      var rest = parts.makeIterator()
      _ = rest.next()
      while let key = rest.next(), let value = rest.next() {
        writes.append(Write(key: key.value, value: value.value))
      }
      commits.append(Commit(time: time, writes: writes))
    }
    return commits
  }

  public func write(to elements: inout JSONWriter) {
    elements.beginArray()
    elements.integer(time)
    for write in writes {
      elements.value(write.key)
      elements.value(write.value)
    }
    elements.endArray()
  }
}
