package import Glomers

extension JSON {
  /// A total order: null, booleans, numbers, strings, arrays (the shorter first, as in Clojure), objects. Integers come
  /// before reals of the same value.
  package static func precedes(_ a: JSON, _ b: JSON) -> Bool {
    switch (a, b) {
    case (.bool(let a), .bool(let b)): !a && b
    case (.integer(let a), .integer(let b)): a < b
    case (.real(let a), .real(let b)): a < b
    case (.integer(let a), .real(let b)): Double(a) <= b
    case (.real(let a), .integer(let b)): a < Double(b)
    case (.string(let a), .string(let b)): a.precedesByBytes(b)
    case (.array(let a), .array(let b)):
      a.count == b.count ? a.lexicographicallyPrecedes(b, by: precedes) : a.count < b.count
    case (.object(let a), .object(let b)): precedes(pairs(a), pairs(b))
    default:
      if a.rank == b.rank, let a = a.decimal, let b = b.decimal {
        Decimal.precedes(a, b)
      } else if a.rank == b.rank {
        (a.string ?? a.literal ?? "").precedesByBytes(b.string ?? b.literal ?? "")
      } else {
        a.rank < b.rank
      }
    }
  }

  /// The value with whole reals as integers, so that `1` and `1.0` are the same: what Clojure's `==` compares. Its `=`
  /// tells them apart.
  package var numericForm: JSON {
    switch self {
    case .real(let value): Int(exactly: value).map { .integer($0) } ?? self
    case .array(let elements): .array(elements.map(\.numericForm))
    case .object(let members): .object(members.mapValues(\.numericForm))
    case .null, .bool, .integer, .string, .literal: self
    }
  }

  private static func pairs(_ members: [JSONName: JSON]) -> JSON {
    .array(members.sorted { $0.key < $1.key }.map { .array([$0.key.json, $0.value]) })
  }

  private var rank: Int {
    switch self {
    case .null: 0
    case .bool: 1
    case .integer, .real: 2
    case .literal(let literal): literal.isString ? 3 : 2
    case .string: 3
    case .array: 4
    case .object: 5
    }
  }

  private var literal: String? {
    if case .literal(let literal) = self { literal.text } else { nil }
  }

  private var decimal: Decimal? {
    switch self {
    case .integer(let value): Decimal(String(value))
    case .real(let value): value.isFinite ? Decimal(value.description) : nil
    case .literal(let literal): literal.isString ? nil : Decimal(literal.text)
    default: nil
    }
  }
}

/// A number as 0.digits × 10^exponent, so that numbers of any size can be compared.
private struct Decimal {
  /// -1, 0 or 1.
  private let sign: Int
  private let exponent: Int
  /// Neither the first nor the last is a zero.
  private let digits: [UInt8]

  /// - Parameter text: of a number in JSON's grammar.
  init(_ text: String) {
    let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) {
      $0 | 0x20 == UInt8(ascii: "e")
    }
    let isNegative = text.hasPrefix("-")
    let mantissa = parts[0].drop { $0 == UInt8(ascii: "-") }
      .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    var digits = Array(mantissa.joined())
    // An exponent beyond 64 bits is as good as one of 62: no other number has one like it.
    let written = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "0"
    let power = Int(written) ?? (written.hasPrefix("-") ? Int.min / 2 : Int.max / 2)
    let zeroCount = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeroCount)
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    sign = digits.isEmpty ? 0 : isNegative ? -1 : 1
    exponent = max(Int.min / 2, min(power, Int.max / 2)) + mantissa[0].count - zeroCount
    self.digits = digits
  }

  static func precedes(_ a: Decimal, _ b: Decimal) -> Bool {
    guard a.sign == b.sign else { return a.sign < b.sign }
    let (low, high) = a.sign < 0 ? (b, a) : (a, b)
    guard low.exponent == high.exponent else { return low.sign != 0 && low.exponent < high.exponent }
    return low.digits.lexicographicallyPrecedes(high.digits)
  }
}
