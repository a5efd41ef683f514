internal import Wire

/// `{origin: count, …}`
extension VersionVector {
  /// Reads the member `version`.
  init(from body: JSONObject) throws(WireError) { try self.init(reading: body.object("version")) }

  /// Writes the member `version`.
  func write(to body: inout JSONWriter) {
    body.key("version")
    writeObject(to: &body)
  }

  init(reading object: JSONObject) throws(WireError) {
    var (origins, counts): ([Origin], [Int]) = ([], [])
    origins.reserveCapacity(object.count)
    counts.reserveCapacity(object.count)
    for (origin, element) in object.members {
      guard let count = element.integer, count >= 0 else {
        throw .malformed("what is held of \(origin) must be a count")
      }
      origins.append(Origin(name: origin))
      counts.append(count)
    }
    self.init(origins: origins, counts: counts)
  }

  func writeObject(to writer: inout JSONWriter) {
    writer.beginObject()
    for (origin, count) in sorted { writer.member(origin.name, count) }
    writer.endObject()
  }
}
