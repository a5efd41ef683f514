import Glomers
import History

/// Gives the keys of transactions, and the versions of keys, small numbers, in the order in which they turn up. `1` and
/// `1.0` are the same.
struct VersionNumbers {
  private struct Version: Hashable {
    let key: Int32
    let value: JSON
  }

  private var keyTable = ValueTable()
  // By version.
  private var keyNumbers: [Int32] = []
  private var values: [JSON] = []
  /// By key.
  private var integers: [IntegerNumbers] = []
  private var others: [Version: Int32] = [:]

  var keys: [JSON] { keyTable.values }
  var count: Int { values.count }
  func key(of version: Int) -> Int { Int(keyNumbers[version]) }
  func value(of version: Int) -> JSON { values[version] }

  mutating func number(ofKey key: JSON) -> Int { keyTable.number(of: key.numericForm) }

  mutating func number(of value: JSON, _ key: Int) -> Int {
    let value = value.numericForm
    if case .integer(let integer) = value {
      while integers.count <= key { integers.append(IntegerNumbers()) }
      let number = integers[key].number(of: integer, orElse: count)
      if number < count { return number }
    } else {
      let version = Version(key: Int32(key), value: value)
      if let known = others[version] { return Int(known) }
      others[version] = Int32(count)
    }
    keyNumbers.append(Int32(key))
    values.append(value)
    return count - 1
  }
}

/// The lists that reads show, by small numbers. Nearly every list is the beginning of the longest of its key: its number is
/// its length, and it needs no memory. Numbers of others are below zero. Equal lists of a key have equal numbers.
struct ListTable {
  /// The number of a list without elements.
  static let empty = 0

  private struct Longest {
    var versions: [Int32] = []
    /// Their values, up to the first that is no integer or was not compared as one.
    var integers: [Int] = []
  }

  private struct Other: Hashable {
    let key: Int
    let versions: [Int32]
  }

  /// By key.
  private var longest: [Longest] = []
  private var others: [Other] = []
  private var otherNumbers: [Other: Int] = [:]

  /// Keys of which there is a list that is not the beginning of the longest.
  var keysWithOthers: Set<Int> { Set(others.map(\.key)) }

  /// The longest list of a key that all others agree with which are its beginning.
  func longest(ofKey key: Int) -> [Int32] { key < longest.count ? longest[key].versions : [] }

  subscript(number: Int, ofKey key: Int) -> ArraySlice<Int32> {
    number < 0 ? others[~number].versions[...] : number == 0 ? [] : longest[key].versions[..<number]
  }

  /// The number of a list of integers.
  mutating func number(of integers: [Int], ofKey key: Int, _ numbers: inout VersionNumbers) -> Int {
    makeRoom(for: key)
    let known = longest[key].integers.count
    let shared = min(known, integers.count)
    let isBeginning = integers.prefix(shared) == longest[key].integers.prefix(shared)
    if isBeginning, integers.count <= known { return integers.count }
    guard isBeginning, known == longest[key].versions.count else {
      return number(of: integers.map { Int32(numbers.number(of: .integer($0), key)) }, ofKey: key)
    }
    for integer in integers[known...] {
      longest[key].versions.append(Int32(numbers.number(of: .integer(integer), key)))
      longest[key].integers.append(integer)
    }
    return integers.count
  }

  /// The number of a list of versions.
  mutating func number(of versions: [Int32], ofKey key: Int) -> Int {
    makeRoom(for: key)
    let count = min(versions.count, longest[key].versions.count)
    if versions.prefix(count) == longest[key].versions.prefix(count) {
      if versions.count > count { longest[key].versions = versions }
      return versions.count
    }
    let other = Other(key: key, versions: versions)
    if let number = otherNumbers[other] { return number }
    others.append(other)
    otherNumbers[other] = ~(others.count - 1)
    return ~(others.count - 1)
  }

  private mutating func makeRoom(for key: Int) {
    while longest.count <= key { longest.append(Longest()) }
  }
}
