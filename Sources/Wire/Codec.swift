public import Glomers

/// What a line turned out to be.
public enum Decoded<N: Node>: Equatable, Sendable {
  /// A message, with its address.
  case envelope(Envelope<N>)
  /// No message; why, and who can be told.
  case rejected(Rejection)
}

/// Turns lines into envelopes and back, for a node of one kind.
///
/// Only this edge is generic: what it calls deals with jansson and with bytes, and is not.
public struct Codec<N: Node> where N.Message: WireMessage {
  private let document: JSONDocument

  /// A codec with memory of its own, for one thread.
  public init() { self.init(JSONDocument()) }

  package init(_ document: JSONDocument) { self.document = document }

  /// Reads a line, with or without its end, and gives it to a host at once if it is a message to the host's node that answers
  /// nothing, as nearly all are. Returns whether it was one: if not, ``decode(unpassed:isAsk:)`` tells what it is.
  public func pass(_ line: UnsafeRawBufferPointer, to host: inout Host<N>, at now: Instant) -> Bool {
    guard document.readOntoTape(line, any: false), let heading = document.heading() else { return false }
    let names = heading.names
    guard host.isMe(names.pointee.destination) else { return false }
    do throws(WireError) {
      let message = try N.Message(type: names.pointee.type, body: document.object(heading.body))
      host.receive(message, from: NodeID(names.pointee.source), id: heading.id, at: now)
      return true
    } catch {
      return false
    }
  }

  /// What the line is that ``pass(_:to:at:)`` has just read, and not given to the host.
  ///
  /// - Parameter isAsk: whether an answer to that message id is a service's: `Host.isAsk`.
  public func decode(unpassed line: UnsafeRawBufferPointer, isAsk: (Int) -> Bool) -> Decoded<N> {
    decode(line, isOnTape: document.isOnTape, isAsk: isAsk)
  }

  /// Reads a line, with or without its end.
  ///
  /// - Parameter isAsk: whether an answer to that message id is a service's: `Host.isAsk`.
  public func decode(_ line: UnsafeRawBufferPointer, isAsk: (Int) -> Bool) -> Decoded<N> {
    decode(line, isOnTape: document.readOntoTape(line, any: false), isAsk: isAsk)
  }

  private func decode(
    _ line: UnsafeRawBufferPointer, isOnTape: Bool, isAsk: (Int) -> Bool
  ) -> Decoded<N> {
    do throws(Rejection) {
      return .envelope(try read(document.frame(line, isOnTape: isOnTape), isAsk))
    } catch {
      return .rejected(error)
    }
  }

  /// Reads a line, with or without its end.
  ///
  /// - Parameter isAsk: whether an answer to that message id is a service's: `Host.isAsk`.
  public func decode(_ line: [UInt8], isAsk: (Int) -> Bool) -> Decoded<N> {
    line.withUnsafeBytes { decode($0, isAsk: isAsk) }
  }

  /// Reads a line, with or without its end.
  ///
  /// - Parameter isAsk: whether an answer to that message id is a service's: `Host.isAsk`.
  public func decode(_ line: Span<UInt8>, isAsk: (Int) -> Bool) -> Decoded<N> {
    line.withUnsafeBytes { decode($0, isAsk: isAsk) }
  }

  /// Writes an envelope as one JSON text, without the end of the line.
  public func encode(_ envelope: Envelope<N>, into writer: inout JSONWriter) {
    writer.beginEnvelope(from: envelope.source.name, to: envelope.destination.name)
    switch envelope.body {
    case .message(let message): message.write(to: &writer)
    case .service(let request): request.write(to: &writer)
    case .error(let error): error.write(to: &writer)
    case .initializeOk: writer.member("type", "init_ok")
    case .initialize(let me, let nodes):
      writer.member("type", "init")
      writer.member("node_id", me.name)
      writer.member("node_ids", nodes.map(\.name))
    }
    writer.endEnvelope(id: envelope.id, inReplyTo: envelope.inReplyTo)
  }

  /// An envelope as one JSON text, without the end of the line.
  public func encode(_ envelope: Envelope<N>) -> [UInt8] {
    var writer = JSONWriter()
    encode(envelope, into: &writer)
    return writer.bytes
  }

  private func read(_ frame: Frame, _ isAsk: (Int) -> Bool) throws(Rejection) -> Envelope<N> {
    do throws(WireError) {
      let body: Envelope<N>.Body =
        switch frame.role {
        case .initialize:
          .initialize(
            me: NodeID(try frame.body.string("node_id")),
            nodes: try frame.body.strings("node_ids").map { NodeID($0) })
        case .initializeOk: .initializeOk
        case .error: .error(try RPCError(type: frame.type, body: frame.body))
        case .other:
          if let answered = frame.inReplyTo, isAsk(answered) {
            .service(try KV(type: frame.type, body: frame.body))
          } else {
            .message(try N.Message(type: frame.type, body: frame.body))
          }
        }
      return Envelope(
        from: frame.source, to: frame.destination, id: frame.id, inReplyTo: frame.inReplyTo, body)
    } catch {
      throw Rejection(error, frame)
    }
  }
}
