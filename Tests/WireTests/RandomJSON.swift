import Glomers
import Wire

/// Draws JSON values that are apt to break a codec: escapes, NUL, wide characters, bounds of integers, and beyond.
struct RandomJSON {
  var random: Random
  var hasReals = true
  /// Whether there are values that jansson has no place for.
  var hasLiterals = true

  mutating func value(depth: Int = 4) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
    case 0: .null
    case 1: .bool(.random(using: &random))
    case 2: hasLiterals && Int.random(in: 0..<4, using: &random) == 0 ? literal() : .integer(integer())
    case 3: hasReals ? .real(real()) : .integer(integer())
    case 4, 5: .string(string())
    case 6, 7:
      .array((0..<Int.random(in: 0...5, using: &random)).map { _ in value(depth: depth - 1) })
    default: .object(object(depth: depth - 1))
    }
  }

  mutating func object(depth: Int = 3) -> [JSONName: JSON] {
    var members: [JSONName: JSON] = [:]
    for _ in 0..<Int.random(in: 0...5, using: &random) { members[key()] = value(depth: depth) }
    return members
  }

  mutating func integer() -> Int {
    let extremes = [0, -1, .max, .min, .max - 1, 1_000_000_000_000_000_000, -999_999_999_999_999_999]
    if Bool.random(using: &random) { return extremes.randomElement(using: &random)! }
    return Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0..<64, using: &random)
  }

  mutating func literal() -> JSON {
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      let digits = (0..<Int.random(in: 19...40, using: &random)).map { _ in
        String(Int.random(in: 0...9, using: &random))
      }
      return JSON(number: (Bool.random(using: &random) ? "-9" : "9") + digits.joined())
    case 1: return JSON(number: "1.5e\(Int.random(in: 309...2000, using: &random))")
    default: return literalString()
    }
  }

  mutating func literalString() -> JSON {
    let pieces = [#"\ud800"#, #"\udfff"#, #"\n"#, #"\""#, #"\\"#, "é", "😀", "u", "d800"]
    let inner = (0..<Int.random(in: 1...6, using: &random)).map { _ in pieces.randomElement(using: &random)!
    }
    return JSON(escaped: inner.joined().utf8)
  }

  mutating func real() -> Double {
    let bits = Double(bitPattern: random.next())
    return bits.isFinite ? bits : 0.1
  }

  /// Where there are literals, a key may be one, or have NUL, which jansson's have not.
  mutating func key() -> JSONName {
    guard hasLiterals else {
      return JSONName(String(String.UnicodeScalarView(string().unicodeScalars.filter { $0.value != 0 })))
    }
    return Int.random(in: 0..<4, using: &random) == 0 ? literalString().name! : JSONName(string())
  }

  mutating func string() -> String {
    let pieces: [String] = [
      "\"", "\\", "/", "\u{0}", "\u{1}", "\u{8}", "\u{C}", "\n", "\r", "\t", "\u{1F}", "\u{7F}", "\u{80}",
      "é",
      "語", "😀", "\u{2028}", "\u{FFFF}", "\u{10FFFF}", "}", "]", "{", ":", ",", "msg_id", "src", "plain text",
    ]
    return (0..<Int.random(in: 0...8, using: &random))
      .map { _ in pieces.randomElement(using: &random)! }.joined()
  }
}
