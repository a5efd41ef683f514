import Foundation
import Glomers
import Lab
import Testing
import Wire
@testable import History

@Suite("EDN")
struct EDNTests {
  @Test(
    "every kind of value has its notation",
    arguments: [
      (nil, "nil", "null"), (true, "true", "true"), (-7, "-7", "-7"), (EDN.real(1), "1.0", "1.0"),
      (EDN.real(.infinity), "##Inf", "null"), (EDN.real(.nan), "##NaN", "null"), ("n0", "\"n0\"", "\"n0\""),
      (EDN.keyword("ok?"), ":ok?", "\"ok?\""), ([1, [2]], "[1 [2]]", "[1, [2]]"), ([:], "{}", "{}"),
      (["a": 1, "b": [:]], "{:a 1, :b {}}", "{\"a\": 1, \"b\": {}}"),
    ] as [(EDN, String, String)])
  func notations(value: EDN, edn: String, json: String) {
    #expect(value.text == edn)
    #expect(value.text(in: .json) == json)
  }

  @Test("strings escape what both notations must escape, and nothing else")
  func strings() throws {
    let string = "a\"b\\c\n\r\t\u{0}\u{1f}\u{7f}é😀/"
    #expect(EDN.string(string).text == #""a\"b\\c\n\r\t\u0000\u001f\u007fé😀/""#)
    let text = EDN.string(string).text(in: .json)
    let read = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    #expect(read as? String == string)
  }

  @Test("keys that are not strings become strings in JSON")
  func keys() {
    let map = EDN.map([.init(.real(0.5), 230), .init(1, 240), .init("n0", 1), .init(.keyword("k"), 2)])
    #expect(map.text == #"{0.5 230, 1 240, "n0" 1, :k 2}"#)
    #expect(map.text(in: .json) == #"{"0.5": 230, "1": 240, "n0": 1, "k": 2}"#)
  }

  @Test("objects come back with all of their names: those that look alike, and those that no String holds")
  func names() throws {
    let names = [#"\u00e9"#, #"e\u0301"#, #"\ud800"#, #"\ud801"#, #"\u0000"#].map {
      JSON(escaped: $0.utf8).name!
    }
    let value = JSON.object(Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, .integer($0)) }))
    for notation in [EDN.Notation.edn, .json] {
      var reader = EDNReader(Array(EDN(value).text(in: notation).utf8), in: notation)
      #expect(JSON(try #require(try reader.next())) == value, "\(notation)")
    }
    #expect(try JSONDocument().parseValue(Array(EDN(value).text(in: .json).utf8)).value == value)
  }

  @Test("fractions have single precision, as Maelstrom's have")
  func fractions() {
    #expect(EDN.fraction(1.0 / 3).text == "0.33333334")
    #expect(EDN.fraction(1).text == "1.0")
  }

  @Test("a value that fits stays on its line, another has a line for each member")
  func pretty() {
    let tree: EDN = [
      "net": ["all": ["send-count": 100, "recv-count": 100], "servers": ["send-count": 50]],
      "lost": .vector((100..<112).map { .integer($0) }), "valid?": true,
    ]
    #expect(
      tree.pretty(columns: 40) == """
        {:net {:all {:send-count 100,
                     :recv-count 100},
               :servers {:send-count 50}},
         :lost [100 101 102 103 104 105 106
                107 108 109 110 111],
         :valid? true}

        """)
    #expect(tree.pretty(columns: 400) == tree.text + "\n")
  }

  @Test("laid out JSON is the same JSON")
  func prettyJSON() throws {
    let tree: EDN = [
      "errors": [["expected", "a b"], ["got", nil], [:]],
      "latencies": .map([.init(0, 1), .init(.real(0.5), 2)]),
    ]
    for columns in [1, 20, 100] {
      let laidOut = try JSONSerialization.jsonObject(
        with: Data(tree.pretty(in: .json, columns: columns).utf8))
      let flat = try JSONSerialization.jsonObject(with: Data(tree.text(in: .json).utf8))
      #expect(laidOut as? NSDictionary == flat as? NSDictionary)
    }
  }

  @Test("a map is read and changed by keyword")
  func members() {
    var map: EDN = ["a": 1]
    map["b"] = 2
    map["a"] = 3
    #expect(map == ["a": 3, "b": 2])
    #expect(map["a"] == 3)
    map["a"] = Optional<EDN>.none
    #expect(map == ["b": 2])
    #expect(map["a"] == nil)
  }
}
