public import Glomers
public import Wire

/// An entry of the log.
public struct Entry<Command: WireMessage>: Equatable, Sendable {
  /// On the heap, shared by all copies: logs, messages and records have the same entries.
  public indirect enum Payload: Equatable, Sendable {
    /// What a new leader begins its term with, so that earlier entries get committed (§3.6.2, §6.4).
    case nothing
    case command(Command, CommandID)
    /// In force from the moment at which it is in the log (§4.1).
    case configuration(Configuration)
  }

  /// The term in which a leader received it.
  public let term: Int
  public let payload: Payload

  public init(term: Int, _ payload: Payload) {
    self.term = term
    self.payload = payload
  }
}

/// Names a client's command, for ever: however often it is in the log, it is applied once (§6.3).
public struct CommandID: Hashable, Sendable {
  /// The node that the client asked, and that answers it.
  public let origin: NodeID
  /// Which start of that node: 1, 2, ….
  public let life: Int
  /// Which command of that life: 1, 2, ….
  public let number: Int

  public init(origin: NodeID, life: Int, number: Int) {
    self.origin = origin
    self.life = life
    self.number = number
  }
}

/// `{"term": t}`, and with it a command's members with `"origin"`, `"life"` and `"number"`, or `"voters"` and `"learners"`
extension Entry {
  init(from object: JSONObject) throws(WireError) {
    let term = try object.count("term")
    if let type = try object.optionalString("type") {
      self.init(
        term: term, .command(try Command(type: type, body: object), try CommandID(from: object)))
    } else if object.optionalElement("voters") != nil {
      self.init(term: term, .configuration(try Configuration(from: object)))
    } else {
      self.init(term: term, .nothing)
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    switch payload {
    case .nothing: break
    case .command(let command, let call):
      command.write(to: &writer)
      call.write(to: &writer)
    case .configuration(let configuration): configuration.write(to: &writer)
    }
    writer.member("term", term)
    writer.endObject()
  }

  static func read(_ key: String, of body: JSONObject) throws(WireError) -> [Entry] {
    let elements = try body.array(key)
    var entries: [Entry] = []
    entries.reserveCapacity(elements.count)
    for element in elements {
      guard let object = element.object else { throw .malformed("\(key) must hold only objects") }
      entries.append(try Entry(from: object))
    }
    return entries
  }

  static func write(_ entries: [Entry], _ key: StaticString, to writer: inout JSONWriter) {
    writer.key(key)
    writer.beginArray()
    for entry in entries { entry.write(to: &writer) }
    writer.endArray()
  }
}

extension CommandID {
  init(from object: JSONObject) throws(WireError) {
    self.init(
      origin: NodeID(try object.string("origin")), life: try object.count("life"),
      number: try object.count("number"))
  }

  func write(to writer: inout JSONWriter) {
    writer.member("origin", origin.name)
    writer.member("life", life)
    writer.member("number", number)
  }
}

extension JSONObject {
  /// A term, an index or a number of anything: from 0, and so far from overflow that one can always be added.
  func count(_ key: String) throws(WireError) -> Int {
    let value = try integer(key)
    guard 0..<(1 << 53) ~= value else { throw .malformed("\(key) must be from 0 to 2^53 - 1") }
    return value
  }
}
