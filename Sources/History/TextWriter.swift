package import Glomers

/// Text in UTF-8 as it is written, in memory of its own that it uses again.
///
/// Histories and reports have tens of millions of numbers and names: each is written where it is to stand, without a
/// `String` or an array of its own.
///
/// Usable from inline, without which what is marked as inlinable below would be so in this module only.
@safe @usableFromInline
package struct TextWriter: ~Copyable {
  @usableFromInline var start: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  /// How many bytes have been written.
  @usableFromInline package internal(set) var count = 0

  /// - Parameter byteCount: for so many bytes there is room from the beginning: at least one.
  package init(reserving byteCount: Int = 4096) {
    unsafe start = .allocate(capacity: byteCount)
    capacity = byteCount
  }

  deinit { unsafe start.deallocate() }

  // MARK: What was written

  /// A copy of the text.
  package var bytes: [UInt8] { unsafe withBytes { unsafe [UInt8]($0) } }

  /// The text; valid only inside `body`.
  @inlinable @inline(__always)
  package borrowing func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    unsafe body(UnsafeBufferPointer(start: start, count: count))
  }

  /// Starts over, in the same memory.
  package mutating func removeAll() { count = 0 }

  /// Takes away what stands from a place on.
  package mutating func cut(at place: Int) { count = min(count, place) }

  // MARK: Bytes

  @inlinable @inline(__always)
  package mutating func add(_ byte: UInt8) {
    reserve(1)
    unsafe start[count] = byte
    count &+= 1
  }

  @inlinable @inline(__always)
  package mutating func add(_ text: StaticString) {
    unsafe add(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @_disfavoredOverload
  package mutating func add(_ text: String) { unsafe text.withText { unsafe add($0) } }

  package mutating func add(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBufferPointer { unsafe add($0) }
  }

  @inlinable @inline(__always)
  package mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    unsafe (start + count).update(from: source, count: bytes.count)
    count &+= bytes.count
  }

  /// Adds what another text has from a place on.
  package mutating func add(_ other: borrowing TextWriter, from place: Int = 0) {
    precondition(place <= other.count)
    unsafe add(UnsafeBufferPointer(start: other.start + place, count: other.count - place))
  }

  // MARK: Numbers

  @inlinable @inline(__always)
  package mutating func add(_ value: Int) {
    reserve(20)
    if 0..<10 ~= value {
      unsafe start[count] = UInt8(truncatingIfNeeded: value) | UInt8(ascii: "0")
      count &+= 1
    } else {
      addLong(value)
    }
  }

  /// Writes a number for which there is room.
  @usableFromInline
  mutating func addLong(_ value: Int) {
    let pairs: StaticString = """
      0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
      5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
      """
    var rest = value.magnitude
    if value < 0 {
      unsafe start[count] = UInt8(ascii: "-")
      count &+= 1
    }
    var length = 1, bound: UInt = 100
    while rest >= bound {
      length &+= 2
      // No number has more than 19 digits.
      if length == 19 { break }
      bound &*= 100
    }
    if length < 19, rest >= bound / 10 { length &+= 1 }
    count &+= length
    var place = unsafe start + count
    while rest >= 10 {
      let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
      unsafe place -= 2
      unsafe place.update(from: pairs.utf8Start + Int(2 &* pair), count: 2)
      rest = quotient
      length &-= 2
    }
    if length > 0 { unsafe (place - 1).pointee = UInt8(truncatingIfNeeded: rest) | UInt8(ascii: "0") }
  }

  // MARK: Strings

  /// Which bytes of a string are escaped beside those that EDN and JSON demand.
  package enum Escapes {
    case none
    /// `<`, so that the text can stand in an HTML element.
    case less
  }

  /// Adds a string in quotes, with the escapes that EDN and JSON have both.
  package mutating func add(quoted text: String, escaping: Escapes = .none) {
    unsafe text.withText { unsafe add(quoted: $0, escaping: escaping) }
  }

  /// The same for a string by its bytes.
  package mutating func add(quoted text: UnsafeBufferPointer<UInt8>, escaping: Escapes = .none) {
    let less = escaping == .less ? UInt8(ascii: "<") : UInt8(ascii: "\"")
    reserve(text.count &+ 2)
    unsafe start[count] = UInt8(ascii: "\"")
    count &+= 1
    var next = 0
    while next < text.count {
      next = unsafe addPlain(text, from: next, less)
      guard next < text.count else { break }
      escape(unsafe text[next])
      next &+= 1
      // For what is left and the quote.
      reserve(text.count &- next &+ 1)
    }
    unsafe start[count] = UInt8(ascii: "\"")
    count &+= 1
  }

  /// Adds what needs no escape, for which there is room, eight bytes at once where that is possible. Returns the place
  /// of what needs one, or the end.
  @inline(__always)
  private mutating func addPlain(_ text: UnsafeBufferPointer<UInt8>, from first: Int, _ less: UInt8) -> Int {
    guard let from = text.baseAddress else { return first }
    let to = unsafe start + (count &- first)
    var next = first
    while next &+ 8 <= text.count {
      let word = unsafe UnsafeRawPointer(from + next).loadUnaligned(as: UInt64.self)
      guard Self.isPlain(word, less) else { break }
      unsafe UnsafeMutableRawPointer(to + next).storeBytes(of: word, as: UInt64.self)
      next &+= 8
    }
    while next < text.count {
      let byte = unsafe from[next]
      guard byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte != 0x7F, byte != less
      else { break }
      unsafe to[next] = byte
      next &+= 1
    }
    count &+= next &- first
    return next
  }

  /// Whether none of eight bytes needs an escape.
  @inline(__always)
  private static func isPlain(_ word: UInt64, _ less: UInt8) -> Bool {
    !(word.has(UInt8(ascii: "\"")) || word.has(UInt8(ascii: "\\")) || word.has(0x7F) || word.has(less)
      || word.hasControl)
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): add("\\\"")
    case UInt8(ascii: "\\"): add("\\\\")
    case UInt8(ascii: "\n"): add("\\n")
    case UInt8(ascii: "\r"): add("\\r")
    case UInt8(ascii: "\t"): add("\\t")
    default:
      let digits: StaticString = "0123456789abcdef"
      add("\\u00")
      unsafe add(digits.utf8Start[Int(byte >> 4)])
      unsafe add(digits.utf8Start[Int(byte & 15)])
    }
  }

  // MARK: Memory

  @inlinable @inline(__always)
  package mutating func reserve(_ needed: Int) {
    if capacity &- count < needed { grow(needed) }
  }

  @usableFromInline @inline(never)
  mutating func grow(_ needed: Int) {
    capacity = max(capacity * 2, count + needed)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    unsafe larger.update(from: start, count: count)
    unsafe start.deallocate()
    unsafe start = larger
  }
}

extension String {
  /// The text's bytes, in UTF-8; valid only inside `body`.
  @inlinable @inline(__always)
  package func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    if let result = unsafe utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = self
    return copy.withUTF8(body)
  }
}

/// Eight bytes at once (Warren, *Hacker's Delight*, 6-1).
extension UInt64 {
  /// Whether one of the bytes is this one.
  @inlinable @inline(__always)
  package func has(_ byte: UInt8) -> Bool {
    let others = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
    return (others &- 0x0101_0101_0101_0101) & ~others & 0x8080_8080_8080_8080 != 0
  }

  /// Whether one of the bytes is below 32.
  @inlinable @inline(__always)
  package var hasControl: Bool { (self &- 0x2020_2020_2020_2020) & ~self & 0x8080_8080_8080_8080 != 0 }
}

// MARK: - Values

extension TextWriter {
  /// Adds the text of a value as ``EDN``.
  package mutating func add(edn value: JSON) {
    switch value {
    case .null: add("nil")
    case .bool(let value): value ? add("true") : add("false")
    case .integer(let value): add(value)
    case .string(let text): add(quoted: text)
    case .array(let elements):
      add(UInt8(ascii: "["))
      for place in elements.indices {
        if place > 0 { add(UInt8(ascii: " ")) }
        add(edn: elements[place])
      }
      add(UInt8(ascii: "]"))
    case .object(let members):
      add(UInt8(ascii: "{"))
      for (place, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if place > 0 { add(", ") }
        add(edn: member.key.json)
        add(UInt8(ascii: " "))
        add(edn: member.value)
      }
      add(UInt8(ascii: "}"))
    case .real, .literal: add(tree: EDN(value))
    }
  }

  /// The same with words for keywords, see ``EDN/init(keywording:)``.
  package mutating func add(keywording value: JSON) {
    switch value {
    case .string(let name) where name.isKeywordName:
      add(UInt8(ascii: ":"))
      add(name)
    case .array(let elements):
      add(UInt8(ascii: "["))
      for place in elements.indices {
        if place > 0 { add(UInt8(ascii: " ")) }
        if place == 0 { add(keywording: elements[place]) } else { add(edn: elements[place]) }
      }
      add(UInt8(ascii: "]"))
    default: add(edn: value)
    }
  }

  /// Adds a tree, on one line.
  package mutating func add(tree: EDN) {
    var bytes: [UInt8] = []
    tree.write(to: &bytes)
    add(bytes)
  }
}
