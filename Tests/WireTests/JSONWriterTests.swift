import Glomers
import Testing
import Wire
import Workloads

@Suite("JSONWriter")
struct JSONWriterTests {
  @Test("what it writes is what jansson writes, for 5,000 values without reals")
  func sameAsJansson() {
    var values = RandomJSON(random: Random(seed: 1), hasReals: false, hasLiterals: false)
    for round in 0..<5_000 {
      let value = values.value()
      #expect(written { $0.value(value) } == jansson(value), "seed 1, round \(round)")
    }
  }

  @Test("integers of every length are written in full")
  func integers() {
    var power = 1
    for _ in 0..<18 {
      power *= 10
      for value in [power - 1, power, power + 1, 1 - power, -power, -power - 1] {
        #expect(written { $0.integer(value) } == String(value))
      }
    }
    for value in [0, 1, -1, Int.max, Int.min] { #expect(written { $0.integer(value) } == String(value)) }
  }

  @Test("what it writes reads back as the same value, for 5,000 values with reals")
  func roundTrip() throws {
    var values = RandomJSON(random: Random(seed: 2))
    let document = JSONDocument()
    for round in 0..<5_000 {
      let value = values.value()
      let text = written { $0.value(value) }
      #expect(try document.parseValue(Array(text.utf8)).value == value, "seed 2, round \(round): \(text)")
    }
  }

  @Test(
    "every control character is escaped as jansson escapes it",
    arguments: (0..<0x20).map { String(UnicodeScalar(UInt8($0))) })
  func controlCharacters(text: String) {
    #expect(written { $0.string("a" + text + "b") } == jansson(.string("a" + text + "b")))
  }

  @Test(
    "integers are written digit by digit, up to the bounds of 64 bits",
    arguments: [0, 7, -7, 9, 10, 99, 100, -100, .max, .min, .max / 10, 999_999_999_999_999_999, 1 << 62])
  func integers(value: Int) {
    #expect(written { $0.integer(value) } == String(value))
  }

  @Test(
    "a real stays a real and keeps its value",
    arguments: [
      0.0, -0.0, 1.0, 0.1, -2.5, 1e16, 1e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      .leastNormalMagnitude, 1 / 3.0,
    ])
  func reals(value: Double) throws {
    let text = written { $0.real(value) }
    let read = try JSONDocument().parseValue(Array(text.utf8)).real
    #expect(read?.bitPattern == value.bitPattern, "\(text)")
  }

  @Test("1.0 is written with its fraction")
  func wholeReal() { #expect(written { $0.value(.real(1)) } == "1.0") }

  @Test("a writer puts the commas between members and elements, and only there")
  func commas() {
    let text = written { writer in
      writer.beginObject()
      writer.key("empty")
      writer.beginArray()
      writer.endArray()
      writer.member("numbers", [1, 2])
      writer.key("nested")
      writer.beginObject()
      writer.endObject()
      writer.member("no", false)
      writer.key("nothing")
      writer.null()
      writer.key("ready")
      writer.raw(Array("[3]".utf8).span)
      writer.member("names", ["n0", "n1"])
      writer.endObject()
    }
    #expect(
      text
        == #"{"empty":[],"numbers":[1,2],"nested":{},"no":false,"nothing":null,"ready":[3],"names":["n0","n1"]}"#
    )
  }

  @Test("texts on lines of their own are not separated by commas")
  func lines() {
    let text = written { writer in
      writer.integer(1)
      writer.newline()
      writer.integer(2)
      writer.newline()
    }
    #expect(text == "1\n2\n")
  }

  @Test("object keys come in the order of their bytes, not of Unicode")
  func keyOrder() {
    #expect(
      written { $0.value(["b": 1, "a": 2, "é": 3, "Z": 4, "": 5]) } == #"{"":5,"Z":4,"a":2,"b":1,"é":3}"#)
  }

  @Test("a text larger than what is kept is written whole, and the next one is right too")
  func largeTexts() {
    var writer = JSONWriter()
    let large = String(repeating: "語\"", count: 1_000_000)
    writer.string(large)
    #expect(writer.count == 5_000_002)
    writer.removeAll()
    #expect(writer.count == 0)
    writer.string("small")
    #expect(writer.bytes == Array(#""small""#.utf8))
  }

  @Test("what was written is seen as a buffer and as a span")
  func views() {
    var writer = JSONWriter()
    writer.bool(true)
    #expect(writer.withBytes { Array($0) } == Array("true".utf8))
    #expect(writer.withSpan { span in span.count == 4 && span[3] == UInt8(ascii: "e") })
  }

  @Test("envelopes to many destinations in turn, from two nodes, begin as each should")
  func openings() {
    var writer = JSONWriter()
    for turn in 0..<2000 {
      let source = NodeID(turn % 7 == 0 ? "n1" : "n0")
      // More than are kept, and one long and one empty name among them.
      let number = turn * turn % 97
      let name = number == 3 ? "" : number == 5 ? String(repeating: "c", count: 300) : "c\(number)"
      writer.envelope(from: source, to: NodeID(name), inReplyTo: turn, Echo.echoOk("x"))
      let expected =
        #"{"src":"\#(source.name)","dest":"\#(name)","body":{"type":"echo_ok","echo":"x","in_reply_to":\#(turn)}}"#
      #expect(writer.withBytes { String(decoding: $0, as: UTF8.self) } == expected)
      writer.removeAll()
    }
  }
}
