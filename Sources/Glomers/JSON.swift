/// A JSON value as a node sees it: opaque payloads, keys, elements.
///
/// Integers are 64-bit and never equal to reals (`1` is not `1.0`); objects compare without regard to order.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])
}

extension JSON {
  /// Integers, which most keys and elements are, are hashed without their kind: it is nearly half of the cost.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .null: hasher.combine(0 as UInt8)
    case .bool(let value): hasher.combine(value)
    case .real(let value): hasher.combine(value)
    case .array(let elements): hasher.combine(elements)
    case .object(let members): hasher.combine(members)
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

  /// Of a key given twice, the last value counts.
  public init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(Dictionary(members) { _, last in last })
  }
}

extension JSON {
  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
  public var array: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }
  /// The member of that name, if this is an object that has one.
  public subscript(_ key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }
}
