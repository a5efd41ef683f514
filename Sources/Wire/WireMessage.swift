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
