import Glomers
import Testing

@Suite("Two values are one where JSON says so, not where Swift does")
struct JSONTests {
  private let composed: JSON = "\u{e9}"
  private let decomposed: JSON = "e\u{301}"

  @Test("strings of other bytes are other strings, though they look alike")
  func strings() {
    #expect(composed != decomposed)
    #expect(composed == "\u{e9}")
    // The same letter with its marks in another order: as many bytes.
    #expect(("a\u{323}\u{307}" as JSON) != "a\u{307}\u{323}")
    #expect(Set([composed, decomposed, composed]).count == 2)
    #expect([[composed]] != [[decomposed]] as [JSON])
  }

  @Test("so are objects with such names or values; the order of their members does not matter")
  func objects() {
    #expect((["\u{e9}": 1] as JSON) != ["e\u{301}": 1])
    #expect((["a": composed] as JSON) != ["a": decomposed])
    #expect((["a": 1, "b": composed] as JSON) == ["b": composed, "a": 1])
    #expect((["a": 1] as JSON) != ["a": 1, "b": 2])
    #expect((["a": 1, "b": 2] as JSON) != ["a": 1, "c": 2])
    let both: JSON = ["\u{e9}": 1, "e\u{301}": 2]
    #expect(both["\u{e9}"] == 1 && both["e\u{301}"] == 2)
  }

  @Test("a name is told from every other, whether a String can hold it or not, and comes back as it was")
  func names() {
    let values: [JSON] = [
      "", "a", "\0", "\0\0", "\0\"\\ud800\"", "\"\\ud800\"", "\\ud800", "\u{e9}", "e\u{301}", "\u{FFFD}",
      .literal(JSONLiteral(text: #""\ud800""#)), .literal(JSONLiteral(text: #""\ud801""#)),
      .literal(JSONLiteral(text: "\"\\ud800\u{e9}\"")), .literal(JSONLiteral(text: "\"\\ud800e\u{301}\"")),
    ]
    let names = values.compactMap(\.name)
    #expect(names.map(\.json) == values)
    #expect(Set(names).count == values.count && Set(values).count == values.count)
    #expect(names.map(\.string) == values.map(\.string))
    for (a, one) in names.enumerated() {
      for (b, other) in names.enumerated() where a != b { #expect((one < other) != (other < one)) }
    }
    #expect(("\u{e9}" as JSONName) > "e\u{301}")
    #expect(values[10].name?.description == #"\ud800"#)
    let others: [JSON] = [1, nil, ["a"], .literal(JSONLiteral(text: "1e400"))]
    #expect(others.allSatisfy { $0.name == nil })
  }

  @Test("each kind differs from each other one, and equals itself")
  func kinds() {
    let kinds: [JSON] = [.null, false, true, 1, 2, 1.0, "1", "", [], [1], [[1]], [:], ["a": 1]]
    for (a, one) in kinds.enumerated() {
      for (b, other) in kinds.enumerated() { #expect((one == other) == (a == b), "\(one) \(other)") }
    }
  }
}
