import Glomers

extension JSONDocument {
  /// What can be made out of a line that jansson refuses, so that its sender can be told.
  func salvage(_ line: UnsafeRawBufferPointer, _ error: WireError) -> Rejection {
    var scan = Salvage(line)
    guard scan.run() else { return Rejection(error) }
    return Rejection(
      error, from: name(line, scan.source), to: name(line, scan.destination), id: scan.id,
      isReply: scan.isReply)
  }

  private func name(_ line: UnsafeRawBufferPointer, _ range: Range<Int>?) -> NodeID? {
    guard let range else { return nil }
    let element = try? parseValue(UnsafeRawBufferPointer(rebasing: line[range]))
    return element?.string.map { NodeID($0) }
  }
}

/// Looks for a message's addresses in bytes that need not be JSON, as long as they look like one object: strings
/// end, brackets are balanced, members have keys. Not recursive, so that no depth of nesting can hurt it.
struct Salvage {
  /// Where the strings are, quotes included.
  private(set) var source: Range<Int>?
  private(set) var destination: Range<Int>?
  private(set) var id: Int?
  private(set) var isReply = false

  private let line: UnsafeRawBufferPointer
  private var position = 0

  init(_ line: UnsafeRawBufferPointer) { self.line = line }

  /// Whether the line looks like one object, from its first byte to its last. If not, nothing found counts.
  mutating func run() -> Bool {
    skipWhiteSpace()
    guard scanMembers({ scan, key in scan.scanEnvelopeMember(key) }) else { return false }
    skipWhiteSpace()
    return position == line.count
  }

  private mutating func scanEnvelopeMember(_ key: Range<Int>) -> Bool {
    let start = position
    if isKey(key, "body") {
      // Of two bodies the last one counts, as in an ordinary line.
      (id, isReply) = (nil, false)
      if peek() == UInt8(ascii: "{") {
        return scanMembers { scan, key in scan.scanBodyMember(key) }
      }
    }
    guard skipValue() else { return false }
    let string = line[start] == UInt8(ascii: "\"") ? start..<position : nil
    if isKey(key, "src") { source = string }
    if isKey(key, "dest") { destination = string }
    return true
  }

  private mutating func scanBodyMember(_ key: Range<Int>) -> Bool {
    let start = position
    guard skipValue() else { return false }
    if isKey(key, "msg_id") { id = integer(start..<position) }
    if isKey(key, "in_reply_to") { isReply = !line[start..<position].elementsEqual("null".utf8) }
    return true
  }

  /// Goes over an object; `member` is called with the place of each key, and goes over the value.
  private mutating func scanMembers(_ member: (inout Salvage, Range<Int>) -> Bool) -> Bool {
    guard take(UInt8(ascii: "{")) else { return false }
    skipWhiteSpace()
    if take(UInt8(ascii: "}")) { return true }
    while true {
      skipWhiteSpace()
      let start = position
      guard skipString() else { return false }
      let key = start..<position
      skipWhiteSpace()
      guard take(UInt8(ascii: ":")) else { return false }
      skipWhiteSpace()
      guard member(&self, key) else { return false }
      skipWhiteSpace()
      if take(UInt8(ascii: "}")) { return true }
      guard take(UInt8(ascii: ",")) else { return false }
    }
  }

  /// Goes over one value: a string, balanced brackets with all that is in them, or a run of other bytes.
  private mutating func skipValue() -> Bool {
    var depth = 0
    repeat {
      guard let byte = peek() else { return false }
      switch byte {
      case UInt8(ascii: "\""): guard skipString() else { return false }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        position += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard depth > 0 else { return false }
        depth -= 1
        position += 1
      default:
        if depth > 0 { position += 1 } else { guard skipScalar() else { return false } }
      }
    } while depth > 0
    return true
  }

  /// Goes over what is no string, bracket, colon, comma or white space; false if there is nothing of the kind.
  private mutating func skipScalar() -> Bool {
    let start = position
    while let byte = peek(), !isWhiteSpace(byte) {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["),
        UInt8(ascii: "}"), UInt8(ascii: "]"):
        return position > start
      default: position += 1
      }
    }
    return position > start
  }

  /// Goes over a string and its quotes, whatever bytes are in it.
  private mutating func skipString() -> Bool {
    guard take(UInt8(ascii: "\"")) else { return false }
    while let byte = peek() {
      position += 1
      if byte == UInt8(ascii: "\"") { return true }
      if byte == UInt8(ascii: "\\") { position += 1 }
    }
    return false
  }

  private func isKey(_ quoted: Range<Int>, _ name: StaticString) -> Bool {
    quoted.count == name.utf8CodeUnitCount + 2
      && line[(quoted.lowerBound + 1)..<(quoted.upperBound - 1)]
        .elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
  }

  private func integer(_ text: Range<Int>) -> Int? {
    // No integer of 64 bits is longer; and text that is not UTF-8 is none either.
    text.count <= 20 ? Int(String(decoding: line[text], as: UTF8.self)) : nil
  }

  private func peek() -> UInt8? { position < line.count ? line[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipWhiteSpace() {
    while let byte = peek(), isWhiteSpace(byte) { position += 1 }
  }

  private func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
