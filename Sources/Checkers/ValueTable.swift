import Glomers

/// Gives JSON values small numbers, 0, 1, 2, … in the order in which they turn up.
///
/// Checkers look at every element of every read; numbers make that cheap. The integers that a broadcast test counts
/// through are looked up in an array, everything else in a dictionary.
struct ValueTable: Sendable {
  private(set) var values: [JSON] = []
  private var small: [Int32] = []
  private var others: [JSON: Int] = [:]

  private static let smallLimit = 1 << 20

  var count: Int { values.count }

  /// The number of a value, which is new to the table if it was not met before.
  mutating func number(of value: JSON) -> Int {
    if case .integer(let integer) = value, 0..<Self.smallLimit ~= integer { return number(ofSmall: integer) }
    if let number = others[value] { return number }
    others[value] = values.count
    values.append(value)
    return values.count - 1
  }

  /// The number of an integer.
  mutating func number(ofInteger integer: Int) -> Int {
    0..<Self.smallLimit ~= integer ? number(ofSmall: integer) : number(of: .integer(integer))
  }

  private mutating func number(ofSmall integer: Int) -> Int {
    if integer < small.count, small[integer] >= 0 { return Int(small[integer]) }
    if integer >= small.count {
      let grown = Swift.max(1024, 2 * small.count, integer + 1)
      small.append(contentsOf: repeatElement(-1, count: grown - small.count))
    }
    small[integer] = Int32(values.count)
    values.append(.integer(integer))
    return values.count - 1
  }
}
