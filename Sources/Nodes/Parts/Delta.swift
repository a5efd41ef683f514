public import Glomers
public import Wire

/// Entries of one origin, in order, that follow its first `after` entries: what replicas tell each other, and a record
/// of what one has taken in.
public struct Delta<Entry: Equatable & Sendable>: Equatable, Sendable {
  public let origin: Origin
  public let after: Int
  public let entries: [Entry]

  public init(origin: Origin, after: Int, entries: [Entry]) {
    self.origin = origin
    self.after = after
    self.entries = entries
  }

  /// The number of the last entry.
  var end: Int { after + entries.count }
}

/// What can stand in a delta on the wire. An entry need not be one element: so the elements are read as a whole.
public protocol DeltaEntry: Equatable, Sendable {
  /// Reads the entries that these elements stand for.
  static func read(_ elements: JSONArray) throws(WireError) -> [Self]
  /// Writes the elements of this entry into an array that is open.
  func write(to elements: inout JSONWriter)
}

extension JSON: DeltaEntry {
  public static func read(_ elements: JSONArray) throws(WireError) -> [JSON] { elements.map(\.value) }
  public func write(to elements: inout JSONWriter) { elements.value(self) }
}

/// On the wire: `[origin, after, [entry, …]]`
extension Delta where Entry: DeltaEntry {
  private init(_ element: JSONElement) throws(WireError) {
    guard let parts = element.array, parts.count == 3, let origin = parts[0].string,
      // Nobody has as many entries, and sums stay far from overflow.
      let after = parts[1].integer, 0..<(1 << 53) ~= after, let elements = parts[2].array
    else { throw .malformed("a delta is [origin, after, entries]") }
    self.init(origin: Origin(name: origin), after: after, entries: try Entry.read(elements))
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
  static func read(from body: JSONObject) throws(WireError) -> [Delta] {
    var deltas: [Delta] = []
    for element in try body.array("deltas") { deltas.append(try Delta(element)) }
    return deltas
  }

  /// The member `"deltas": [delta, …]`
  static func write(_ deltas: [Delta], to body: inout JSONWriter) {
    body.key("deltas")
    body.beginArray()
    for delta in deltas { delta.write(toArray: &body) }
    body.endArray()
  }
}

/// In a log: `{"delta": [origin, after, [entry, …]]}`
extension Delta: StorableRecord where Entry: DeltaEntry {
  public init(record: JSONObject) throws(WireError) {
    try self.init(record.element("delta"))
  }

  public func write(to record: inout JSONWriter) {
    record.key("delta")
    write(toArray: &record)
  }

  /// This delta in pieces of at most so many entries: so that no record is longer than what is written at a time.
  func pieces(of count: Int) -> [Delta] {
    stride(from: 0, to: entries.count, by: count).map { start in
      Delta(
        origin: origin, after: after + start,
        entries: Array(entries[start..<min(start + count, entries.count)]))
    }
  }
}
