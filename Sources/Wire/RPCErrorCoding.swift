public import Glomers

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
