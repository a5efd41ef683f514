/// What can be read of a line that is not JSON by the book.
///
/// Maelstrom's parser reads the first value of a line and drops the rest, takes control characters in strings, and
/// reads bytes that are not UTF-8 as U+FFFD. Here a byte order mark is dropped, too.
struct LaxLine {
  /// The first value of the line, with its control characters escaped.
  let line: [UInt8]
  /// What is wrong with the line, for people.
  let objection: String

  /// Nil where the line does not begin with an object, where the object does not end, and where there is nothing to
  /// mend.
  init?(_ line: Span<UInt8>) {
    var bytes = line.bytes[...]
    var objections: [String] = []
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      bytes = bytes.dropFirst(3)
      objections.append("a byte order mark before it, at which Maelstrom stops to listen")
    }
    if String(validating: bytes, as: UTF8.self) == nil {
      bytes = Array(String(decoding: bytes, as: UTF8.self).utf8)[...]
      objections.append("bytes that are not UTF-8")
    }
    guard let (value, controlCount, rest) = Self.firstObject(of: bytes) else { return nil }
    if controlCount > 0 { objections.append("control characters in strings") }
    if rest.contains(where: { !Self.isSpace($0) }) {
      objections.append(
        "something after its first value, which Maelstrom drops: \(Array(rest).excerpt.debugDescription)")
    }
    guard !objections.isEmpty else { return nil }
    self.line = value
    objection = objections.joined(separator: ", and ")
  }

  /// Whether the line begins with an object that ends on it.
  static func hasWholeObject(_ line: [UInt8]) -> Bool { firstObject(of: line[...]) != nil }

  /// The object with which the bytes begin, how many control characters had to be escaped in it, and what follows it.
  private static func firstObject(
    of bytes: ArraySlice<UInt8>
  ) -> (value: [UInt8], controlCount: Int, rest: ArraySlice<UInt8>)? {
    guard let start = bytes.firstIndex(where: { !isSpace($0) }), bytes[start] == UInt8(ascii: "{") else {
      return nil
    }
    var value: [UInt8] = []
    value.reserveCapacity(bytes.count)
    var controlCount = 0
    var depth = 0
    var isInString = false
    var isEscaped = false
    for place in start..<bytes.endIndex {
      let byte = bytes[place]
      if isInString, byte < 0x20 {
        value += "\\u00".utf8
        value += [byte >> 4, byte & 15].map { "0123456789abcdef".utf8.dropFirst(Int($0)).first! }
        controlCount += 1
        isEscaped = false
        continue
      }
      value.append(byte)
      if isInString {
        if byte == UInt8(ascii: "\""), !isEscaped { isInString = false }
        isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return (value, controlCount, bytes[(place + 1)...]) }
      default: break
      }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
