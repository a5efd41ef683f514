/// A JSON value as a node sees it: opaque payloads, keys, elements.
///
/// Integers are never equal to reals (`1` is not `1.0`); objects compare without regard to order. Strings are equal when
/// their bytes in UTF-8 are, as everywhere but in Swift: `"\u{e9}"` is not `"e\u{301}"`, though both are an é.
public enum JSON: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// An integer of 64 bits.
  case integer(Int)
  /// A number with a fraction or an exponent, as a double.
  case real(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSON])
  /// An object. Its order is not kept; of a name that is there twice the last value counts.
  case object([JSONName: JSON])
  /// A number or a string that JSON has, and that none of the cases above can hold.
  case literal(JSONLiteral)
}

/// A scalar that no `Int`, `Double` or `String` holds, as its JSON text: an integer beyond 64 bits, a real beyond a
/// double, or a string with escapes that are halves of surrogate pairs (`"\ud800"`).
///
/// Integers and strings are equal when their values are. Reals are equal when their texts are.
public struct JSONLiteral: Hashable, Sendable {
  /// For strings, what is not half of a surrogate pair is escaped as far as JSON demands.
  public let text: String

  /// - Parameter text: an integer or a real in JSON's grammar, or a string in quotes.
  package init(text: String) { self.text = text }

  public static func == (a: JSONLiteral, b: JSONLiteral) -> Bool { a.text.hasSameBytes(as: b.text) }

  /// As that of a string.
  public func hash(into hasher: inout Hasher) { hasher.combine(text) }

  /// Whether this is a string.
  public var isString: Bool { text.utf8.first == UInt8(ascii: "\"") }

  /// Whether this is an integer.
  public var isInteger: Bool {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-") }
  }
}

extension JSON {
  public static func == (a: JSON, b: JSON) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.real(let a), .real(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    case (.literal(let a), .literal(let b)): a == b
    default: false
    }
  }

  /// Integers, which most keys and elements are, are hashed without their kind: it is nearly half of the cost. What Swift
  /// takes for one string has one hash, so strings of the same bytes do.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .null: hasher.combine(0 as UInt8)
    case .bool(let value): hasher.combine(value)
    case .real(let value): hasher.combine(value)
    case .array(let elements): hasher.combine(elements)
    case .object(let members): hasher.combine(members)
    case .literal(let literal): hasher.combine(literal)
    }
  }
}

extension JSON: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(nilLiteral: ()) { self = .null }

  /// Of a name given twice, the last value counts.
  public init(dictionaryLiteral members: (JSONName, JSON)...) {
    self = .object(Dictionary(members) { _, last in last })
  }
}

extension JSON {
  /// The integer that this is; nil for any other value, and for integers beyond 64 bits.
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  /// Whether this is an integer, of whatever size.
  public var isInteger: Bool {
    switch self {
    case .integer: true
    case .literal(let literal): literal.isInteger
    default: false
    }
  }
  /// The string that this is; nil for any other value.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
  /// The elements, if this is an array.
  public var array: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }
  /// The member of that name, if this is an object that has one.
  public subscript(_ name: JSONName) -> JSON? {
    if case .object(let members) = self { members[name] } else { nil }
  }
}
