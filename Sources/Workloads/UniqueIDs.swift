public import Glomers
public import Wire

/// Unique ids, between clients and nodes: no two answers may be the same, whoever gives them.
public enum UniqueIDs: Equatable, Sendable {
  /// A client asks for an id.
  case generate
  /// An id, of any kind of JSON, that no node has ever given before.
  case generateOk(id: JSON)
  /// The same with an id that is this text and this number behind it: who counts need not make a text of each. Is never
  /// read.
  case generateCounted(prefix: String, Int)

  /// What an answer gives.
  public var id: JSON? {
    switch self {
    case .generate: nil
    case .generateOk(let id): id
    case .generateCounted(let prefix, let number): .string(prefix + String(number))
    }
  }
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
    case .generateCounted(let prefix, let number):
      body.member("type", "generate_ok")
      body.key("id")
      body.string(prefix, number)
    }
  }
}
