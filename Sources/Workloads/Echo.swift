public import Wire

/// Echo, between clients and nodes: the answer is what was said, to the byte.
public enum Echo: Equatable, Sendable {
  /// A client says something.
  case echo(JSONText)
  /// The same, as the node says it again.
  case echoOk(JSONText)
}

extension Echo: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "echo": self = .echo(try body.text("echo"))
    case "echo_ok": self = .echoOk(try body.text("echo"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .echo(let value):
      body.member("type", "echo")
      body.member("echo", value)
    case .echoOk(let value):
      body.member("type", "echo_ok")
      body.member("echo", value)
    }
  }
}
