public import Glomers
public import Wire

/// Consecutive entries of one stream, which follow its first `after` entries: what replicas send each other, and a
/// record of what a replica has taken in.
public struct Delta<Entry: Equatable & Sendable>: Equatable, Sendable {
  public let origin: Incarnation
  public let after: Int
  public let entries: [Entry]

  public init(origin: Incarnation, after: Int, entries: [Entry]) {
    self.origin = origin
    self.after = after
    self.entries = entries
  }

  /// The number of the last entry.
  public var end: Int { after + entries.count }
}

/// The deltas of one message, cut off where the message would become too long.
public struct Batch<Entry: Equatable & Sendable>: Equatable, Sendable {
  public private(set) var deltas: [Delta<Entry>] = []
  /// The last number of each stream that is in the batch.
  public private(set) var ends = VersionVector()
  /// The length of the entries on the wire. More than `bytesMax` only if the batch is a single entry.
  public private(set) var bytes = 0
  /// Whether nothing had to be left for another message.
  public private(set) var isComplete = true
  private let bytesMax: Int

  /// - Parameter isComplete: false if there are entries that are left for another message from the start.
  public init(bytesMax: Int, isComplete: Bool = true) {
    self.bytesMax = bytesMax
    self.isComplete = isComplete
  }

  /// Appends entries `after` + 1 to `count` of a stream, until one does not fit. At least one entry goes into a batch, so
  /// that an entry longer than `bytesMax` is sent too, alone.
  ///
  /// - Parameters:
  ///   - size: the length of an entry on the wire, in bytes.
  ///   - entry: the entry at a place of the stream; number n has place n - 1.
  public mutating func append(
    _ origin: Incarnation, after: Int, count: Int, size: (Entry) -> Int, entry: (Int) -> Entry
  ) {
    guard after < count, isComplete else { return }
    var entries: [Entry] = []
    for place in after..<count {
      let next = entry(place)
      let length = size(next)
      guard bytes + length <= bytesMax || bytes == 0 else {
        isComplete = false
        break
      }
      bytes += length
      entries.append(next)
    }
    guard !entries.isEmpty else { return }
    deltas.append(Delta(origin: origin, after: after, entries: entries))
    ends[origin] = after + entries.count
  }
}

/// What can stand in a delta on the wire. An entry need not be one element, so the elements are read as a whole.
public protocol DeltaEntry: Equatable, Sendable {
  /// Reads the entries that these elements stand for.
  static func read(_ elements: JSONArray) throws(WireError) -> [Self]
  /// Writes the elements of this entry into an array that is open.
  func write(to elements: inout JSONWriter)
}

extension JSON: DeltaEntry {
  public static func read(_ elements: JSONArray) throws(WireError) -> [JSON] { elements.values }
  public func write(to elements: inout JSONWriter) { elements.value(self) }

  /// The length of the value's text and a comma, in bytes: exact for integers and plain strings, an upper bound for the
  /// rest.
  public var encodedBytes: Int {
    switch self {
    case .null, .bool: 6
    case .integer(let value): Self.digits(value) + 1
    case .real: 26
    case .string(let text): Self.quotedBytes(text) + 1
    case .literal(let literal): literal.text.utf8.count + 1
    case .array(let elements): elements.reduce(3) { $0 + $1.encodedBytes }
    case .object(let members):
      members.reduce(3) { $0 + Self.quotedBytes($1.key.stored) + 1 + $1.value.encodedBytes }
    }
  }

  private static func digits(_ value: Int) -> Int {
    var (count, rest) = (value < 0 ? 2 : 1, value.magnitude)
    while rest >= 10 { (count, rest) = (count + 1, rest / 10) }
    return count
  }

  private static func quotedBytes(_ text: String) -> Int {
    text.utf8.reduce(2) { $0 + ($1 < 0x20 ? 6 : $1 == 0x22 || $1 == 0x5C ? 2 : 1) }
  }
}

/// On the wire: `[stream, after, [entry, …]]`
extension Delta where Entry: DeltaEntry {
  private init(_ element: JSONElement) throws(WireError) {
    // Nobody has as many entries, and sums stay far from overflow.
    guard let (origin, after, elements) = element.stringIntegerAndArray, 0..<(1 << 53) ~= after
    else { throw .malformed("a delta is [stream, after, entries]") }
    self.init(origin: Incarnation(name: origin), after: after, entries: try Entry.read(elements))
  }

  private func write(toArray writer: inout JSONWriter) {
    writer.beginArray()
    writer.string(origin.name)
    writer.integer(after)
    writer.beginArray()
    for entry in entries { entry.write(to: &writer) }
    writer.endArray()
    writer.endArray()
  }

  /// The member `"deltas": [delta, …]`
  public static func read(from body: JSONObject) throws(WireError) -> [Delta] {
    let elements = try body.array("deltas")
    var deltas: [Delta] = []
    deltas.reserveCapacity(elements.count)
    for element in elements { deltas.append(try Delta(element)) }
    return deltas
  }

  /// The member `"deltas": [delta, …]`
  public static func write(_ deltas: [Delta], to body: inout JSONWriter) {
    body.key("deltas")
    body.beginArray()
    for delta in deltas { delta.write(toArray: &body) }
    body.endArray()
  }
}

/// In a log: `{"delta": [stream, after, [entry, …]]}`
extension Delta: StorableRecord where Entry: DeltaEntry {
  public init(record: JSONObject) throws(WireError) {
    try self.init(record.element("delta"))
  }

  public func write(to record: inout JSONWriter) {
    record.key("delta")
    write(toArray: &record)
  }

  /// This delta in pieces of at most `count` entries, so that no record of a checkpoint is longer than a message.
  public func pieces(of count: Int) -> [Delta] {
    stride(from: 0, to: entries.count, by: count).map { start in
      Delta(
        origin: origin, after: after + start,
        entries: Array(entries[start..<min(start + count, entries.count)]))
    }
  }
}
