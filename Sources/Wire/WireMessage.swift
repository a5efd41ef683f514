public import Glomers

/// A message that can be read from the body of an envelope and written to one.
///
/// `type`, and with it the vocabulary, is the message's own; `msg_id` and `in_reply_to` are the codec's.
public protocol WireMessage: Equatable, Sendable {
  /// Reads a message; throws ``WireError/unknownType(_:)`` for a type that is not in the vocabulary.
  ///
  /// `body` is valid only during this call.
  init(type: String, body: JSONObject) throws(WireError)

  /// Writes `type` and the message's own members into an object that is already open.
  func write(to body: inout JSONWriter)
}

extension RPCError: WireMessage {
  /// An error without a text has an empty one.
  public init(type: String, body: JSONObject) throws(WireError) {
    guard type == "error" else { throw .unknownType(type) }
    self.init(code: try body.integer("code"), text: try body.optionalString("text") ?? "")
  }

  public func write(to body: inout JSONWriter) {
    body.member("type", "error")
    body.member("code", code)
    body.member("text", text)
  }
}

extension KV: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "read": self = .read(key: try body.value("key"))
    case "read_ok": self = .readOk(value: try body.value("value"))
    case "write": self = .write(key: try body.value("key"), value: try body.value("value"))
    case "write_ok": self = .writeOk
    case "cas":
      self = .cas(
        key: try body.value("key"), from: try body.value("from"), to: try body.value("to"),
        createIfNotExists: try body.optionalBool("create_if_not_exists") ?? false)
    case "cas_ok": self = .casOk
    case "ts": self = .ts
    case "ts_ok": self = .tsOk(ts: try body.integer("ts"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .read(let key):
      body.member("type", "read")
      body.member("key", key)
    case .readOk(let value):
      body.member("type", "read_ok")
      body.member("value", value)
    case .write(let key, let value):
      body.member("type", "write")
      body.member("key", key)
      body.member("value", value)
    case .writeOk: body.member("type", "write_ok")
    case .cas(let key, let from, let to, let createIfNotExists):
      body.member("type", "cas")
      body.member("key", key)
      body.member("from", from)
      body.member("to", to)
      if createIfNotExists { body.member("create_if_not_exists", true) }
    case .casOk: body.member("type", "cas_ok")
    case .ts: body.member("type", "ts")
    case .tsOk(let ts):
      body.member("type", "ts_ok")
      body.member("ts", ts)
    }
  }
}
