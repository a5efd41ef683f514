import Glomers
import Lab
import Testing
import Wire
@testable import History

private func large(_ number: String) -> EDN { EDN(JSON(number: number)) }

@Suite("Reading EDN")
struct EDNReadingTests {
  private func values(_ text: String) throws -> [EDN] {
    var reader = EDNReader(Array(text.utf8))
    var values: [EDN] = []
    while let value = try reader.next() { values.append(value) }
    return values
  }

  @Test(
    "every notation has its value",
    arguments: [
      ("nil true false", [nil, true, false]),
      (
        "1 -2 +3 0 7N 9223372036854775807 999999999999999999 -1000000000000000000",
        [1, -2, 3, 0, 7, .integer(.max), 999_999_999_999_999_999, -1_000_000_000_000_000_000]
      ),
      (
        "9223372036854775808 9223372036854775808N +18446744073709551615 -9223372036854775809",
        [large("9223372036854775808"), large("9223372036854775808")]
          + [large("18446744073709551615"), large("-9223372036854775809")]
      ),
      ("1e400 -1.5e400M 1.e400", [large("1e400"), large("-1.5e400"), large("1.0e400")]),
      (
        #""\ud800" "\n\udc00\ud83d\ude00\ud83d\u0041""#,
        [
          EDN(JSON(escaped: #"\ud800"#.utf8)), EDN(JSON(escaped: #"\n\udc00\ud83d\ude00\ud83dA"#.utf8)),
        ]
      ),
      (
        "1.5 -2e3 1.0M 1/4 ##Inf ##-Inf",
        [
          .real(1.5), .real(-2000), .real(1), .real(0.25), .real(.infinity),
          .real(-.infinity),
        ]
      ),
      (
        ":ok :a/b sym - +x",
        [.keyword("ok"), .keyword("a/b"), .keyword("sym"), .keyword("-"), .keyword("+x")]
      ),
      (#""a\n\"\\\u00e9\ud83d\ude00ü" "" "\t\r\b\f""#, ["a\n\"\\é😀ü", "", "\t\r\u{8}\u{C}"]),
      (#"\a \newline \u0041 \( \space"#, ["a", "\n", "A", "(", " "]),
      (
        "[] (1 [2]) #{3} {} {:a 1, \"b\" [2]}",
        [
          [], [1, [2]], [3], [:],
          .map([.init(.keyword("a"), 1), .init("b", [2])]),
        ]
      ),
      ("[1,2,,3] ; and so on\n4;", [[1, 2, 3], 4]),
      (
        "#inst \"2026\" #jepsen.history.Op{:index 0} #a #b [1] #:ns{:x 1}",
        [
          "2026", ["index": 0], [1],
          ["ns/x": 1],
        ]
      ),
      (
        "#:a.b{:x 1, :_/y 2, :c/z 3, \"s\" 4}",
        [
          .map([
            .init(.keyword("a.b/x"), 1), .init(.keyword("y"), 2), .init(.keyword("c/z"), 3), .init("s", 4),
          ])
        ]
      ),
      ("0x1F -0xfN 017 16r1f 2r101 36rZ +7 -0 0", [31, -15, 15, 31, 5, 35, 7, 0, 0]),
      ("^{:line 3} [1 ^:private 2] ^String \"x\" #^a 5 '(1 'b)", [[1, 2], "x", 5, [1, .keyword("b")]]),
      (#"\o101 \o"#, ["A", "o"]), ("\u{FEFF}1", [1]),
      ("[1 #_2 3] #_#_4 5 6 #_{:a #_7 8}", [[1, 3], 6]),
      ("#\"re\" #'clojure.core/inc", ["re", .keyword("clojure.core/inc")]),
      ("  , \n", []),
    ] as [(String, [EDN])])
  func notations(_ text: String, _ expected: [EDN]) throws {
    #expect(try values(text) == expected)
  }

  @Test(
    "what is no EDN is an error that says where and why",
    arguments: [
      ("[1 2", 1, 1, "ends inside"), ("{:a\n 1} ]", 2, 5, "closes nothing"), ("[1 }", 1, 1, "does not close"),
      ("\n{:a}", 2, 1, "a key without a value"), ("\"abc", 1, 1, "without an end"),
      ("\"abc\\", 1, 5, "without"),
      (#""\q""#, 1, 2, "no escape"), (#""\u12x4""#, 1, 2, "four hexadecimal"), (":", 1, 1, "without a name"),
      ("0xFFFFFFFFFFFFFFFFF", 1, 1, "64 bits"), ("9223372036854775808x", 1, 1, "no number"),
      ("12ab", 1, 1, "no number"), ("0xG", 1, 1, "no number"),
      ("08", 1, 1, "no number"), ("37r1", 1, 1, "no number"), ("2r2", 1, 1, "no number"),
      ("0x", 1, 1, "no number"),
      ("[1\n #=(+ 1 2)]", 2, 2, "code"), ("#(f %)", 1, 1, "code"), ("#?(:clj 1)", 1, 1, "code"),
      ("#:a 5", 1, 1, "namespace"), ("#: {}", 1, 1, "namespace"), ("[^:a]", 1, 2, "metadata"),
      ("1/0", 1, 1, "no number"), ("[#tag]", 1, 2, "a tag without a value"), ("[#_]", 1, 2, "#_ without"),
      ("# 1", 1, 1, "a tag without a name"), (#"\nosuch"#, 1, 1, "no character"),
      ("##Nope", 1, 3, "no number"),
      ("a \u{1}", 1, 3, "no meaning"), ("#_", 1, 1, "ends inside"),
    ])
  func errors(_ text: String, _ line: Int, _ column: Int, _ reason: String) throws {
    let error = try #require(throws: EDNError.self) { try values(text) }
    #expect(error.reason.contains(reason), "\(error)")
    #expect((error.line, error.column) == (line, column), "\(error)")
  }

  @Test("JSON is read with the same values, its colons and null being what they are there")
  func json() throws {
    var reader = EDNReader(Array(#"[{"a": 1, "b":null,"c":[true,-2.5e1,"x:y\u00e9"]}]"#.utf8), in: .json)
    #expect(
      try reader.next() == [.map([.init("a", 1), .init("b", nil), .init("c", [true, .real(-25), "x:yé"])])])
    #expect(try reader.next() == nil)
  }

  @Test("what nests without end is an error, and is no danger")
  func depth() throws {
    for opening in ["[", "(", "{", "#{", "#_", "#a ", "{1 ", "^", "#:a "] {
      let error = try #require(throws: EDNError.self) {
        try values(String(repeating: opening, count: 200_000))
      }
      #expect(error.reason == "nested too deep")
    }
    let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
    #expect(try values(deep).first?.text == deep)
  }

  @Test("whatever is written is read back, and no damage to it traps")
  func roundTrips() throws {
    var random = Random(seed: 11)
    for _ in 0..<300 {
      let value = Self.random(&random, depth: 4)
      let text = value.text
      #expect(try values(text + " " + value.pretty(columns: 20)) == [value, value])
      var bytes = Array(text.utf8)
      for _ in 0..<20 {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
        var reader = EDNReader(Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))))
        do {
          while let read = try reader.next() { #expect(!read.text.isEmpty) }
        } catch {
          #expect(error.line >= 1 && error.column >= 1)
        }
      }
    }
  }

  private static func random(_ random: inout Random, depth: Int) -> EDN {
    let count = Int.random(in: 0..<4, using: &random)
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(Int.random(in: .min ... .max, using: &random))
    case 3: return .real(Double.random(in: -1e9..<1e9, using: &random))
    case 4: return .string(["", "a b", "\"\\\n\u{1}", "é😀"].randomElement(using: &random)!)
    case 5: return .keyword(["a", "ok?", "n0/x"].randomElement(using: &random)!)
    case 6:
      return [large("-99999999999999999999"), large("2e999"), EDN(JSON(escaped: #"a\udead\\"#.utf8))]
        .randomElement(using: &random)!
    case 7: return .vector((0..<count).map { _ in Self.random(&random, depth: depth - 1) })
    default:
      return .map(
        (0..<count).map {
          EDN.Member(.integer($0), Self.random(&random, depth: depth - 1))
        })
    }
  }
}
