import CGlomers
import Glomers

/// A value on the tape of the fast path.
struct TapeValue {
  let tape: UnsafeMutablePointer<glomers_tape>
  let index: UInt32

  private var token: UnsafeMutablePointer<glomers_token> { tape.pointee.tokens + Int(index) }

  func at(_ index: UInt32) -> TapeValue { TapeValue(tape: tape, index: index) }

  /// The kind is the parser's own, and one of them.
  var kind: Kind { Kind(rawValue: glomers_token_kind(token)).unsafelyUnwrapped }
  var integer: Int { Int(token.pointee.of.integer) }
  var real: Double { token.pointee.of.real }
  var count: Int { Int(token.pointee.of.group.count) }

  /// The value's text as it came.
  var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: tape.pointee.text + Int(token.pointee.start), count: Int(glomers_token_length(token)))
  }

  /// Whether there are line breaks in the text: only between values, since strings have them escaped.
  @inline(__always)
  var hasLineBreaks: Bool { kind.rawValue <= Kind.array.rawValue && bytesHaveLineBreaks }

  @inline(never)
  private var bytesHaveLineBreaks: Bool {
    bytes.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
  }

  /// What is between a string's quotes.
  @inline(__always)
  var inner: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(
      start: tape.pointee.text + Int(token.pointee.start) + 1, count: Int(glomers_token_extent(token)) - 2)
  }

  var isEscaped: Bool { glomers_token_escaped(token) }

  var string: String {
    let inner = inner
    guard isEscaped else {
      // Of a short string the library need not look at each byte again to know whether it is UTF-8.
      guard inner.count <= 15 else { return String(decoding: inner, as: UTF8.self) }
      return String(unsafeUninitializedCapacity: inner.count) {
        glomers_copy_bytes($0.baseAddress, inner.baseAddress, inner.count)
        return inner.count
      }
    }
    return String(unsafeUninitializedCapacity: inner.count) {
      glomers_unescape($0.baseAddress, inner.baseAddress, inner.count)
    }
  }

  /// Whether this is a string without escapes, and just this text.
  func isText(_ text: String) -> Bool {
    let inner = inner
    return !isEscaped
      && text.withBytes {
        $0.count == inner.count && glomers_same_bytes($0.baseAddress, inner.baseAddress, inner.count)
      }
  }

  /// A string as a name.
  var name: JSONName {
    // Without escapes it does not begin with NUL.
    guard isEscaped else { return JSONName(stored: string) }
    return JSON(escaped: UnsafeRawBufferPointer(inner)).name.unsafelyUnwrapped
  }

  /// The value that follows this one and all that is in it, if there is one.
  var next: TapeValue { at(glomers_token_after(tape.pointee.tokens, index)) }

  /// What comes first in an object (a key) or an array.
  var first: TapeValue { at(index + 1) }

  func member(_ key: String) -> TapeValue? {
    let found = key.withBytes { glomers_tape_find(tape, index, $0.baseAddress, $0.count) }
    return found == 0 ? nil : at(found)
  }

  func element(_ position: Int) -> TapeValue {
    at(glomers_tape_element(tape, index, UInt32(truncatingIfNeeded: position)))
  }

  /// The elements of an array of nothing but integers; nil for any other value.
  var integers: [Int]? {
    guard kind == .array else { return nil }
    let count = count
    // Integers have one token each, so as long as there is no other element they lie side by side.
    let elements = tape.pointee.tokens + Int(index) + 1
    var isComplete = true
    let integers = [Int](unsafeUninitializedCapacity: count) { integers, initialized in
      while initialized < count, isComplete {
        isComplete = glomers_token_kind(elements + initialized) == Kind.integer.rawValue
        (integers.baseAddress! + initialized).initialize(to: Int(elements[initialized].of.integer))
        initialized += 1
      }
    }
    return isComplete ? integers : nil
  }

  var value: JSON {
    switch kind {
    case .object:
      var members: [JSONName: JSON] = [:]
      members.reserveCapacity(count)
      var key = first
      for _ in 0..<count {
        let value = key.first
        members[key.name] = value.value
        key = value.next
      }
      return .object(members)
    case .array:
      var elements: [JSON] = []
      elements.reserveCapacity(count)
      var element = first
      for _ in 0..<count {
        elements.append(element.value)
        element = element.next
      }
      return .array(elements)
    case .string: return isEscaped ? JSON(escaped: UnsafeRawBufferPointer(inner)) : .string(string)
    case .integer: return .integer(integer)
    case .real: return .real(real)
    case .true: return .bool(true)
    case .false: return .bool(false)
    case .null: return .null
    case .number: return .literal(JSONLiteral(text: String(decoding: bytes, as: UTF8.self)))
    }
  }
}
