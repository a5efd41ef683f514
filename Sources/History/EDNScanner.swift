internal import Glomers
internal import Wire

/// The words of Clojure's notation: everything that holds nothing else.
struct EDNScanner: Sendable {
  let bytes: [UInt8]
  let notation: EDN.Notation
  var place = 0

  init(_ bytes: [UInt8], _ notation: EDN.Notation) {
    self.bytes = bytes
    self.notation = notation
    // A byte order mark says nothing.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
  }

  func peek() -> UInt8? { place < bytes.count ? bytes[place] : nil }

  func error(_ reason: String, at place: Int? = nil) -> EDNError {
    let before = bytes.prefix(place ?? self.place)
    let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    return EDNError(
      line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: before.count - lineStart + 1,
      reason: reason)
  }

  /// Goes past white space, commas and comments.
  mutating func skipSpace() {
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: ","), 0x09...0x0D, 0x1C...0x1F: place += 1
      case UInt8(ascii: ":") where notation == .json: place += 1
      case UInt8(ascii: ";"): place = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      default: return
      }
    }
  }

  /// What comes until something that ends a word; may be empty.
  mutating func token() -> String { String(decoding: word(), as: UTF8.self) }

  private mutating func word() -> ArraySlice<UInt8> {
    let start = place
    while let byte = peek(), !Self.endsWord(byte) { place += 1 }
    return bytes[start..<place]
  }

  static func endsWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\""), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"):
      true
    default: false
    }
  }

  /// A keyword, a number, `nil`, a boolean or a symbol.
  mutating func atom() throws(EDNError) -> EDN {
    let start = place
    let word = word()
    guard let first = word.first else { throw error("this byte has no meaning here") }
    if first == UInt8(ascii: ":") {
      guard word.count > 1 else { throw error("a keyword without a name", at: start) }
      return .keyword(String(decoding: word.dropFirst(), as: UTF8.self))
    }
    let isSigned = first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
    if let digit = isSigned ? word.dropFirst().first : first, Self.isDigit(digit) {
      return try number(word, start)
    }
    let name = String(decoding: word, as: UTF8.self)
    return switch name {
    case "nil": .null
    case "null" where notation == .json: .null
    case "true": true
    case "false": false
    default: .keyword(name)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func number(_ word: ArraySlice<UInt8>, _ start: Int) throws(EDNError) -> EDN {
    if let value = Self.plainInteger(word) { return .integer(value) }
    var text = String(decoding: word, as: UTF8.self)
    if let integer = try integer(text, start) { return integer }
    if text.hasSuffix("M") { text.removeLast() }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count == 2, let dividend = Int(parts[0]), let divisor = Int(parts[1]), divisor != 0 {
      return .real(Double(dividend) / Double(divisor))
    }
    // Swift reads more than Clojure writes: hexadecimal digits.
    let isDecimal = text.utf8.allSatisfy { Self.isDigit($0) || "+-.eE".utf8.contains($0) }
    let isReal = text.utf8.contains { !Self.isDigit($0) } || word.last == UInt8(ascii: "M")
    guard isDecimal, isReal, let value = Double(text) else { throw error("\(text) is no number", at: start) }
    return value.isFinite ? .real(value) : EDN(JSON(number: Self.plain(text)))
  }

  /// Most numbers are of up to 18 decimal digits, without a zero in front: those need no text.
  private static func plainInteger(_ word: ArraySlice<UInt8>) -> Int? {
    let isNegative = word.first == UInt8(ascii: "-")
    let digits = isNegative ? word.dropFirst() : word
    guard (1...18).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
      return nil
    }
    var value = 0
    for digit in digits {
      guard isDigit(digit) else { return nil }
      value = 10 * value + Int(digit - UInt8(ascii: "0"))
    }
    return isNegative ? -value : value
  }

  /// A number as JSON's grammar has it: no plus sign, no zeros before others, a digit after the point.
  private static func plain(_ number: String) -> String {
    let isNegative = number.hasPrefix("-")
    var digits = number.drop { $0 == "-" || $0 == "+" }
    digits = digits.drop { $0 == "0" }
    var plain = digits.first?.isNumber == true ? String(digits) : "0" + digits
    if let point = plain.firstIndex(of: "."), !(plain[point...].dropFirst().first?.isNumber ?? false) {
      plain.insert("0", at: plain.index(after: point))
    }
    return (isNegative ? "-" : "") + plain
  }

  /// `42`, `42N`, `0x2A`, `052` or `16r2A`; nil if it is none of them.
  private func integer(_ text: String, _ start: Int) throws(EDNError) -> EDN? {
    var digits = text[...]
    let isNegative = digits.first == "-"
    if isNegative || digits.first == "+" { digits.removeFirst() }
    var radix = 10
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      radix = 16
      digits = digits.dropFirst(2)
    } else if let mark = digits.firstIndex(where: { $0 == "r" || $0 == "R" }) {
      guard let named = Int(digits[..<mark]), (2...36).contains(named) else { return nil }
      radix = named
      digits = digits[digits.index(after: mark)...]
    }
    // In bases beyond 23, N is a digit; there Clojure writes none after the number.
    if digits.hasSuffix("N"), radix <= 23 { digits.removeLast() }
    if radix == 10, notation == .edn, digits.count > 1, digits.first == "0" { radix = 8 }
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.digitValue.map { $0 < radix } ?? false })
    else {
      return nil
    }
    let signed = (isNegative ? "-" : "") + digits
    if let value = Int(signed, radix: radix) { return .integer(value) }
    guard radix == 10 else { throw error("an integer beyond 64 bits that isn't decimal", at: start) }
    return EDN(JSON(number: Self.plain(signed)))
  }

  /// What follows `##`.
  mutating func symbolicReal() throws(EDNError) -> EDN {
    let start = place
    switch token() {
    case "Inf": return .real(.infinity)
    case "-Inf": return .real(-.infinity)
    case "NaN": return .real(.nan)
    case let name: throw error("##\(name) is no number", at: start)
    }
  }

  mutating func character() throws(EDNError) -> EDN {
    let start = place
    place += 1
    // A bracket, a quote or a space is a character, too.
    guard let first = peek() else { throw error("a character without a name", at: start) }
    if Self.endsWord(first) {
      place += 1
      return .string(String(UnicodeScalar(first)))
    }
    let name = token()
    if name.count == 1 { return .string(name) }
    switch name {
    case "newline": return "\n"
    case "return": return "\r"
    case "space": return " "
    case "tab": return "\t"
    case "backspace": return "\u{8}"
    case "formfeed": return "\u{C}"
    default:
      // `\o101`: an octal code, up to 377.
      if name.hasPrefix("o"), name.utf8.count <= 4, let unit = UInt8(name.dropFirst(), radix: 8) {
        return .string(String(UnicodeScalar(unit)))
      }
      guard name.hasPrefix("u"), name.utf8.count == 5, let unit = UInt16(name.dropFirst(), radix: 16) else {
        throw error("there is no character \\\(name)", at: start)
      }
      return .string(String(decoding: [unit], as: UTF16.self))
    }
  }

  mutating func string() throws(EDNError) -> EDN {
    let start = place
    place += 1
    var decoded: [UInt8] = []
    var plainStart = place
    var hasHalves = false
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        let plain = bytes[plainStart..<place]
        place += 1
        if hasHalves { return EDN(JSON(escaped: bytes[(start + 1)..<(place - 1)])) }
        return .string(String(decoding: decoded.isEmpty ? plain : (decoded + plain)[...], as: UTF8.self))
      case UInt8(ascii: "\\"):
        decoded += bytes[plainStart..<place]
        try escape(&decoded, &hasHalves)
        plainStart = place
      default: place += 1
      }
    }
    throw error("a string without an end", at: start)
  }

  /// - Parameter hasHalves: becomes true with half of a surrogate pair.
  private mutating func escape(_ decoded: inout [UInt8], _ hasHalves: inout Bool) throws(EDNError) {
    let start = place
    guard place + 1 < bytes.count else { throw error("a string without an end", at: start) }
    place += 2
    switch bytes[place - 1] {
    case UInt8(ascii: "n"): decoded.append(0x0A)
    case UInt8(ascii: "r"): decoded.append(0x0D)
    case UInt8(ascii: "t"): decoded.append(0x09)
    case UInt8(ascii: "b"): decoded.append(0x08)
    case UInt8(ascii: "f"): decoded.append(0x0C)
    case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "/"): decoded.append(bytes[place - 1])
    case UInt8(ascii: "u"):
      var units = [try codeUnit(start)]
      // The other half of a surrogate pair.
      if UTF16.isLeadSurrogate(units[0]), bytes[place...].starts(with: "\\u".utf8) {
        let second = place
        place += 2
        units.append(try codeUnit(start))
        if !UTF16.isTrailSurrogate(units[1]) {
          units.removeLast()
          place = second
        }
      }
      if units.count == 1, UTF16.isSurrogate(units[0]) { hasHalves = true }
      decoded += String(decoding: units, as: UTF16.self).utf8
    default: throw error("no escape that a string can have", at: start)
    }
  }

  private mutating func codeUnit(_ start: Int) throws(EDNError) -> UInt16 {
    let digits = bytes[place...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("\\u wants four hexadecimal digits", at: start) }
    place += 4
    return unit
  }
}

extension Character {
  /// What it counts as a digit in bases up to 36.
  fileprivate var digitValue: Int? { isASCII ? Int(String(self), radix: 36) : nil }
}
