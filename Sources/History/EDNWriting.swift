internal import Glomers

extension EDN {
  /// What a tree is written as.
  public enum Notation: Sendable {
    /// Clojure's extensible data notation.
    case edn
    /// Keywords become strings, and so do all keys.
    case json
  }

  /// The value on one line.
  public var text: String { text(in: .edn) }

  /// The value on one line.
  public func text(in notation: Notation) -> String {
    var bytes: [UInt8] = []
    write(in: notation, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the value on one line, in UTF-8.
  public func write(in notation: Notation = .edn, to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += (notation == .edn ? "nil" : "null").utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .real(let value): bytes += Self.text(of: value, notation).utf8
    case .string(let value): Self.write(string: value, to: &bytes)
    case .literal(let literal):
      bytes += literal.text.utf8
      // Clojure's marks for numbers of any size.
      if notation == .edn, !literal.isString { bytes.append(UInt8(ascii: literal.isInteger ? "N" : "M")) }
    case .keyword(let name):
      guard notation == .edn else { return Self.write(string: name, to: &bytes) }
      bytes.append(UInt8(ascii: ":"))
      bytes += name.utf8
    case .vector(let elements):
      bytes.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { bytes += notation.elementSeparator.utf8 }
        element.write(in: notation, to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let members):
      bytes.append(UInt8(ascii: "{"))
      for (place, member) in members.enumerated() {
        if place > 0 { bytes += ", ".utf8 }
        member.writeKey(in: notation, to: &bytes)
        member.value.write(in: notation, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func text(of real: Double, _ notation: Notation) -> String {
    if real.isFinite { return real.description }
    if notation == .json { return "null" }
    return real.isNaN ? "##NaN" : real < 0 ? "##-Inf" : "##Inf"
  }

  /// The escapes are those that both notations have.
  private static func write(string: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case UInt8(ascii: "\n"): bytes += "\\n".utf8
      case UInt8(ascii: "\r"): bytes += "\\r".utf8
      case UInt8(ascii: "\t"): bytes += "\\t".utf8
      case 0..<0x20, 0x7F:
        let digits = Array("0123456789abcdef".utf8)
        bytes += "\\u00".utf8
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}

extension EDN {
  /// The most bytes of a value that people are shown, and of each string or number in it.
  private static let shownBytesMax = 400
  private static let shownScalarBytesMax = 100

  /// The value on one line for people: of a long one the beginning, and how long it is.
  package var shown: String { shortened.text.shortened(to: Self.shownBytesMax) }

  /// The value itself, or what is shown of a long one.
  package var bounded: EDN {
    let text = shortened.text
    return text.utf8.count > Self.shownBytesMax ? .string(text.shortened(to: Self.shownBytesMax)) : shortened
  }

  /// The value with no more of any string or number in it than people are shown.
  package var shortened: EDN {
    switch self {
    case .null, .bool, .integer, .real: self
    case .string(let text): .string(text.shortened(to: Self.shownScalarBytesMax))
    case .keyword(let name): .keyword(name.shortened(to: Self.shownScalarBytesMax))
    case .literal(let literal):
      literal.text.utf8.count > Self.shownScalarBytesMax
        ? .string(literal.text.shortened(to: Self.shownScalarBytesMax)) : self
    case .vector(let elements): .vector(elements.map(\.shortened))
    case .map(let members): .map(members.map { Member($0.key.shortened, $0.value.shortened) })
    }
  }
}

extension String {
  /// Its beginning and its length, if it has more than so many bytes.
  package func shortened(to bytesMax: Int) -> String {
    let count = utf8.count
    guard count > bytesMax else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: bytesMax)
    // No part of a character.
    while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return "\(self[..<end])… (\(count) bytes)"
  }
}

extension EDN {
  /// What a map's key is called in JSON, where keys are strings.
  var jsonName: JSONName {
    switch self {
    case .keyword(let name), .string(let name): JSONName(name)
    case .literal(let literal): literal.isString ? JSONName(literal) : JSONName(literal.text)
    default: JSONName(text)
    }
  }
}

extension EDN.Notation {
  var elementSeparator: String { self == .edn ? " " : ", " }
}

extension EDN.Member {
  /// Appends the key and what stands between it and its value.
  func writeKey(in notation: EDN.Notation, to bytes: inout [UInt8]) {
    switch (notation, key) {
    case (.edn, _):
      key.write(to: &bytes)
      bytes.append(UInt8(ascii: " "))
    case (.json, .string), (.json, .keyword):
      key.write(in: .json, to: &bytes)
      bytes += ": ".utf8
    case (.json, _):
      EDN(key.jsonName.json).write(in: .json, to: &bytes)
      bytes += ": ".utf8
    }
  }
}
