public import Wire

/// A counter, between clients and nodes: in the end everybody is to read the sum of all that was added anywhere. To a
/// grow-only counter (`g-counter`) nothing negative is added, to the other kind (`pn-counter`) anything.
public enum Counter: Equatable, Sendable {
  /// A client adds to the counter. On the wire it is `delta`.
  case add(Int)
  /// The node has counted it, and may not lose it.
  case addOk
  /// A client asks for the sum.
  case read
  /// The sum that the node shows. On the wire it is `value`.
  case readOk(Int)
}

extension Counter: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "add": self = .add(try body.integer("delta"))
    case "add_ok": self = .addOk
    case "read": self = .read
    case "read_ok": self = .readOk(try body.integer("value"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .add(let delta):
      body.member("type", "add")
      body.member("delta", delta)
    case .addOk: body.member("type", "add_ok")
    case .read: body.member("type", "read")
    case .readOk(let value):
      body.member("type", "read_ok")
      body.member("value", value)
    }
  }
}
