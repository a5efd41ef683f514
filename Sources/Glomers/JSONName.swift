/// A name in JSON: of an object's member, or one that means the same everywhere, as the key of a log does.
///
/// Names are equal when their bytes in UTF-8 are, as everywhere but in Swift: `"\u{e9}"` is not `"e\u{301}"`, though both are
/// an é. A name can be any string that JSON has, also one with halves of surrogate pairs (`"\ud800"`), which no `String`
/// holds. They are ordered by their bytes.
public struct JSONName: Hashable, Comparable, Sendable, ExpressibleByStringInterpolation,
  CustomStringConvertible
{
  /// The name; or NUL, and after it a name that begins with NUL itself, or the JSON text of one that no `String` holds.
  /// Different names differ here, too.
  package let stored: String

  /// - Parameter stored: what another name has stored.
  package init(stored: String) { self.stored = stored }

  /// - Parameter name: any text.
  public init(_ name: String) { stored = name.utf8.first == 0 ? "\0" + name : name }

  /// - Parameter literal: a string.
  package init(_ literal: JSONLiteral) {
    precondition(literal.isString, "\(literal.text) is no string")
    stored = "\0" + literal.text
  }

  public init(stringLiteral name: String) { self.init(name) }

  /// The name as a value.
  public var json: JSON {
    guard stored.utf8.first == 0 else { return .string(stored) }
    let rest = String(stored.unicodeScalars.dropFirst())
    return rest.utf8.first == 0 ? .string(rest) : .literal(JSONLiteral(text: rest))
  }

  /// The name as text; nil for one that no `String` holds.
  public var string: String? { json.string }

  /// The name, for people: one that no `String` holds as JSON has it, without quotes.
  public var description: String {
    switch json {
    case .literal(let literal): String(literal.text.unicodeScalars.dropFirst().dropLast())
    case let name: name.string ?? ""
    }
  }

  public static func == (a: JSONName, b: JSONName) -> Bool { a.stored.hasSameBytes(as: b.stored) }

  /// What Swift takes for one string has one hash, so strings of the same bytes do.
  public func hash(into hasher: inout Hasher) { hasher.combine(stored) }

  public static func < (a: JSONName, b: JSONName) -> Bool { a.stored.precedesByBytes(b.stored) }
}

extension JSON {
  /// The string that this is, as a name; nil for any other value.
  public var name: JSONName? {
    switch self {
    case .string(let text): JSONName(text)
    case .literal(let literal) where literal.isString: JSONName(literal)
    default: nil
    }
  }
}

extension String {
  /// Whether it is the same text to the byte. Swift's own `==` compares letters, however they are composed (Unicode
  /// Standard Annex 15).
  package func hasSameBytes(as other: String) -> Bool {
    #if _pointerBitWidth(_64)
      // A short string is its own bytes, and of a long one there is often a single copy.
      typealias Words = (UInt64, UInt64)
      let (mine, theirs) = unsafe (unsafeBitCast(self, to: Words.self), unsafeBitCast(other, to: Words.self))
      if mine == theirs { return true }
    #endif
    guard utf8.count == other.utf8.count else { return false }
    let isSame = unsafe utf8.withContiguousStorageIfAvailable { here in
      unsafe other.utf8.withContiguousStorageIfAvailable { there in
        for place in here.indices where unsafe here[place] != there[place] { return false }
        return true
      }
    }
    return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
  }

  /// Whether its bytes come first. Swift's own `<` takes what looks alike for equal.
  package func precedesByBytes(_ other: String) -> Bool {
    let precedes: Bool?? = unsafe utf8.withContiguousStorageIfAvailable { mine in
      unsafe other.utf8.withContiguousStorageIfAvailable { theirs in
        unsafe mine.lexicographicallyPrecedes(theirs)
      }
    }
    // Other strings are Foundation's.
    return precedes.flatMap { $0 } ?? utf8.lexicographicallyPrecedes(other.utf8)
  }
}
