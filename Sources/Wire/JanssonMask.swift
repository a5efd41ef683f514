import Glomers

/// Rewrites texts so that jansson can read what JSON's grammar allows and jansson refuses: numbers of any size, and
/// escapes that are halves of surrogate pairs.
///
/// Each of them becomes a string that begins with NUL and a mark, which ``TreeValue`` undoes. A key with such an escape, or
/// with NUL, which jansson's keys have not, begins with U+0001 instead. Whatever else is wrong with a text, jansson still
/// refuses.
struct JanssonMask {
  enum Mark: UInt8 {
    /// The digits of a number follow.
    case number = 0x23
    /// The inner text of a string follows, with its escapes.
    case escaped = 0x24
    /// A string follows that begins with NUL by itself.
    case plain = 0x3D
  }

  /// The keys of jansson that stand for others begin so, and go on with the inner text of the key, with its escapes.
  private static let keyMark = "\u{1}$"

  private let text: UnsafeRawBufferPointer
  private var position = 0
  private var output: [UInt8] = []
  /// Up to here the text is in the output.
  private var copied = 0

  private init(_ text: UnsafeRawBufferPointer) { self.text = text }

  /// The text with its marks; nil where there is nothing to mark.
  static func masked(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var mask = JanssonMask(text)
    mask.run()
    guard mask.copied > 0 else { return nil }
    mask.output += text[mask.copied...]
    return mask.output
  }

  /// What jansson calls a key; nil where that is its own text.
  static func masked(key: String) -> String? {
    guard key.utf8.first == 1 || key.utf8.contains(0) else { return nil }
    return keyMark + JSON.string(key).escaped
  }

  /// What jansson's key stands for.
  static func name(ofKey characters: UnsafeRawBufferPointer) -> JSONName {
    guard characters.starts(with: keyMark.utf8) else {
      return JSONName(String(decoding: characters, as: UTF8.self))
    }
    let inner = UnsafeRawBufferPointer(rebasing: characters.dropFirst(keyMark.utf8.count))
    return JSON(escaped: inner).name.unsafelyUnwrapped
  }

  private mutating func run() {
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""): guard string() else { return }
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
      default: position += 1
      }
    }
  }

  /// Goes over a number, or over what is none.
  private mutating func number() {
    let start = position
    while position < text.count, Self.isNumeric(text[position]) { position += 1 }
    let word = String(decoding: text[start..<position], as: UTF8.self)
    guard !isKey, JSONNumber.isValid(word), Int(word) == nil else { return }
    let isInteger = !word.utf8.contains { ".eE".utf8.contains($0) }
    guard isInteger || Double(word)?.isInfinite == true else { return }
    replace(start..<position, .number, word.utf8)
  }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  /// Goes over a string. False where it has no end, or an escape that JSON has not.
  private mutating func string() -> Bool {
    let start = position
    var hasNUL = false
    position += 1
    while true {
      guard position < text.count else { return false }
      if text[position] == UInt8(ascii: "\"") { break }
      guard text[position] == UInt8(ascii: "\\") else {
        position += 1
        continue
      }
      guard position + 1 < text.count, #""\/bfnrtu"#.utf8.contains(text[position + 1]) else { return false }
      if text[position + 1] == UInt8(ascii: "u") {
        let digits = text[(position + 2)...].prefix(4)
        guard digits.count == 4, digits.allSatisfy(Self.isHexadecimal) else { return false }
        hasNUL = hasNUL || digits.allSatisfy { $0 == UInt8(ascii: "0") }
      }
      position += 2
    }
    position += 1
    let inner = UnsafeRawBufferPointer(rebasing: text[start + 1..<position - 1])
    if isKey {
      if hasNUL || inner.starts(with: #"\u0001"#.utf8) || inner.loneSurrogate != nil {
        // Of two keys that are one, jansson has to see that they are.
        replace(start..<position, #"\u0001$"#, with: Self.quoted(JSON(escaped: inner).escaped.utf8))
      }
    } else if inner.loneSurrogate != nil {
      replace(start..<position, .escaped, Self.quoted(inner))
    } else if inner.starts(with: #"\u0000"#.utf8) {
      replace(start..<position, .plain, inner)
    }
    return true
  }

  /// What jansson reads as these escapes, as they are written.
  private static func quoted(_ inner: some Sequence<UInt8>) -> [UInt8] {
    let backslash = UInt8(ascii: "\\")
    return inner.flatMap { $0 == backslash || $0 == UInt8(ascii: "\"") ? [backslash, $0] : [$0] }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  private mutating func replace(_ range: Range<Int>, _ mark: Mark, _ content: some Sequence<UInt8>) {
    let mark = String(UnicodeScalar(mark.rawValue))
    replace(range, #"\u0000"# + mark, with: content)
  }

  private mutating func replace(_ range: Range<Int>, _ beginning: String, with content: some Sequence<UInt8>)
  {
    output += text[copied..<range.lowerBound]
    output.append(UInt8(ascii: "\""))
    output += beginning.utf8
    output += content
    output.append(UInt8(ascii: "\""))
    copied = range.upperBound
  }

  /// Whether a colon comes next.
  private var isKey: Bool {
    text[position...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D } == UInt8(ascii: ":")
  }
}

/// JSON's grammar of numbers.
enum JSONNumber {
  static func isValid(_ text: String) -> Bool {
    var rest = text.utf8[...]
    func takeDigits() -> Bool {
      let count = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }.count
      rest = rest.dropFirst(count)
      return count > 0
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    if rest.first == UInt8(ascii: "0") {
      rest = rest.dropFirst()
    } else if !takeDigits() {
      return false
    }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard takeDigits() else { return false }
    }
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        rest = rest.dropFirst()
      }
      guard takeDigits() else { return false }
    }
    return rest.isEmpty
  }
}
