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
    self.init(
      try CommitDelta.read(from: body, version), version: version, wantsAnswer: try body.bool("wants_answer"))
  }

  func write(to body: inout JSONWriter) {
    body.member("type", "update")
    CommitDelta.write(deltas, to: &body)
    version.write(to: &body)
    body.member("wants_answer", wantsAnswer)
  }
}

/// `"deltas": [[origin, after, [[time, key, value, key, value, …], …]], …]`, times ascending.
extension CommitDelta {
  static func read(from body: JSONObject, _ version: VersionVector) throws(WireError) -> [CommitDelta] {
    var deltas: [CommitDelta] = []
    for element in try body.array("deltas") {
      guard let parts = element.array, parts.count == 3, let name = parts[0].string,
        let after = parts[1].integer, after >= 0, let elements = parts[2].array
      else { throw .malformed("a delta is [origin, after, commits]") }
      let origin = Origin(name: name)
      var commits: [Commit] = []
      for element in elements {
        guard let commit = Commit(element), commit.time > commits.last?.time ?? after,
          commit.time <= version[origin]
        else { throw .malformed("a commit is [time, key, value, …]") }
        commits.append(commit)
      }
      deltas.append(CommitDelta(origin: origin, after: after, commits: commits))
    }
    return deltas
  }

  static func write(_ deltas: [CommitDelta], to body: inout JSONWriter) {
    body.key("deltas")
    body.beginArray()
    for delta in deltas {
      body.beginArray()
      body.string(delta.origin.name)
      body.integer(delta.after)
      body.beginArray()
      for commit in delta.commits { commit.write(to: &body) }
      body.endArray()
      body.endArray()
    }
    body.endArray()
  }
}

extension Commit {
  fileprivate init?(_ element: JSONElement) {
    guard let parts = element.array, parts.count % 2 == 1, let time = parts[0].integer else { return nil }
    let writes = stride(from: 1, to: parts.count, by: 2).map {
      Write(key: parts[$0].value, value: parts[$0 + 1].value)
    }
    self.init(time: time, writes: writes)
  }

  fileprivate func write(to body: inout JSONWriter) {
    body.beginArray()
    body.integer(time)
    for write in writes {
      body.value(write.key)
      body.value(write.value)
    }
    body.endArray()
  }
}
