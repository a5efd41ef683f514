internal import Glomers
public import Wire
internal import Workloads

extension LogGossip {
  static let type = "kafka_push"

  init(body: JSONObject) throws(WireError) {
    self.init(
      origin: Origin(name: try body.string("origin")), deltas: try Self.deltas(body),
      version: try VersionVector(from: body), wantsAnswer: try body.bool("wants_answer"))
  }

  func write(to body: inout JSONWriter) {
    body.member("type", Self.type)
    body.member("origin", origin.name)
    body.key("deltas")
    body.beginArray()
    for delta in deltas {
      body.beginArray()
      body.string(delta.origin.name)
      body.integer(delta.after)
      body.beginArray()
      for record in delta.records { record.write(to: &body) }
      body.endArray()
      body.endArray()
    }
    body.endArray()
    version.write(to: &body)
    body.member("wants_answer", wantsAnswer)
  }

  /// `"deltas": [[origin, after, [record, …]], …]`
  private static func deltas(_ body: JSONObject) throws(WireError) -> [Delta] {
    var deltas: [Delta] = []
    for element in try body.array("deltas") {
      guard let parts = element.array, parts.count == 3, let origin = parts[0].string,
        let after = parts[1].integer, after >= 0, let elements = parts[2].array
      else { throw .malformed("a delta is [origin, after, records]") }
      deltas.append(
        Delta(origin: Origin(name: origin), after: after, records: try Record.read(elements)))
    }
    return deltas
  }
}

/// A message is `key, offset, message`, a commit `key, -1 - offset`, a fence `node, {origin: count, …}`; one follows the other without brackets, which
/// would only cost time.
extension LogGossip.Record {
  static func read(_ elements: JSONArray) throws(WireError) -> [LogGossip.Record] {
    var records: [LogGossip.Record] = []
    records.reserveCapacity(elements.count / 3 + 1)
    var next = 0
    while next < elements.count {
      guard next + 1 < elements.count, let key = elements[next].string else {
        throw .malformed("a record begins with a key or a node")
      }
      if let held = elements[next + 1].object {
        records.append(.fence(Fence(node: NodeID(key), held: try VersionVector(counts: held))))
        next += 2
        continue
      }
      guard let offset = elements[next + 1].integer else {
        throw .malformed("a key is followed by an offset")
      }
      if offset < 0 {
        records.append(.commit(key: key, offset: -1 - offset))
        next += 2
      } else if next + 2 < elements.count {
        records.append(.message(key: key, offset: offset, elements[next + 2].value))
        next += 3
      } else {
        throw .malformed("the last record lacks its message")
      }
    }
    return records
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .message(let key, let offset, let message):
      body.string(key)
      body.integer(offset)
      body.value(message)
    case .commit(let key, let offset):
      body.string(key)
      body.integer(-1 - offset)
    case .fence(let fence):
      body.string(fence.node.name)
      fence.held.writeCounts(to: &body)
    }
  }
}

extension KafkaNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    self =
      if type == LogGossip.type {
        .peer(try LogGossip(body: body))
      } else {
        .client(try Kafka(type: type, body: body))
      }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let gossip): gossip.write(to: &body)
    }
  }
}

extension VersionVector {
  /// `{origin: count, …}`
  fileprivate init(counts: JSONObject) throws(WireError) {
    self.init()
    for (origin, element) in counts.members {
      guard let count = element.integer, count >= 0 else {
        throw .malformed("what is held of \(origin) must be a count")
      }
      self[Origin(name: origin)] = count
    }
  }

  fileprivate func writeCounts(to body: inout JSONWriter) {
    body.beginObject()
    for (origin, count) in sorted { body.member(origin.name, count) }
    body.endObject()
  }
}
