import Glomers
import Testing

@testable import Wire

@Suite("Salvage")
struct SalvageTests {
  private struct Found: Equatable {
    var source: String?
    var destination: String?
    var id: Int?
    var isReply = false
  }

  /// Strings as they stand in the line, without their quotes.
  private func found(_ line: String) -> Found? {
    let bytes = Array(line.utf8)
    return bytes.withUnsafeBytes { buffer in
      var scan = Salvage(buffer)
      guard scan.run() else { return nil }
      func text(_ range: Range<Int>?) -> String? {
        range.map { String(decoding: buffer[$0].dropFirst().dropLast(), as: UTF8.self) }
      }
      return Found(
        source: text(scan.source), destination: text(scan.destination), id: scan.id, isReply: scan.isReply)
    }
  }

  @Test("addresses are found in any order, with any white space")
  func order() {
    let line =
      #" {"body" : {"in_reply_to":null , "x":[{"msg_id":1}],"msg_id":-5},"id":3 , "dest":"n0","src":"c1"}  "#
    #expect(found(line) == Found(source: "c1", destination: "n0", id: -5))
  }

  @Test("brackets and quotes inside strings are only text")
  func strings() {
    let line = #"{"x":"}]\"{\\","src":"c1","body":{"y":["\"","]"],"in_reply_to":2,"msg_id":1}}"#
    #expect(found(line) == Found(source: "c1", id: 1, isReply: true))
  }

  @Test(
    "what does not look like one whole object yields nothing",
    arguments: [
      "", "{", "}", "[]", "7", #"{"src"}"#, #"{"src":}"#, #"{"src":"c1"}}"#, #"{"src":"c1"} {}"#,
      #"{"src":"c1"#,
      #"{"src":"c1\"#, #"{"src":"c1" "dest":"n0"}"#, #"{src:"c1"}"#, #"{"a":1 2}"#, #"{"a":"b""c":1}"#,
      #"{"body":{"msg_id":1}"#, #"{"body":{"msg_id":1]}"#, #"{"a":[}"#,
    ])
  func shapeless(line: String) { #expect(found(line) == nil) }

  @Test("an empty object has a shape, and nothing in it")
  func empty() { #expect(found("{ }") == Found()) }

  @Test("an id that is no integer of 64 bits is none")
  func badIDs() {
    for id in ["9223372036854775808", "1.0", "\"1\"", "[1]", "0x1", String(repeating: "0", count: 30)] {
      #expect(found(#"{"body":{"msg_id":\#(id)}}"#) == Found(), "\(id)")
    }
  }

  @Test("in 3,000 random envelopes it finds what jansson finds")
  func sameAsJansson() throws {
    var values = RandomJSON(random: Random(seed: 5))
    let document = JSONDocument()
    for round in 0..<3_000 {
      var body = values.object(depth: 2)
      body["type"] = .string(values.string())
      body["msg_id"] = nil
      if Bool.random(using: &values.random) { body["msg_id"] = .integer(values.integer()) }
      if Bool.random(using: &values.random) { body["in_reply_to"] = .integer(values.integer()) }
      var envelope = values.object(depth: 2)
      envelope["src"] = .string(values.string())
      envelope["dest"] = .string(values.string())
      envelope["body"] = .object(body)
      let line = Array(written { $0.value(.object(envelope)) }.utf8)
      #expect(try document.frame(line).addresses == document.salvaged(line), "seed 5, round \(round)")
    }
  }

  @Test("of 20,000 lines changed at random it finds what jansson finds, where jansson finds something")
  func sameAsJanssonMutated() {
    var random = Random(seed: 6)
    let document = JSONDocument()
    var compared = 0
    for round in 0..<20_000 {
      var line = Array(CodecTests.golden.randomElement(using: &random)!.line.utf8)
      mutate(&line, with: &random)
      guard let frame = try? document.frame(line) else { continue }
      compared += 1
      let shown = String(decoding: line, as: UTF8.self).debugDescription
      #expect(frame.addresses == document.salvaged(line), "seed 6, round \(round): \(shown)")
    }
    #expect(compared > 1_000)
  }
}

extension Frame {
  /// The frame as a rejection would name it.
  fileprivate var addresses: Rejection {
    Rejection(.notJSON(""), from: source, to: destination, id: id, isReply: inReplyTo != nil)
  }
}

extension JSONDocument {
  fileprivate func salvaged(_ line: [UInt8]) -> Rejection {
    line.withUnsafeBytes { salvage($0, .notJSON("")) }
  }
}
