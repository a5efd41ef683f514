public import Glomers
public import Replication
public import Wire
internal import Workloads

/// What kafka nodes say to each other: records, and how much of every stream the sender holds. A sender never again assigns
/// an offset at or below any that it holds.
public struct LogGossip: Equatable, Sendable {
  /// One thing that happened at a node.
  public enum Record: Equatable, Sendable {
    case message(key: JSONName, offset: Int, JSONText)
    case commit(key: JSONName, offset: Int)
  }

  public let deltas: [Delta<Record>]
  public let advertisement: Advertisement

  public init(_ deltas: [Delta<Record>], _ advertisement: Advertisement) {
    self.deltas = deltas
    self.advertisement = advertisement
  }
}

extension LogGossip {
  static let type = "kafka_push"

  init(body: JSONObject) throws(WireError) {
    self.init(try Delta.read(from: body), try Advertisement(from: body))
  }

  func write(to body: inout JSONWriter) {
    body.member("type", Self.type)
    Delta.write(deltas, to: &body)
    advertisement.write(to: &body)
  }
}

extension LogGossip.Record {
  /// An upper bound of the length on the wire, in bytes, for keys without characters that are escaped.
  var encodedBytes: Int {
    switch self {
    case .message(let key, _, let message): key.stored.utf8.count + message.count + 24
    case .commit(let key, _): key.stored.utf8.count + 24
    }
  }
}

/// A message is `key, offset, message`, a commit `key, -1 - offset`; one follows the other without brackets, which would
/// only cost time.
extension LogGossip.Record: DeltaEntry {
  public static func read(_ elements: JSONArray) throws(WireError) -> [LogGossip.Record] {
    var records: [LogGossip.Record] = []
    records.reserveCapacity(elements.count / 3 + 1)
    var rest = elements.makeIterator()
    while let first = rest.next() {
      guard let key = first.name, let second = rest.next() else {
        throw .malformed("a record begins with a key, and goes on")
      }
      // Nobody has as many messages, and what is added to it stays far from overflow.
      guard let offset = second.integer, -(1 << 53)..<(1 << 53) ~= offset else {
        throw .malformed("a key is followed by an offset")
      }
      if offset < 0 {
        records.append(.commit(key: key, offset: -1 - offset))
      } else if let message = rest.next() {
        records.append(.message(key: key, offset: offset, message.text))
      } else {
        throw .malformed("the last record lacks its message")
      }
    }
    return records
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .message(let key, let offset, let message):
      body.string(key)
      body.integer(offset)
      body.text(message)
    case .commit(let key, let offset):
      body.string(key)
      body.integer(-1 - offset)
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
