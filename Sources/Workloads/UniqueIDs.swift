public import Glomers
public import Wire

/// Unique ids, between clients and nodes: no two answers may be the same, whoever gives them.
public enum UniqueIDs: Equatable, Sendable {
  /// A client asks for an id.
  case generate
  /// An id, of any kind of JSON, that no node has ever given before.
  case generateOk(id: JSON)
}

extension UniqueIDs: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "generate": self = .generate
    case "generate_ok": self = .generateOk(id: try body.value("id"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .generate: body.member("type", "generate")
    case .generateOk(let id):
      body.member("type", "generate_ok")
      body.member("id", id)
    }
  }
}
