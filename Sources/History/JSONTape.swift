package import Glomers

/// JSON values one after the other, in few bytes: what long histories are kept as.
///
/// An integer from 0 to 223 is one byte. Any other value begins with a mark. Arrays and objects end with a mark, so that
/// they can be written before their length is known. Equal bytes are equal values, but not the other way round: the
/// members of an object stand in any order.
package struct JSONTape: Sendable {
  fileprivate enum Mark: UInt8 {
    case null = 0xE0
    case no, yes
    /// Integers: of 16 bits or 32 bits without a sign, and of 64 bits with one; little-endian.
    case short, middle, long
    /// The bits of a double, as an integer of 64 bits.
    case real
    /// How many bytes, as an integer, and UTF-8.
    case string
    /// The same with the text of a ``JSONLiteral``.
    case literal
    case array
    /// What names have stored, as strings, and values in turn.
    case object
    case end
  }

  fileprivate private(set) var bytes: [UInt8] = []

  package init() {}

  /// How long the tape is, in bytes: where the next value will begin.
  var count: Int { bytes.count }

  /// Takes away everything from a place on.
  mutating func cut(at place: Int) { bytes.removeSubrange(place...) }

  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// The value that begins at a place.
  func value(at place: Int) -> JSON {
    var cursor = Cursor(self, at: place)
    return cursor.value()
  }

  // MARK: Writing

  /// Adds a value.
  package mutating func append(_ value: JSON) {
    switch value {
    case .null: appendNull()
    case .bool(let value): append(value)
    case .integer(let value): append(value)
    case .real(let value):
      bytes.append(Mark.real.rawValue)
      append(bitsOf: value.bitPattern)
    case .string(let text): append(Mark.string, text)
    case .literal(let literal): append(Mark.literal, literal.text)
    case .array(let elements):
      beginArray()
      for element in elements { append(element) }
      end()
    case .object(let members):
      bytes.append(Mark.object.rawValue)
      for (key, value) in members {
        append(Mark.string, key.stored)
        append(value)
      }
      end()
    }
  }

  mutating func appendNull() { bytes.append(Mark.null.rawValue) }

  mutating func append(_ value: Bool) { bytes.append((value ? Mark.yes : Mark.no).rawValue) }

  mutating func append(_ value: Int) {
    switch value {
    case 0..<Int(Mark.null.rawValue): bytes.append(UInt8(value))
    case 0...Int(UInt16.max):
      bytes.append(Mark.short.rawValue)
      append(bitsOf: UInt16(value))
    case 0...Int(UInt32.max):
      bytes.append(Mark.middle.rawValue)
      append(bitsOf: UInt32(value))
    default:
      bytes.append(Mark.long.rawValue)
      append(bitsOf: UInt64(bitPattern: Int64(value)))
    }
  }

  /// A string by its bytes.
  mutating func append(text: ArraySlice<UInt8>) {
    bytes.append(Mark.string.rawValue)
    append(text.count)
    bytes.append(contentsOf: text)
  }

  /// What is added up to the matching ``end()`` are elements of an array.
  mutating func beginArray() { bytes.append(Mark.array.rawValue) }

  mutating func end() { bytes.append(Mark.end.rawValue) }

  private mutating func append(_ mark: Mark, _ text: String) {
    bytes.append(mark.rawValue)
    append(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func append<Bits: FixedWidthInteger>(bitsOf value: Bits) {
    for shift in stride(from: 0, to: Bits.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> Bits(shift)))
    }
  }
}

// MARK: - Reading

extension JSONTape {
  /// Reads values from a tape. What is not there is a fault of the reader's: a tape is never read from outside.
  package struct Cursor: Sendable {
    private let bytes: [UInt8]
    private var place: Int

    package init(_ tape: JSONTape, at place: Int = 0) {
      bytes = tape.bytes
      self.place = place
    }

    /// The next value.
    package mutating func value() -> JSON {
      guard let mark = mark else { return .integer(integer()!) }
      switch mark {
      case .short, .middle, .long: return .integer(integer()!)
      case .string: return .string(text())
      default: place += 1
      }
      switch mark {
      case .no: return false
      case .yes: return true
      case .real: return .real(Double(bitPattern: bits(UInt64.self)))
      case .literal:
        place -= 1
        return .literal(JSONLiteral(text: text()))
      case .array:
        var elements: [JSON] = []
        while !isAtEnd() { elements.append(value()) }
        return .array(elements)
      case .object:
        var members: [JSONName: JSON] = [:]
        while !isAtEnd() {
          let name = JSONName(stored: text())
          members[name] = value()
        }
        return .object(members)
      case .null, .short, .middle, .long, .string, .end: return .null
      }
    }

    /// Goes into an array, if that is what comes next.
    package mutating func enterArray() -> Bool { take(.array) }

    /// Whether an array has no further element: then goes out of it.
    package mutating func isAtEnd() -> Bool { take(.end) }

    /// Takes a null, if that is what comes next.
    package mutating func takeNull() -> Bool { take(.null) }

    /// An integer, if that is what comes next.
    package mutating func integer() -> Int? {
      let byte = bytes[place]
      if byte < Mark.null.rawValue {
        place += 1
        return Int(byte)
      }
      switch Mark(rawValue: byte) {
      case .short:
        place += 1
        return Int(bits(UInt16.self))
      case .middle:
        place += 1
        return Int(bits(UInt32.self))
      case .long:
        place += 1
        return Int(Int64(bitPattern: bits(UInt64.self)))
      default: return nil
      }
    }

    /// A string of one to eight bytes as a number, the first byte highest; nil, and nothing is taken, if anything else
    /// comes next.
    package mutating func word() -> UInt64? {
      guard mark == .string, 1...8 ~= bytes[place + 1] else { return nil }
      let length = Int(bytes[place + 1])
      var word: UInt64 = 0
      for byte in bytes[(place + 2)..<(place + 2 + length)] { word = word << 8 | UInt64(byte) }
      place += 2 + length
      return word
    }

    /// The elements of an array of integers; false, and nothing is taken, if anything else comes next.
    package mutating func integers(into elements: inout [Int]) -> Bool {
      let start = place
      elements.removeAll(keepingCapacity: true)
      guard enterArray() else { return false }
      while let element = integer() { elements.append(element) }
      if isAtEnd() { return true }
      place = start
      return false
    }

    /// Goes past the next value.
    package mutating func skip() {
      var depth = 0
      repeat {
        guard let mark else {
          place += 1
          continue
        }
        switch mark {
        case .short, .middle, .long: _ = integer()
        case .string, .literal: skipText()
        case .real: place += 9
        case .null, .no, .yes: place += 1
        case .array, .object:
          place += 1
          depth += 1
        case .end:
          place += 1
          depth -= 1
        }
      } while depth > 0
    }

    /// Goes past the next value here and there. Whether both are the same, byte by byte.
    package mutating func skipEqual(_ other: inout Cursor) -> Bool {
      let (start, otherStart) = (place, other.place)
      skip()
      other.skip()
      return bytes[start..<place] == other.bytes[otherStart..<other.place]
    }

    private var mark: Mark? { Mark(rawValue: bytes[place]) }

    private mutating func take(_ mark: Mark) -> Bool {
      guard bytes[place] == mark.rawValue else { return false }
      place += 1
      return true
    }

    private mutating func skipText() {
      place += 1
      place += integer()!
    }

    private mutating func text() -> String {
      place += 1
      let length = integer()!
      defer { place += length }
      return String(decoding: bytes[place..<(place + length)], as: UTF8.self)
    }

    private mutating func bits<Bits: FixedWidthInteger>(_: Bits.Type) -> Bits {
      var bits: Bits = 0
      for offset in 0..<(Bits.bitWidth / 8) { bits |= Bits(bytes[place + offset]) << Bits(8 * offset) }
      place += Bits.bitWidth / 8
      return bits
    }
  }
}
