public import Glomers

/// A line whose addresses are read, and whose body is not yet.
///
/// The body is a view: valid until the document that read it parses again.
public struct Frame {
  public let source: NodeID
  public let destination: NodeID
  /// The sender's `msg_id`, where an answer is wanted.
  public let id: Int?
  /// The `msg_id` that this answers.
  public let inReplyTo: Int?
  public let type: String
  public let body: JSONObject
}

/// A line that is no message, and what could be made out of it: enough to tell its sender, if there is an id.
public struct Rejection: Error, Equatable, Sendable {
  public let error: RPCError
  public let source: NodeID?
  public let destination: NodeID?
  public let id: Int?
  /// Whether the line answers something: answers are not answered, not even with an error.
  public let isReply: Bool

  public init(
    _ error: WireError, from source: NodeID? = nil, to destination: NodeID? = nil, id: Int? = nil,
    isReply: Bool = false
  ) {
    self.error = error.rpcError
    self.source = source
    self.destination = destination
    self.id = id
    self.isReply = isReply
  }
}

extension JSONDocument {
  /// Reads a line as far as its addresses: `src` and `dest`, and the body's `type`, `msg_id` and `in_reply_to`.
  public func frame(_ line: UnsafeRawBufferPointer) throws(Rejection) -> Frame {
    let object: JSONObject
    do {
      object = try parse(line)
    } catch {
      throw salvage(line, error)
    }
    do {
      let body = try object.object("body")
      return Frame(
        source: NodeID(try object.string("src")), destination: NodeID(try object.string("dest")),
        id: try body.optionalInteger("msg_id"), inReplyTo: try body.optionalInteger("in_reply_to"),
        type: try body.string("type"), body: body)
    } catch {
      throw Rejection(error, wreck: object)
    }
  }

  /// Reads a line as far as its addresses.
  public func frame(_ line: [UInt8]) throws(Rejection) -> Frame {
    try line.withUnsafeBytes { bytes in Result { () throws(Rejection) in try frame(bytes) } }.get()
  }
}

extension Rejection {
  /// What can be made out of an object that is JSON but no message.
  init(_ error: WireError, wreck: JSONObject) {
    let body = wreck.optionalElement("body")?.object
    let inReplyTo = body?.optionalElement("in_reply_to")
    self.init(
      error, from: wreck.optionalElement("src")?.string.map { NodeID($0) },
      to: wreck.optionalElement("dest")?.string.map { NodeID($0) },
      id: body?.optionalElement("msg_id")?.integer,
      isReply: inReplyTo.map { !$0.isNull } ?? false)
  }

  init(_ error: WireError, _ frame: Frame) {
    self.init(
      error, from: frame.source, to: frame.destination, id: frame.id, isReply: frame.inReplyTo != nil)
  }
}

extension JSONWriter {
  /// Writes a whole envelope as one JSON text, without the end of the line.
  public mutating func envelope<Message: WireMessage>(
    from source: NodeID, to destination: NodeID, id: Int? = nil, inReplyTo: Int? = nil, _ message: Message
  ) {
    beginEnvelope(from: source, to: destination)
    message.write(to: &self)
    endEnvelope(id: id, inReplyTo: inReplyTo)
  }

  mutating func beginEnvelope(from source: NodeID, to destination: NodeID) {
    beginObject()
    member("src", source.name)
    member("dest", destination.name)
    key("body")
    beginObject()
  }

  mutating func endEnvelope(id: Int?, inReplyTo: Int?) {
    if let id { member("msg_id", id) }
    if let inReplyTo { member("in_reply_to", inReplyTo) }
    endObject()
    endObject()
  }
}
