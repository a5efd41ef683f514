import Glomers
import Testing

@testable import Wire

@Suite("JSONText")
struct JSONTextTests {
  private func text(_ document: JSONDocument, _ value: String) throws -> JSONText {
    try document.parse(Array(#"{"value":\#(value)}"#.utf8)).text("value")
  }

  @Test(
    "a text goes as it came, to the byte",
    arguments: [
      "null", "true", "-12", "1e2", "\"a\\u0041\\/ é 語\"", "[ 1 , 2 ]", "{ \"b\" : 1,\t\"a\" : { } }", "\"\"",
    ])
  func verbatim(value: String) throws {
    let document = JSONDocument(usesTape: true)
    #expect(try text(document, value).description == value)
    #expect(written { try? $0.text(text(document, value)) } == value)
    let parsed = try document.parseValue(Array(value.utf8)).value
    #expect(try text(document, value).value == parsed)
  }

  @Test(
    "a value's text is that of a writer, and means the value",
    arguments: [
      0, -1, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 99_999_999, 100_000_000, .integer(.min), .integer(.max),
      "", "x",
      "plain text of more than fifteen bytes", "é 語", "a \"quote\"", "back\\slash", "line\nbreak", "\u{1}",
      1.5, nil, [1], true,
    ] as [JSON])
  func ofValues(value: JSON) throws {
    let text = JSONText(value)
    #expect(text.description == written { $0.value(value) })
    #expect(text.value == value)
  }

  @Test("line breaks between values do not get out", arguments: ["\n", "\r", "\r\n"])
  func lineBreaks(end: String) throws {
    let document = JSONDocument(usesTape: true)
    #expect(try text(document, "[1,\(end)2]").description == "[1,2]")
    #expect(try text(document, "[1,\"\\n\"]").description == "[1,\"\\n\"]")
  }

  @Test("what jansson has read is written anew")
  func fromTree() throws {
    #expect(
      try text(JSONDocument(usesTape: false), #"{ "b" : 1e2, "a" : "\u0041" }"#).description
        == #"{"a":"A","b":100.0}"#)
  }

  @Test("texts outlive their line, their document, and many texts after them")
  func lifetime() throws {
    var kept: [JSONText] = []
    do {
      let document = JSONDocument(usesTape: true)
      for number in 0..<20_000 {
        let text = try text(document, "\"text \(number)\"")
        if number % 7 == 0 { kept.append(text) }
      }
      for size in [8_000, 9_000, 200_000] {
        kept.append(try text(document, "\"\(String(repeating: "x", count: size))\""))
        _ = try text(document, "\"another\"")
      }
    }
    #expect(kept.prefix(2_858).map(\.description) == (0..<2_858).map { "\"text \($0 * 7)\"" })
    #expect(kept.suffix(3).map(\.count) == [8_002, 9_002, 200_002])
    #expect(kept.suffix(3).allSatisfy { $0.value.string?.allSatisfy { $0 == "x" } == true })
  }

  @Test("texts that are not kept use the same memory again, and kept ones do not")
  func pages() throws {
    let document = JSONDocument(usesTape: true)
    func place(_ text: JSONText) -> UInt { text.withBytes { UInt(bitPattern: $0.baseAddress) } }
    let first = place(try text(document, "1"))
    for number in 0..<100 { #expect(place(try text(document, "\(number)")) == first) }
    let kept = try text(document, "2")
    #expect(place(try text(document, "3")) != place(kept))
    #expect(kept.description == "2")
    let copy = kept.copy()
    #expect(copy == kept && place(copy) != place(kept))
  }

  @Test("texts are equal, and hash alike, when their bytes are the same")
  func equality() throws {
    let document = JSONDocument(usesTape: true)
    let (a, b) = (try text(document, "[1,2]"), JSONText([1, 2]))
    #expect(a == b && a.hashValue == b.hashValue)
    #expect(a == [1, 2])
    #expect(try text(document, "1e2") != text(document, "100.0"))
    #expect(try text(document, "[1, 2]").value == a.value)
    #expect(Set([a, b, 7, "seven", nil, true, 1.5, ["a": 1]]).count == 7)
  }

  @Test("2,000 random values come back from their texts")
  func roundTrips() {
    var values = RandomJSON(random: Random(seed: 16))
    for round in 0..<2_000 {
      let value = values.value()
      #expect(JSONText(value).value == value, "seed 16, round \(round)")
    }
  }
}
