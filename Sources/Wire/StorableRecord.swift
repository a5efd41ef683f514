/// A record that can be kept in a log, as a JSON object.
///
/// What one version of a node has written the next one reads: give a record's form a name, as a message has
/// its type, and keep reading the forms of old.
public protocol StorableRecord: Equatable, Sendable {
  /// Reads a record. `record` is valid only during this call.
  init(record: JSONObject) throws(WireError)

  /// Writes the record's members into an object that is already open.
  func write(to record: inout JSONWriter)
}

extension StorableRecord where Self: WireMessage {
  /// A message can be its own record.
  public init(record: JSONObject) throws(WireError) {
    try self.init(type: record.string("type"), body: record)
  }
}

extension Never: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    throw .malformed("this node stores no records")
  }

  public func write(to record: inout JSONWriter) {}
}

extension StorableRecord {
  /// Writes the record as a JSON object.
  @inlinable
  public func write(asObjectTo writer: inout JSONWriter) {
    writer.beginObject()
    write(to: &writer)
    writer.endObject()
  }
}
