public import Glomers

/// A value of Clojure's extensible data notation, as far as results and histories need it.
public enum EDN: Hashable, Sendable {
  /// `nil`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// An integer of 64 bits.
  case integer(Int)
  /// A real number, as a double.
  case real(Double)
  /// A string.
  case string(String)
  /// A number beyond 64 bits or a double, or a string with half of a surrogate pair.
  case literal(JSONLiteral)
  /// Its name without the colon.
  case keyword(String)
  /// A vector; lists and sets are read as vectors.
  case vector([EDN])
  /// In the order in which it is written.
  case map([Member])

  /// A key with its value.
  public struct Member: Hashable, Sendable {
    /// The key, of whatever kind.
    public let key: EDN
    /// The value.
    public var value: EDN

    /// - Parameters:
    ///   - key: of whatever kind.
    ///   - value: what stands under it.
    public init(_ key: EDN, _ value: EDN) {
      self.key = key
      self.value = value
    }
  }
}

extension EDN {
  /// Strings are equal when their bytes are, as JSON's.
  public static func == (a: EDN, b: EDN) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.keyword(let a), .keyword(let b)): a.hasSameBytes(as: b)
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.real(let a), .real(let b)): a == b
    case (.literal(let a), .literal(let b)): a == b
    case (.vector(let a), .vector(let b)): a == b
    case (.map(let a), .map(let b)): a == b
    default: false
    }
  }
}

extension EDN: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: EDN...) { self = .vector(elements) }
  public init(nilLiteral: ()) { self = .null }

  /// A map with keywords for keys, in this order.
  public init(dictionaryLiteral members: (String, EDN)...) {
    self = .map(members.map { Member(.keyword($0), $1) })
  }
}

extension EDN {
  /// A JSON value; the keys of objects stay strings, sorted.
  public init(_ json: JSON) {
    self =
      switch json {
      case .null: .null
      case .bool(let value): .bool(value)
      case .integer(let value): .integer(value)
      case .real(let value): .real(value)
      case .string(let value): .string(value)
      case .literal(let literal): .literal(literal)
      case .array(let elements): .vector(elements.map { EDN($0) })
      case .object(let members):
        .map(members.sorted { $0.key < $1.key }.map { Member(EDN($0.key.json), EDN($0.value)) })
      }
  }

  /// A JSON value in which words stand for keywords: a string, or the first element of an array. What no keyword can be
  /// called, as a sentence, stays a string.
  public init(keywording json: JSON) {
    self =
      switch json {
      case .string(let name) where name.isKeywordName: .keyword(name)
      case .array(let elements):
        .vector(elements.enumerated().map { $0 == 0 ? EDN(keywording: $1) : EDN($1) })
      default: EDN(json)
      }
  }

  /// The same for what became of nodes: `{"n1" :paused}`.
  init(keywordingMembers json: JSON) {
    guard case .object(let members) = json else {
      self = EDN(keywording: json)
      return
    }
    self = .map(
      members.sorted { $0.key < $1.key }.map { Member(EDN($0.key.json), EDN(keywording: $0.value)) })
  }

  /// A fraction in single precision, as Maelstrom writes its own.
  public static func fraction(_ value: Double) -> EDN {
    .real(Double(Float(value).description) ?? value)
  }

  /// The value under a keyword, if this is a map that has one.
  public subscript(_ key: String) -> EDN? {
    get {
      guard case .map(let members) = self else { return nil }
      return members.first { $0.key == .keyword(key) }?.value
    }
    set {
      guard case .map(var members) = self else { preconditionFailure("not a map: \(self)") }
      let place = members.firstIndex { $0.key == .keyword(key) }
      switch (place, newValue) {
      case (let place?, let value?): members[place].value = value
      case (let place?, nil): members.remove(at: place)
      case (nil, let value?): members.append(Member(.keyword(key), value))
      case (nil, nil): return
      }
      self = .map(members)
    }
  }
}

extension String {
  /// Whether a keyword of this name is read back as such, by Clojure too: nothing in it ends a word.
  var isKeywordName: Bool {
    let marks = [UInt8(ascii: ":"), UInt8(ascii: "/")]
    guard let first = utf8.first, let last = utf8.last, !marks.contains(first), !marks.contains(last),
      !contains("::")
    else { return false }
    return utf8.allSatisfy { byte in
      switch byte {
      case 0x7F, UInt8(ascii: "@"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "~"),
        UInt8(ascii: "\\"):
        false
      default: !EDNScanner.endsWord(byte)
      }
    }
  }
}
