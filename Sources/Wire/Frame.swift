import CGlomers
public import Glomers

/// A line whose addresses are read, and whose body is not yet.
///
/// The body is a view: valid until the document that read it parses again.
public struct Frame {
  /// Who sent it.
  public let source: NodeID
  /// To whom it is addressed.
  public let destination: NodeID
  /// The sender's `msg_id`, where an answer is wanted.
  public let id: Int?
  /// The `msg_id` that this answers.
  public let inReplyTo: Int?
  /// The body's `type`.
  public let type: String
  /// The body: valid until the document that read it parses again.
  public let body: JSONObject
  /// Whether the type is one of the codec's own.
  let role: Role

  enum Role: UInt32 {
    case other, initialize, initializeOk, error

    init(_ type: String) {
      switch type {
      case "init": self = .initialize
      case "init_ok": self = .initializeOk
      case "error": self = .error
      default: self = .other
      }
    }
  }
}

/// Where the parts of a message are that answers nothing, as nearly all are: a ``Frame`` without a copy of its names.
///
/// Valid until the document that read it parses again.
struct Heading {
  let names: UnsafePointer<Names>
  let body: UInt32
  let id: Int?
}

/// A line that is no message, and what could be made out of it: enough to tell its sender, if there is an id.
public struct Rejection: Error, Equatable, Sendable {
  /// What is wrong with the line: what its sender is told.
  public let error: RPCError
  /// Who sent it, where that can be read.
  public let source: NodeID?
  /// To whom it is addressed, where that can be read.
  public let destination: NodeID?
  /// The sender's `msg_id`, where there is one that can be read.
  public let id: Int?
  /// Whether the line answers something: answers are not answered, not even with an error.
  public let isReply: Bool

  /// - Parameters:
  ///   - error: what is wrong with the line.
  ///   - id: the sender's `msg_id`, where there is one.
  ///   - isReply: whether the line answers something.
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
    try frame(line, isOnTape: readOntoTape(line, any: false))
  }

  /// - Parameter isOnTape: what ``readOntoTape(_:any:)`` has said to this line.
  func frame(_ line: UnsafeRawBufferPointer, isOnTape: Bool) throws(Rejection) -> Frame {
    let element: JSONElement
    if isOnTape {
      if let header = glomers_tape_header(tape) { return frame(header) }
      element = JSONElement(view: view(0))
    } else {
      do {
        element = try readWithJansson(line, any: false)
      } catch {
        throw salvage(line, error)
      }
    }
    guard let object = element.object else {
      throw Rejection(.malformed("a message must be an object, not \(element.view.place.kind.name)"))
    }
    do {
      let body = try object.object("body")
      let type = try body.string("type")
      return Frame(
        source: NodeID(try object.string("src")), destination: NodeID(try object.string("dest")),
        id: try body.optionalInteger("msg_id"), inReplyTo: try body.optionalInteger("in_reply_to"),
        type: type, body: body, role: Frame.Role(type))
    } catch {
      throw Rejection(error, wreck: object)
    }
  }

  /// The addresses of the line on the tape, if it is a message of the usual shape, of none of the codec's own types,
  /// that answers nothing.
  func heading() -> Heading? {
    guard let header = glomers_tape_header(tape), header.pointee.in_reply_to == 0,
      header.pointee.role == Frame.Role.other.rawValue
    else { return nil }
    return Heading(names: names(header), body: header.pointee.body, id: integer(header.pointee.id))
  }

  /// The integer of that token; nil for no token.
  @inline(__always)
  private func integer(_ token: UInt32) -> Int? {
    token == 0 ? nil : TapeValue(tape: tape, index: token).integer
  }

  func object(_ token: UInt32) -> JSONObject { JSONObject(view: view(token)) }

  /// A message of the usual shape.
  private func frame(_ header: UnsafeMutablePointer<glomers_header>) -> Frame {
    let names = names(header).pointee
    return Frame(
      source: NodeID(names.source), destination: NodeID(names.destination), id: integer(header.pointee.id),
      inReplyTo: integer(header.pointee.in_reply_to), type: names.type, body: object(header.pointee.body),
      role: Frame.Role(rawValue: header.pointee.role).unsafelyUnwrapped)
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
    beginEnvelope(from: source.name, to: destination.name)
    message.write(to: &self)
    endEnvelope(id: id, inReplyTo: inReplyTo)
  }

  mutating func endEnvelope(id: Int?, inReplyTo: Int?) {
    if let id { member("msg_id", id) }
    if let inReplyTo { closeEnvelope(inReplyTo: inReplyTo) } else { closeEnvelope() }
  }
}
