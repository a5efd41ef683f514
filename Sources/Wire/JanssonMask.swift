/// Rewrites texts so that jansson can read what JSON's grammar allows and jansson refuses: numbers of any size, and
/// escapes that are halves of surrogate pairs.
///
/// Each of them becomes a string that begins with NUL and a mark, which ``TreeValue`` undoes. Whatever else is wrong
/// with a text, jansson still refuses.
struct JanssonMask {
  enum Mark: UInt8 {
    /// The digits of a number follow.
    case number = 0x23
    /// The inner text of a string follows, with its escapes.
    case escaped = 0x24
    /// A string follows that begins with NUL by itself.
    case plain = 0x3D
  }

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
      }
      position += 2
    }
    position += 1
    let inner = UnsafeRawBufferPointer(rebasing: text[start + 1..<position - 1])
    if let lone = inner.loneSurrogate {
      if isKey {
        replaceHalves(of: start + 1..<position - 1, from: start + 1 + lone)
      } else {
        // jansson is to read the escapes as they are written.
        let backslash = UInt8(ascii: "\\")
        let content = inner.flatMap { $0 == backslash || $0 == UInt8(ascii: "\"") ? [backslash, $0] : [$0] }
        replace(start..<position, .escaped, content)
      }
    } else if !isKey, inner.starts(with: "\\u0000".utf8) {
      replace(start..<position, .plain, inner)
    }
    return true
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  /// A key is read as a `String`, which has U+FFFD for halves.
  private mutating func replaceHalves(of inner: Range<Int>, from first: Int) {
    var place = first
    while place < inner.upperBound {
      output += text[copied..<place]
      output += "\\ufffd".utf8
      copied = place + 6
      let rest = UnsafeRawBufferPointer(rebasing: text[copied..<inner.upperBound])
      place = rest.loneSurrogate.map { copied + $0 } ?? inner.upperBound
    }
  }

  private mutating func replace(_ range: Range<Int>, _ mark: Mark, _ content: some Sequence<UInt8>) {
    output += text[copied..<range.lowerBound]
    output += "\"\\u0000".utf8
    output.append(mark.rawValue)
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
