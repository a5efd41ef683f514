public import Glomers
public import Wire

/// A grow-only set, between clients and nodes: every element added anywhere is to be read everywhere in the end.
public enum GSet: Equatable, Sendable {
  /// A client adds an element.
  case add(JSON)
  /// The node has the element, and may not lose it.
  case addOk
  /// A client asks for all elements.
  case read
  /// All elements that the node shows, in any order. On the wire they are `value`.
  case readOk([JSON])
}

extension GSet: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "add": self = .add(try body.value("element"))
    case "add_ok": self = .addOk
    case "read": self = .read
    case "read_ok": self = .readOk(try body.values("value"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .add(let element):
      body.member("type", "add")
      body.member("element", element)
    case .addOk: body.member("type", "add_ok")
    case .read: body.member("type", "read")
    case .readOk(let elements):
      body.member("type", "read_ok")
      body.member("value", elements)
    }
  }
}
