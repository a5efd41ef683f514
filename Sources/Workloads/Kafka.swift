public import Glomers
public import Wire

/// A replicated log, between clients and nodes: for each key a log of messages, each at an offset of its own.
public enum Kafka: Equatable, Sendable {
  /// A place in the log of a key.
  public struct Position: Equatable, Sendable {
    /// The key of the log.
    public let key: JSONName
    /// The offset in that log, from 0.
    public let offset: Int

    /// - Parameters:
    ///   - key: of the log.
    ///   - offset: in that log, from 0.
    public init(_ key: JSONName, _ offset: Int) {
      self.key = key
      self.offset = offset
    }
  }

  /// A message in its place.
  public struct Entry: Equatable, Sendable {
    /// Its offset in its log, from 0.
    public let offset: Int
    /// What was sent, to the byte.
    public let message: JSONText

    /// - Parameters:
    ///   - offset: in its log, from 0.
    ///   - message: what was sent.
    public init(_ offset: Int, _ message: JSONText) {
      self.offset = offset
      self.message = message
    }
  }

  /// Messages of one key that follow each other.
  public struct Batch: Equatable, Sendable {
    /// The key of the log.
    public let key: JSONName
    /// Messages with rising offsets.
    public let entries: ArraySlice<Entry>

    /// - Parameters:
    ///   - key: of the log.
    ///   - entries: with rising offsets.
    public init(_ key: JSONName, _ entries: ArraySlice<Entry>) {
      self.key = key
      self.entries = entries
    }
  }

  /// A client appends a message to the log of a key. On the wire it is `msg`.
  case send(key: JSONName, message: JSONText)
  /// The offset at which the message now is.
  case sendOk(offset: Int)
  /// Asks for messages from these offsets on.
  case poll([Position])
  /// The messages that were asked for, by key. Any number may be left out at the end, and none between two
  /// others.
  case pollOk([Batch])
  /// Says up to which offsets, these included, messages have been processed.
  case commitOffsets([Position])
  /// The offsets are kept.
  case commitOffsetsOk
  /// Asks up to which offsets messages of these keys have been processed.
  case listCommittedOffsets([JSONName])
  /// Keys of which nothing was committed may be left out.
  case listCommittedOffsetsOk([Position])
}

extension Kafka: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    // Each comparison that fails costs time: what nodes are asked most comes first.
    switch type {
    case "send": self = .send(key: try body.name("key"), message: try body.text("msg"))
    case "poll": self = .poll(try body.positions("offsets"))
    case "commit_offsets": self = .commitOffsets(try body.positions("offsets"))
    case "list_committed_offsets": self = .listCommittedOffsets(try body.keys("keys"))
    case "send_ok": self = .sendOk(offset: try body.integer("offset"))
    case "poll_ok": self = .pollOk(try body.batches("msgs"))
    case "commit_offsets_ok": self = .commitOffsetsOk
    case "list_committed_offsets_ok": self = .listCommittedOffsetsOk(try body.positions("offsets"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .send(let key, let message):
      body.member("type", "send")
      body.member("key", key)
      body.member("msg", message)
    case .sendOk(let offset):
      body.member("type", "send_ok")
      body.member("offset", offset)
    case .poll(let positions):
      body.member("type", "poll")
      body.positions("offsets", positions)
    case .pollOk(let batches):
      body.member("type", "poll_ok")
      body.batches("msgs", batches)
    case .commitOffsets(let positions):
      body.member("type", "commit_offsets")
      body.positions("offsets", positions)
    case .commitOffsetsOk: body.member("type", "commit_offsets_ok")
    case .listCommittedOffsets(let keys):
      body.member("type", "list_committed_offsets")
      body.member("keys", keys)
    case .listCommittedOffsetsOk(let positions):
      body.member("type", "list_committed_offsets_ok")
      body.positions("offsets", positions)
    }
  }
}

/// Arrays that are filled for one message and, once nobody holds them any more, for the next: no allocation.
private final class Scratch {
  var positions: [Kafka.Position] = []
  var keys: [JSONName] = []
}

extension JSONObject {
  /// `{key: offset, …}`
  fileprivate func positions(_ name: String) throws(WireError) -> [Kafka.Position] {
    let scratch = scratch(Scratch())
    try object(name).read(into: &scratch.positions)
    return scratch.positions
  }

  private func read(into positions: inout [Kafka.Position]) throws(WireError) {
    positions.clear()
    positions.reserveCapacity(count)
    guard let wrong = eachInteger({ positions.append(Kafka.Position($0, $1)) }) else { return }
    let isTooLarge = namedMembers.contains { $0.name == wrong && $0.value.isInteger }
    throw isTooLarge
      ? .tooLarge("the offset of \(wrong) must be an integer of 64 bits")
      : .malformed("the offset of \(wrong) must be an integer")
  }

  /// `[key, …]`
  fileprivate func keys(_ name: String) throws(WireError) -> [JSONName] {
    let scratch = scratch(Scratch())
    scratch.keys.clear()
    try names(name, into: &scratch.keys)
    return scratch.keys
  }

  /// `{key: [[offset, message], …], …}`
  fileprivate func batches(_ name: String) throws(WireError) -> [Kafka.Batch] {
    var batches: [Kafka.Batch] = []
    for (key, element) in try object(name).namedMembers {
      guard let pairs = element.list else { throw .malformed("the messages of \(key) must be an array") }
      var entries: [Kafka.Entry] = []
      entries.reserveCapacity(pairs.count)
      for pair in pairs {
        if let (offset, message) = pair.integerAndText {
          entries.append(Kafka.Entry(offset, message))
          continue
        }
        guard let parts = pair.array, parts.count == 2, parts[0].isInteger else {
          throw .malformed("the messages of \(key) must be pairs [offset, message]")
        }
        guard let offset = parts[0].integer else {
          throw .tooLarge("the offset of a message of \(key) must be an integer of 64 bits")
        }
        entries.append(Kafka.Entry(offset, parts[1].text))
      }
      batches.append(Kafka.Batch(key, entries[...]))
    }
    return batches
  }
}

extension JSONWriter {
  fileprivate mutating func positions(_ name: StaticString, _ positions: [Kafka.Position]) {
    key(name)
    beginObject()
    for position in positions { member(position.key, position.offset) }
    endObject()
  }

  fileprivate mutating func batches(_ name: StaticString, _ batches: [Kafka.Batch]) {
    key(name)
    beginObject()
    for batch in batches {
      key(batch.key)
      beginArray()
      // A copy of each entry would cost more than to write it.
      let entries = batch.entries.span
      for place in entries.indices { pair(entries[place].offset, entries[place].message) }
      endArray()
    }
    endObject()
  }
}
