import Glomers
import Testing

@testable import Wire

@Suite("Fast path")
struct FastPathTests {
  private let fast = JSONDocument(usesTape: true)
  private let plain = JSONDocument(usesTape: false)

  /// Whether jansson had no part in what the fast document has read so far.
  private var isUntouched: Bool { fast.statistics.allocations == 0 }

  /// What a document makes of any value: its copy, or why there is none.
  private func verdict(_ document: JSONDocument, _ text: [UInt8]) -> Result<JSON, WireError> {
    Result { () throws(WireError) in try document.parseValue(text).value }
  }

  /// What a document makes of a line, down to the member names in their order.
  private func reading(_ document: JSONDocument, _ line: [UInt8]) -> Result<[String], Rejection> {
    Result { () throws(Rejection) in
      let frame = try document.frame(line)
      return [
        frame.source.name, frame.destination.name, "\(frame.id as Int?)", "\(frame.inReplyTo as Int?)",
        frame.type, "\(frame.role)", "\(frame.body.count)",
      ] + frame.body.members.map { (key, element) in "\(key): \(written { $0.value(element.value) })" }
    }
  }

  @Test("ordinary lines never reach jansson")
  func ordinaryLines() throws {
    for (_, line) in CodecTests.golden { _ = try fast.frame(Array(line.utf8)) }
    #expect(isUntouched)
  }

  @Test(
    "what it declines is read by jansson",
    arguments: [
      #"{"a":1,"a":2}"#, #"{"\u0061":1}"#, #"{"a":18446744073709551616,"a":[1e400]}"#,
      #"{"\u0061":"\ud800\"x\\","b":"\u0000="}"#,
      "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":0,\"k\":1,\"l\":2,\"m\":3,\"a\":4}",
    ])
  func declined(text: String) throws {
    let value = try fast.parseValue(Array(text.utf8)).value
    #expect(!isUntouched)
    #expect(try plain.parseValue(Array(text.utf8)).value == value)
  }

  @Test(
    "it takes what JSON's grammar allows and jansson does not, with its text",
    arguments: [
      "9223372036854775808", "-9223372036854775809", "18446744073709551615",
      "1" + String(repeating: "0", count: 4_000), "1e400", "-1.5E+309", #""\ud800""#, #""a\udc00\ud800b\n""#,
    ])
  func beyondJansson(text: String) throws {
    let element = try fast.parseValue(Array(text.utf8))
    #expect(element.value == .literal(JSONLiteral(text: text)))
    #expect(element.text.description == text)
    #expect(element.integer == nil && element.real == nil)
    #expect(isUntouched)
    #expect(try plain.parseValue(Array(text.utf8)).value == element.value)
    let message = #"{"src":"c1","dest":"n0","body":{"type":"echo","echo":[{"x":\#(text)}],"msg_id":1}}"#
    #expect(try fast.frame(Array(message.utf8)).body.text("echo").description == #"[{"x":\#(text)}]"#)
  }

  @Test("names have halves of surrogate pairs, and NUL, as values have them")
  func halves() throws {
    let text =
      #"{"a\ud800":1,"a\uD801":[2],"\u0000":3,"a\u0000":4,"\u0001$x":5,"\u0001":6,"c":{"\\\"\udfff":7}}"#
    let expected = [
      #""a\ud800""#, #""a\ud801""#, #""\u0000""#, #""a\u0000""#, #""\u0001$x""#, #""\u0001""#, #""c""#,
    ]
    for document in [fast, plain] {
      let object = try document.parse(Array(text.utf8))
      #expect(object.namedMembers.map { name, _ in written { $0.string(name) } } == expected)
      #expect(object.members.map(\.key) == [#"a\ud800"#, #"a\ud801"#, "\0", "a\0", "\u{1}$x", "\u{1}", "c"])
      #expect(["\0", "a\0", "\u{1}$x", "\u{1}"].map { try? object.integer($0) } == [3, 4, 5, 6])
      #expect(object.optionalElement("a\u{FFFD}") == nil)
      let members = Dictionary(uniqueKeysWithValues: object.namedMembers.map { ($0, $1.value) })
      let value = try document.parseValue(Array(text.utf8)).value
      #expect(value == .object(members))
      #expect(try document.parseValue(Array(written { $0.value(value) }.utf8)).value == value)
      // The last of two that are one.
      let twice = try document.parseValue(Array(#"{"\ud800\u0000":1,"\uD800\u0000":2}"#.utf8)).value
      #expect(twice == .object([JSON(escaped: #"\ud800\u0000"#.utf8).name!: 2]))
    }
  }

  @Test("a string is read as a name exactly, from either path")
  func namesOfValues() throws {
    for document in [fast, plain] {
      let object = try document.parse(
        Array(#"{"a":"\ud800","b":"\u0000","c":"plain","d":["x","\udfff"],"e":1}"#.utf8))
      #expect(
        try ["a", "b", "c"].map { try object.name($0).json } == [
          JSON(escaped: #"\ud800"#.utf8), "\0", "plain",
        ])
      var names: [JSONName] = []
      try object.names("d", into: &names)
      #expect(names.map(\.json) == ["x", JSON(escaped: #"\udfff"#.utf8)])
      #expect(throws: WireError.malformed("e must be a string, not an integer")) { try object.name("e") }
      #expect(throws: WireError.malformed("f is missing")) { try object.name("f") }
      #expect(object.optionalElement("e")?.name == nil)
    }
  }

  @Test("without it jansson reads everything")
  func janssonAlone() throws {
    #expect(try plain.parse(Array(#"{"a":1}"#.utf8)).integer("a") == 1)
    #expect(plain.statistics.allocations > 0)
  }

  @Test("in 3,000 random values it finds what jansson finds")
  func sameValues() {
    var values = RandomJSON(random: Random(seed: 11))
    for round in 0..<3_000 {
      let value = values.value()
      let text = Array(written { $0.value(value) }.utf8)
      #expect(verdict(fast, text) == .success(value), "seed 11, round \(round)")
      #expect(verdict(plain, text) == .success(value), "seed 11, round \(round)")
    }
  }

  @Test("of 10,000 values changed at random it thinks what jansson thinks")
  func sameVerdicts() {
    var values = RandomJSON(random: Random(seed: 12))
    var random = Random(seed: 13)
    var accepted = 0
    for round in 0..<10_000 {
      var text = Array(written { $0.value(values.value()) }.utf8)
      mutate(&text, with: &random)
      let verdict = verdict(plain, text)
      if case .success = verdict { accepted += 1 }
      let shown = String(decoding: text, as: UTF8.self).debugDescription
      #expect(self.verdict(fast, text) == verdict, "seeds 12 and 13, round \(round): \(shown)")
    }
    #expect(accepted > 1_000, "too few values survive their change for the test to mean anything")
  }

  @Test("of 10,000 lines changed at random it makes what jansson makes")
  func sameFrames() {
    var random = Random(seed: 14)
    var read = 0
    for round in 0..<10_000 {
      var line = Array(CodecTests.golden.randomElement(using: &random)!.line.utf8)
      mutate(&line, with: &random)
      let expected = reading(plain, line)
      if case .success = expected { read += 1 }
      let shown = String(decoding: line, as: UTF8.self).debugDescription
      #expect(reading(fast, line) == expected, "seed 14, round \(round): \(shown)")
    }
    #expect(read > 500, "too few lines survive their change for the test to mean anything")
  }

  @Test("a line that differs in one byte from one before it is read as if it were the first")
  func oneByte() {
    let lines = [
      #"{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":12,"echo":"Please é 70"}}"#,
      #"{"src":"n1","dest":"n0","body":{"type":"ok","in_reply_to":-7,"a":[1.5,"\n",true],"":{"b":""}}}"#,
      #"{"src":"c2","dest":"n0","body":{"type":"poll","msg_id":3,"offsets":{"10":7,"11":8,"x1":9}}}"#,
    ].map { Array($0.utf8) }
    let changes = Array("\"\\01a9-.e+, :{}[]\u{1F}\u{0}".utf8) + [0x80, 0xA9, 0xC3, 0xFF]
    for line in lines {
      for place in line.indices {
        for change in changes {
          var other = line
          other[place] = change
          let shown = String(decoding: other, as: UTF8.self).debugDescription
          _ = reading(fast, line)
          #expect(reading(fast, other) == reading(plain, other), "\(shown)")
        }
      }
    }
  }

  @Test("lines of one length and several shapes and senders, in turn, are jansson's")
  func severalShapes() {
    var random = Random(seed: 18)
    let digits = { String(Int.random(in: 100...999, using: &random)) }
    for round in 0..<2_000 {
      let source = ["c1", "c2", "n1"].randomElement(using: &random)!
      let body = [
        #""type":"echo","msg_id":\#(digits()),"echo":"\#(digits())""#,
        #""type":"read","msg_id":\#(digits()),"key" :\#(digits())  "#,
        #""type":"echo","in_reply_to":\#(digits()),"xyz":1"#,
      ].randomElement(using: &random)!
      let line = Array(#"{"src":"\#(source)","dest":"n0","body":{\#(body)}}"#.utf8)
      #expect(reading(fast, line) == reading(plain, line), "seed 18, round \(round)")
    }
    #expect(isUntouched)
  }

  @Test("it makes of all that the fuzzer has found what jansson makes of it")
  func fuzzed() {
    let lines = corpusFile("fuzzed.hex").split(separator: UInt8(ascii: "\n"))
    #expect(lines.count > 300)
    for line in lines {
      let digits = line.map { Character(UnicodeScalar($0)).hexDigitValue! }
      let text = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
      let shown = String(decoding: text, as: UTF8.self).debugDescription
      #expect(verdict(fast, text) == verdict(plain, text), "\(shown)")
      #expect(reading(fast, text) == reading(plain, text), "\(shown)")
    }
  }

  @Test("codecs with and without it decode 10,000 random envelopes alike")
  func sameEnvelopes() {
    var values = RandomJSON(random: Random(seed: 15))
    let (fast, plain) = (Codec<ProbeNode>(self.fast), Codec<ProbeNode>(self.plain))
    for round in 0..<10_000 {
      let envelope = Envelope<ProbeNode>(
        from: NodeID(values.string()), to: NodeID(values.string()), id: values.integer(),
        .message(.anything(values.value())))
      var line = fast.encode(envelope)
      if round % 2 == 0 { mutate(&line, with: &values.random) }
      #expect(
        fast.decode(line) { $0 % 2 == 0 } == plain.decode(line) { $0 % 2 == 0 }, "seed 15, round \(round)")
    }
  }

  @Test(
    "numbers are jansson's to the bit",
    arguments: [
      "0", "-0", "7", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
      "-9223372036854775809", "18446744073709551616", "99999999999999999999", "0.0", "-0.0", "1.0", "1e0",
      "1E+2", "1e-2", "0.1", "3.141592653589793", "9007199254740992.0", "9007199254740993.0", "1e22", "1e23",
      "1e-22", "1e-23", "1e308", "1e309", "123456789012345678.5", "0e999", "1e1001", "5e-324", "1.", ".5",
      "01",
      "-", "+1", "1e", "1e+", "0x1", "1.5.5", "--1", "Infinity", "NaN",
    ])
  func numbers(text: String) {
    let bytes = Array(text.utf8)
    #expect(verdict(fast, bytes) == verdict(plain, bytes))
    let bits = [fast, plain].map { try? $0.parseValue(bytes).real?.bitPattern }
    #expect(bits[0] == bits[1])
  }

  /// Strings are gone over in blocks of bytes, and digits too: each may end or stumble anywhere in one.
  @Test("strings of every length up to 40, with anything at any place, are jansson's")
  func everyPlace() {
    let strange: [[UInt8]] = [
      [], Array(#"\""#.utf8), Array(#"\\"#.utf8), Array(#"\u00e9"#.utf8), Array("é".utf8), Array("𝄞".utf8),
      [0x1F],
      [0x7F], [0x80], [0xC3], [0x22], [0x5C], [0],
    ]
    for length in 0...40 {
      for place in 0...length {
        for middle in strange {
          let inner = Array(repeating: UInt8(ascii: "a"), count: place) + middle
          let text = [0x22] + inner + Array(repeating: UInt8(ascii: "b"), count: length - place) + [0x22]
          #expect(
            verdict(fast, text) == verdict(plain, text), "\(length) plain bytes, at \(place): \(middle)")
        }
      }
    }
  }

  @Test("integers of every number of digits, and what may follow one, are jansson's")
  func everyDigit() {
    var random = Random(seed: 17)
    for count in 1...20 {
      for end in ["", " ", ",", "]", ".5", "e1", "a", "/", ":", "-"] {
        let digits = (0..<count).map { _ in String(Int.random(in: 1...9, using: &random)) }.joined()
        for sign in ["", "-"] {
          let text = Array("[\(sign)\(digits)\(end)]".utf8)
          #expect(
            verdict(fast, text) == verdict(plain, text), "seed 17: \(String(decoding: text, as: UTF8.self))")
        }
      }
    }
  }

  @Test("an object of 5,000 members finds each of them, and nothing else")
  func largeObject() throws {
    let text = "{\(large(5_000)),\"inner\":{\(large(100))}}"
    let object = try fast.parse(Array(text.utf8))
    let inner = try object.object("inner")
    for number in 0..<5_000 {
      #expect(try object.integer("a key that is number \(number)") == number)
      if number < 100 { #expect(try inner.integer("a key that is number \(number)") == number) }
    }
    #expect(object.optionalElement("a key that is number 5000") == nil)
    #expect(inner.optionalElement("a key that is number 100") == nil)
    #expect(object.count == 5_001)
    #expect(isUntouched)
  }

  private func large(_ count: Int) -> String {
    (0..<count).map { "\"a key that is number \($0)\":\($0)" }.joined(separator: ",")
  }

  @Test("arrays of arrays are gone over and looked into at any place")
  func nestedArrays() throws {
    let text = "[" + (0..<500).map { "[\($0),[[\($0)],2],\"x\"]" }.joined(separator: ",") + "]"
    let array = try #require(fast.parseValue(Array(text.utf8)).array)
    var number = 0
    for element in array {
      let parts = try #require(element.array)
      #expect(parts[0].integer == number)
      #expect(parts[1].array?[0].array?[0].integer == number)
      #expect(parts[2].string == "x")
      number += 1
    }
    #expect(number == 500)
    for place in [499, 0, 250, 251, 249, 1] { #expect(array[place].array?[0].integer == place) }
    #expect(isUntouched)
  }

  @Test("after the first line, ordinary lines take no memory from malloc")
  func steadyState() throws {
    let lines = CodecTests.golden.map { Array($0.line.utf8) }
    for line in lines { _ = try fast.frame(line) }
    let first = fast.statistics
    for _ in 0..<1_000 { for line in lines { _ = try fast.frame(line) } }
    #expect(fast.statistics == first)
  }

  @Test("after a huge line the memory goes back")
  func hugeLine() throws {
    let text = #"{"messages":["# + String(repeating: "123456,", count: 500_000) + "7]}"
    #expect(try fast.parse(Array(text.utf8)).integers("messages").count == 500_001)
    #expect(fast.statistics.bytesReserved > 8_000_000)
    _ = try fast.parse(Array("{}".utf8))
    #expect(fast.statistics.bytesReserved <= 3 << 20)
    #expect(isUntouched)
  }
}
