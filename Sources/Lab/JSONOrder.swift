import Glomers

extension JSON {
  /// A total order: null, booleans, numbers, strings, arrays (the shorter first, as in Clojure), objects.
  static func precedes(_ a: JSON, _ b: JSON) -> Bool {
    switch (a, b) {
    case (.bool(let a), .bool(let b)): !a && b
    case (.integer(let a), .integer(let b)): a < b
    case (.real(let a), .real(let b)): a < b
    case (.integer(let a), .real(let b)): Double(a) <= b
    case (.real(let a), .integer(let b)): a < Double(b)
    case (.string(let a), .string(let b)): a < b
    case (.array(let a), .array(let b)):
      a.count == b.count ? a.lexicographicallyPrecedes(b, by: precedes) : a.count < b.count
    case (.object(let a), .object(let b)): precedes(pairs(a), pairs(b))
    default: a.rank < b.rank
    }
  }

  private static func pairs(_ members: [String: JSON]) -> JSON {
    .array(members.sorted { $0.key < $1.key }.map { .array([.string($0.key), $0.value]) })
  }

  private var rank: Int {
    switch self {
    case .null: 0
    case .bool: 1
    case .integer, .real: 2
    case .string: 3
    case .array: 4
    case .object: 5
    }
  }
}
