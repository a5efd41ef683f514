/// Reads a line as the bench itself writes it: members in one order, no white space, strings without escapes. What is
/// otherwise is for a parser.
@safe
struct RecordLine: ~Copyable {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var place = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { unsafe self.bytes = unsafe bytes }

  var isAtEnd: Bool { unsafe place == bytes.count }

  /// What has not been read.
  var rest: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(rebasing: bytes[place...]) }

  /// Goes past a text, if that is what comes next.
  @inline(__always)
  mutating func take(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard unsafe bytes.count - place >= length else { return false }
    for offset in 0..<length where unsafe bytes[place + offset] != text.utf8Start[offset] { return false }
    place += length
    return true
  }

  /// An integer of up to 18 digits, without a sign.
  mutating func integer() -> Int? {
    let start = place
    var value = 0
    while unsafe place < bytes.count {
      let digit = unsafe bytes[place] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      guard place - start < 18 else { return nil }
      value = value * 10 + Int(digit)
      place += 1
    }
    let length = place - start
    // JSON has no zeros in front.
    return unsafe length == 0 || length > 1 && bytes[start] == UInt8(ascii: "0") ? nil : value
  }

  /// What stands up to the next quote, which is gone past; nil if anything in it needs a closer look.
  mutating func word() -> UnsafeBufferPointer<UInt8>? {
    let start = place
    while unsafe place < bytes.count {
      let byte = unsafe bytes[place]
      if byte == UInt8(ascii: "\"") {
        place += 1
        return unsafe UnsafeBufferPointer(rebasing: bytes[start..<(place - 1)])
      }
      guard 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") else { return nil }
      place += 1
    }
    return nil
  }

  /// The value of a member that the line ends with, after what has been read: takes it off the end of ``rest``.
  static func trailingInteger(_ key: StaticString, _ text: inout UnsafeBufferPointer<UInt8>) -> Int? {
    var start = text.count - 1
    while start > 0, unsafe UInt8(ascii: "0")...UInt8(ascii: "9") ~= text[start - 1] { start -= 1 }
    start -= key.utf8CodeUnitCount
    guard start >= 0 else { return nil }
    var line = unsafe RecordLine(UnsafeBufferPointer(rebasing: text[start...]))
    guard line.take(key), let value = line.integer(), line.take("}"), line.isAtEnd else { return nil }
    unsafe text = UnsafeBufferPointer(rebasing: text[..<start])
    return value
  }
}

/// Which messages are under way, by number: most numbers are as small as there are messages.
struct OpenMessages: Sendable {
  /// -1 for none.
  private var dense: [Int32] = []
  private var others: [Int: Int] = [:]

  /// - Parameter place: of the message in the log.
  mutating func begin(_ number: Int, at place: Int) {
    if !others.isEmpty { others[number] = nil }
    guard 0...(2 * place + 1024) ~= number else {
      others[number] = place
      return
    }
    while dense.count <= number { dense.append(-1) }
    dense[number] = Int32(place)
  }

  subscript(number: Int) -> Int? {
    if dense.indices ~= number, dense[number] >= 0 { return Int(dense[number]) }
    return others.isEmpty ? nil : others[number]
  }

  mutating func end(_ number: Int) -> Int? {
    if dense.indices ~= number, dense[number] >= 0 {
      defer { dense[number] = -1 }
      return Int(dense[number])
    }
    return others.isEmpty ? nil : others.removeValue(forKey: number)
  }
}
