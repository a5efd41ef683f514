public import Glomers
public import Wire

/// What clients and other nodes say to a service that is a node.
public enum ServiceMessage: Equatable, Sendable {
  case client(KV)
  /// Asks for a session in which this life of the sender can pass on requests.
  case bind(life: Int)
  case bound(life: Int, session: Int)
  case passOn(KV, ServiceCall)
  /// How a call went that has been carried out. Such an error is definite if its code is.
  case carriedOut(Outcome<KV>, ServiceCall)
  /// The session is closed: this copy of the call was not carried out.
  case closed(ServiceCall)
}

/// Names a request that is passed on, for ever: no other call is given its name, in this life of the node or in another.
public struct ServiceCall: Hashable, Sendable {
  public let session: Int
  /// From 1.
  public let number: Int

  public init(session: Int, number: Int) {
    self.session = session
    self.number = number
  }
}

extension ServiceMessage: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "bind": self = .bind(life: try body.integer("life"))
    case "bound": self = .bound(life: try body.integer("life"), session: try body.integer("session"))
    case "pass_on": self = .passOn(try Self.kv("request", in: body), try ServiceCall(from: body))
    case "carried_out":
      let call = try ServiceCall(from: body)
      if let code = try body.optionalInteger("code") {
        self = .carriedOut(.failure(RPCError(code: code, text: try body.string("text"))), call)
      } else {
        self = .carriedOut(.success(try Self.kv("answer", in: body)), call)
      }
    case "closed": self = .closed(try ServiceCall(from: body))
    default: self = .client(try KV(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .bind(let life):
      body.member("type", "bind")
      body.member("life", life)
    case .bound(let life, let session):
      body.member("type", "bound")
      body.member("life", life)
      body.member("session", session)
    case .passOn(let request, let call):
      body.member("type", "pass_on")
      body.key("request")
      Self.write(request, to: &body)
      call.write(to: &body)
    case .carriedOut(.success(let answer), let call):
      body.member("type", "carried_out")
      body.key("answer")
      Self.write(answer, to: &body)
      call.write(to: &body)
    case .carriedOut(.failure(let error), let call):
      body.member("type", "carried_out")
      body.member("code", error.code)
      body.member("text", error.text)
      call.write(to: &body)
    case .closed(let call):
      body.member("type", "closed")
      call.write(to: &body)
    }
  }

  private static func kv(_ key: String, in body: JSONObject) throws(WireError) -> KV {
    let object = try body.object(key)
    return try KV(type: object.string("type"), body: object)
  }

  private static func write(_ message: KV, to body: inout JSONWriter) {
    body.beginObject()
    message.write(to: &body)
    body.endObject()
  }
}

/// On the wire: the members `"session"` and `"number"`
extension ServiceCall {
  fileprivate init(from body: JSONObject) throws(WireError) {
    self.init(session: try body.integer("session"), number: try body.integer("number"))
  }

  fileprivate func write(to body: inout JSONWriter) {
    body.member("session", session)
    body.member("number", number)
  }
}
