import Glomers
import Testing
import Wire

/// What a sender is told about a line: nil where it can't be, or must not be, told anything.
private struct Refusal: Equatable, CustomStringConvertible {
  let code: Int
  let source: NodeID
  let id: Int

  init?(_ rejection: Rejection) {
    guard let source = rejection.source, let id = rejection.id, !rejection.isReply else { return nil }
    (self.code, self.source, self.id) = (rejection.error.code, source, id)
  }

  /// From `CODE SOURCE ID`, or nil from `silent`.
  init?(_ expectation: Substring) {
    let words = expectation.split(separator: " ")
    guard words.count == 3, let code = Int(words[0]), let id = Int(words[2]) else { return nil }
    (self.code, self.source, self.id) = (code, NodeID(String(words[1])), id)
  }

  var description: String { "\(code) \(source) \(id)" }
}

@Suite("Malformed lines")
struct MalformedLinesTests {
  /// The corpus: lines in pairs, the first of each saying what is expected of the second, after two of preface.
  private static let corpus: [(expectation: String, line: [UInt8])] = {
    let lines = corpusFile("malformed.lines")
      .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropFirst(2)
    return stride(from: lines.startIndex, to: lines.endIndex - 1, by: 2).map {
      (String(decoding: lines[$0].dropFirst(2), as: UTF8.self), Array(lines[$0 + 1]))
    }
  }()

  private func refusal(_ line: [UInt8]) -> Refusal? {
    guard case .rejected(let rejection) = decode(line) else {
      Issue.record("not refused: \(String(decoding: line.prefix(200), as: UTF8.self))")
      return nil
    }
    return Refusal(rejection)
  }

  @Test("each line of the corpus is refused as it says", arguments: 0..<MalformedLinesTests.corpus.count)
  func refusedAsItSays(index: Int) {
    let (expectation, line) = MalformedLinesTests.corpus[index]
    let parts = expectation.split(separator: ":", maxSplits: 1)
    #expect(parts[0] == "silent" || Refusal(parts[0]) != nil, "unreadable: \(expectation)")
    #expect(refusal(line) == Refusal(parts[0]), "\(expectation)")
  }

  @Test("the corpus is read whole")
  func corpusSize() { #expect(MalformedLinesTests.corpus.count >= 60) }

  private func message(holding value: String) -> [UInt8] {
    Array(#"{"src":"c1","dest":"n0","body":{"type":"anything","value":"#.utf8) + Array(value.utf8)
      + Array(#","msg_id":7}}"#.utf8)
  }

  @Test("100,000 nested arrays are refused, and the sender is told")
  func deepNesting() {
    let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
    #expect(refusal(message(holding: deep)) == Refusal("12 c1 7"))
  }

  @Test("100,000 nested objects that never end are refused in silence")
  func endlessNesting() {
    #expect(refusal(message(holding: String(repeating: #"{"a":"#, count: 100_000))) == nil)
  }

  @Test("NUL bytes in a line are refused, and the sender is told where the line still has a shape")
  func bareNUL() {
    #expect(refusal(message(holding: "\"a\u{0}b\"")) == Refusal("12 c1 7"))
    #expect(refusal(message(holding: "3\u{0}")) == Refusal("12 c1 7"))
    #expect(refusal([0]) == nil)
    #expect(refusal([0] + message(holding: "1")) == nil)
  }

  @Test("a line that would take jansson too much memory is refused, and the sender is told")
  func tooMuchMemory() {
    // The fast path declines a key that comes twice.
    let value = "[" + String(repeating: "{},", count: 2_000_000) + #"{"a":1,"a":2}]"#
    #expect(refusal(message(holding: value)) == Refusal("12 c1 7"))
  }

  @Test("20,000 lines with bytes changed, lost and doubled are read or refused, and stop nothing")
  func mutations() {
    var random = Random(seed: 4)
    let codec = Codec<ProbeNode>()
    let good = CodecTests.golden.map { Array($0.line.utf8) }
    let bad = MalformedLinesTests.corpus.map(\.line)
    var read = 0
    for _ in 0..<20_000 {
      var line = (Bool.random(using: &random) ? good : bad).randomElement(using: &random)!
      mutate(&line, with: &random)
      if case .envelope = codec.decode(line, isAsk: { $0 % 2 == 0 }) { read += 1 }
    }
    #expect(read > 500, "too few lines survive their change for the test to mean anything")
    let (envelope, line) = CodecTests.golden[0]
    #expect(codec.decode(Array(line.utf8)) { _ in false } == .envelope(envelope))
  }
}
