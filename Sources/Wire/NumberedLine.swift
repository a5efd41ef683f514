import Glomers

/// A message as its receiver gets it: a line that begins with the network's number, with its newline.
public enum NumberedLine {
  /// - Parameters:
  ///   - line: one JSON object, perhaps with space around it, without a newline.
  ///   - message: what the line says: `src`, `dest` and `body`. Other members, and a number of its own, do not go on.
  ///   - number: 0 or greater.
  public static func make(_ line: Span<UInt8>, _ message: JSONObject, _ number: Int) -> [UInt8] {
    if message.count == 3, let brace = line.indices.first(where: { line[$0] == UInt8(ascii: "{") }) {
      return make(line.extracting(brace...), number)
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", number)
    for key in ["src", "dest", "body"] {
      writer.key(key)
      writer.text(message.optionalElement(key)?.text ?? JSONText(.null))
    }
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  /// - Parameter object: its text, from the brace on; it has a member.
  public static func make(_ object: Span<UInt8>, _ number: Int) -> [UInt8] {
    let opening: StaticString = #"{"id":"#
    return [UInt8](unsafeUninitializedCapacity: object.count + 28) { buffer, count in
      for place in 0..<opening.utf8CodeUnitCount { buffer[place] = opening.utf8Start[place] }
      count = opening.utf8CodeUnitCount
      var divisor = 1
      while number / divisor > 9 { divisor *= 10 }
      while divisor > 0 {
        buffer[count] = UInt8(ascii: "0") + UInt8(number / divisor % 10)
        count += 1
        divisor /= 10
      }
      buffer[count] = UInt8(ascii: ",")
      count += 1
      let members = object.extracting(1...)
      members.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          .copyMemory(from: $0)
      }
      count += members.count
      buffer[count] = UInt8(ascii: "\n")
      count += 1
    }
  }
}
