import Glomers
import Testing
import Wire

@Suite("JSONObject")
struct JSONObjectTests {
  private let document = JSONDocument()

  @Test(
    "a list of integers is read whole, wherever the memory ends",
    arguments: [1, 2, 254, 255, 256, 257, 258, 511, 513, 2000])
  func integerLists(count: Int) throws {
    // Fresh, so that it grows on the way.
    let document = JSONDocument(usesTape: true)
    let numbers = (0..<count).map { ($0 * 7919) % 100_000 }
    func list(_ text: [String]) throws -> [Int]? {
      try document.parse(Array(#"{"a":[\#(text.joined(separator: ","))],"b":1}"#.utf8)).integerList("a")
    }
    let texts = numbers.map { "\($0)" }
    #expect(try list(texts) == numbers)
    for (odd, value) in [
      ("-5", -5 as Int?), ("123456789012", 123_456_789_012), (" 7 ", 7), ("0", 0), ("1.5", nil),
      ("\"x\"", nil), ("[1]", nil),
    ] {
      for place in Set([0, count / 2, count - 1]) {
        var texts = texts
        texts[place] = odd
        var expected: [Int]? = numbers
        if let value { expected![place] = value } else { expected = nil }
        #expect(try list(texts) == expected, "\(odd) at \(place)")
        let parsed = try document.parse(Array(#"{"a":[\#(texts.joined(separator: ","))],"b":1}"#.utf8))
        #expect(try parsed.value("a").array?.count == count && parsed.integer("b") == 1)
      }
    }
    for wrong in ["[1,2,]", "[1,,2]", "[01,2]", "[1,02]", "[1 2]", "[1,2", "[1,2}", "[1,2]]"] {
      #expect(throws: WireError.self, "\(wrong)") { try document.parse(Array(#"{"a":\#(wrong)}"#.utf8)) }
    }
  }

  @Test("values are read by the names that are expected")
  func expectedNames() throws {
    let names = ["a", "a longer name than fits", "é"]
    let document = JSONDocument(usesTape: true)
    func parse(_ text: String) throws -> JSONObject { try document.parse(Array(text.utf8)) }
    let object = try parse(#"{"a":1,"a longer name than fits":2,"é":3}"#)
    #expect(object.integers(count: 3) { names[$0] } == [1, 2, 3])
    #expect(object.integers(count: 2) { names[$0] } == nil)
    #expect(object.integers(count: 3) { ["a", "a longer name than fitz", "é"][$0] } == nil)
    #expect(object.integers(count: 3) { ["a", "a longer name than fits", "e\u{301}"][$0] } == nil)
    #expect(try parse(#"{"a":1,"b":"2"}"#).integers(count: 2) { ["a", "b"][$0] } == nil)
    #expect(try parse("{}").integers(count: 0) { _ in "" } == [])
  }

  private func parse(_ text: String) throws(WireError) -> JSONObject { try document.parse(Array(text.utf8)) }

  @Test("accessors read members of their own kind")
  func kinds() throws {
    let object = try parse(
      #"{"s":"a\u0000b","i":-9223372036854775808,"b":true,"o":{"x":1},"a":[1,"two",3.5,null],"n":[1,2],"t":["x"]}"#
    )
    #expect(try object.string("s") == "a\u{0}b")
    #expect(try object.integer("i") == .min)
    #expect(try object.bool("b"))
    #expect(try object.object("o").integer("x") == 1)
    #expect(try object.values("a") == [1, "two", 3.5, nil])
    #expect(try object.integers("n") == [1, 2])
    #expect(try object.strings("t") == ["x"])
    #expect(object.count == 7)
    let array = try object.array("a")
    #expect(array.count == 4)
    #expect(array[0].integer == 1)
    #expect(array[1].string == "two")
    #expect(array[2].real == 3.5)
    #expect(array[3].isNull)
    #expect(
      array[0].string == nil && array[1].integer == nil && array[0].real == nil && array[2].integer == nil)
  }

  @Test("a missing member is named in the error")
  func missing() throws {
    let object = try parse("{}")
    #expect(throws: WireError.malformed("key is missing")) { try object.value("key") }
    #expect(throws: WireError.malformed("key is missing")) { try object.integer("key") }
  }

  @Test("a member of another kind is named with both kinds")
  func wrongKind() throws {
    let object = try parse(#"{"i":"1","r":1.0,"a":[1,"x"],"t":["x",{}],"o":[]}"#)
    #expect(throws: WireError.malformed("i must be an integer, not a string")) { try object.integer("i") }
    #expect(throws: WireError.malformed("r must be an integer, not a real")) {
      try object.optionalInteger("r")
    }
    #expect(throws: WireError.malformed("a must hold only integers, not a string")) {
      try object.integers("a")
    }
    #expect(throws: WireError.malformed("t must hold only strings, not an object")) {
      try object.strings("t")
    }
    #expect(throws: WireError.malformed("o must be an object, not an array")) { try object.object("o") }
  }

  @Test("to the optional accessors null is as good as missing, but as a value it is a value")
  func nulls() throws {
    let object = try parse(#"{"key":null}"#)
    #expect(try object.optionalString("key") == nil)
    #expect(try object.optionalInteger("key") == nil)
    #expect(try object.optionalBool("key") == nil)
    #expect(try object.optionalArray("key") == nil)
    #expect(object.optionalValue("key") == .null)
    #expect(object.optionalValue("other") == nil)
    #expect(try object.value("key") == .null)
  }

  @Test("an array that is null is empty, and one that is missing is missing")
  func nullArrays() throws {
    for document in [JSONDocument(usesTape: true), JSONDocument(usesTape: false)] {
      let object = try document.parse(Array(#"{"key":null,"a":1}"#.utf8))
      #expect(try object.array("key").isEmpty && object.values("key") == [] && object.strings("key") == [])
      #expect(try object.array("key").map(\.integer) == [])
      #expect(object.optionalElement("key")?.list?.isEmpty == true)
      #expect(throws: WireError.malformed("a must be an array, not an integer")) { try object.array("a") }
      #expect(throws: WireError.malformed("other is missing")) { try object.array("other") }
    }
  }

  @Test("an integer beyond 64 bits is one, though not for who wants it in 64")
  func largeIntegers() throws {
    let object = try parse(#"{"a":9223372036854775808,"b":1e400,"c":7,"d":1.0}"#)
    #expect(
      ["a", "b", "c", "d"].map { object.optionalElement($0)?.isInteger } == [true, false, true, false])
    #expect(throws: WireError.tooLarge("a must be an integer of 64 bits")) { try object.integer("a") }
    #expect(throws: WireError.malformed("b must be an integer, not a number beyond 64 bits")) {
      try object.integer("b")
    }
  }

  @Test(
    "what is wrong with a line is said in words",
    arguments: [
      ("", "not JSON: the line is empty"), (" \t", "not JSON: the line is blank"),
      ("(x)", #"not JSON: a message begins with {, and not with "(x)""#),
      ("\u{FEFF}{}", "not JSON: the line begins with a byte order mark"),
      ("[]", "a message must be an object, not an array"),
    ])
  func words(text: String, words: String) throws {
    let error = try #require(throws: WireError.self) { try JSONDocument().parse(Array(text.utf8)) }
    #expect("\(error)" == words)
  }

  @Test("of a key given twice the last value counts")
  func duplicates() throws {
    let object = try parse(#"{"a":1,"b":2,"a":3}"#)
    #expect(try object.integer("a") == 3)
    #expect(object.count == 2)
    #expect(object.members.map(\.key) == ["a", "b"])
  }

  @Test("members come in the order of the line")
  func order() throws {
    let members = try parse(#"{"z":1,"":2,"a":3}"#).members.map { ($0.key, $0.value.integer) }
    #expect(members.map(\.0) == ["z", "", "a"])
    #expect(members.map(\.1) == [1, 2, 3])
  }

  @Test(
    "what is not one JSON object is refused",
    arguments: [
      "", " ", "{", "}", "{}{}", "{} x", "nul", "{'a':1}", #"{"a":01}"#, #"{"a":1,}"#, #"{"a":.5}"#,
      "{\"a\":NaN}",
      #"{"a":"\ud80"}"#, "{\"a\":\"\n\"}", #"{"a":09223372036854775808}"#, #"{"a":1e400.0}"#,
      #"{9223372036854775808:1}"#, "[1]", "7", "\u{FEFF}{}",
    ])
  func refused(text: String) {
    #expect(throws: WireError.self) { try JSONDocument().parse(Array(text.utf8)) }
  }

  @Test("values may be nested 2,048 levels deep, and no deeper")
  func depth() throws {
    func nested(_ levels: Int) -> [UInt8] {
      Array(String(repeating: "[", count: levels).utf8) + Array(String(repeating: "]", count: levels).utf8)
    }
    var value = try document.parseValue(nested(2_048)).value
    var levels = 0
    while let elements = value.array {
      levels += 1
      guard let first = elements.first else { break }
      value = first
    }
    #expect(levels == 2_048)
    #expect(throws: WireError.self) { try document.parseValue(nested(2_049)) }
  }

  @Test("a span and a buffer are read like an array")
  func entryPoints() throws {
    let bytes = Array(#"{"a":1}"#.utf8)
    #expect(try document.parse(bytes.span).integer("a") == 1)
    let viaBuffer = bytes.withUnsafeBytes { buffer in try? document.parse(buffer).integer("a") }
    #expect(viaBuffer == 1)
    #expect(throws: WireError.self) { try document.parse(UnsafeRawBufferPointer(start: nil, count: 0)) }
  }

  @Test("a view keeps its document alive")
  func lifetime() throws {
    func view() throws -> JSONObject {
      try JSONDocument().parse(Array(#"{"a":"a text of some length"}"#.utf8))
    }
    #expect(try view().string("a") == "a text of some length")
  }

  @Test("strings that come again, and strings that are like others, are read as they are")
  func repeated() throws {
    // More than are remembered, of many lengths, alike at either end, some escaped, some wide.
    let middles = (0..<400).map { String($0) } + ["", "\\n", "\\u00e9", "\u{e9}", "\u{1F600}"]
    let texts = middles.flatMap { middle in
      [0, 8, 30, 60].map { String(repeating: "x", count: $0) + "begin" + middle + "the end of it" }
    }
    let line = #"{"strings":["\#(texts.joined(separator: #"",""#))"]}"#
    let expected = texts.map {
      $0.replacing("\\n", with: "\n").replacing("\\u00e9", with: "\u{e9}")
    }
    for _ in 0..<2 { #expect(try parse(line).strings("strings") == expected) }
  }
}
