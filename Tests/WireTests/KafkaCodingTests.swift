import Glomers
import Testing
import Wire
import Workloads

@Suite struct KafkaCodingTests {
  private func decode(_ body: String) throws(WireError) -> Kafka {
    let document = JSONDocument()
    let object = try document.parse(Array(body.utf8))
    return try Kafka(type: try object.string("type"), body: object)
  }

  private func encode(_ message: Kafka) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  @Test("a list of messages that is null is empty, and a map that is null is malformed, as for Maelstrom")
  func nulls() throws {
    #expect(try decode(#"{"type":"poll_ok","msgs":{"a":null}}"#) == .pollOk([.init("a", [])]))
    #expect(throws: WireError.malformed("msgs is missing")) { try decode(#"{"type":"poll_ok","msgs":null}"#) }
  }

  @Test(
    "messages are written as they are read",
    arguments: [
      (#"{"type":"send","key":"k","msg":{"a":[1,null]}}"#, Kafka.send(key: "k", message: ["a": [1, nil]])),
      (#"{"type":"send_ok","offset":7}"#, .sendOk(offset: 7)),
      (#"{"type":"poll","offsets":{"a":0,"b":-3}}"#, .poll([.init("a", 0), .init("b", -3)])),
      (
        #"{"type":"poll_ok","msgs":{"a":[[0,"x"],[2,5]],"b":[]}}"#,
        .pollOk([.init("a", [.init(0, "x"), .init(2, 5)]), .init("b", [])])
      ),
      (#"{"type":"commit_offsets","offsets":{}}"#, .commitOffsets([])),
      (#"{"type":"commit_offsets_ok"}"#, .commitOffsetsOk),
      (#"{"type":"list_committed_offsets","keys":["a"]}"#, .listCommittedOffsets(["a"])),
      (#"{"type":"list_committed_offsets_ok","offsets":{"a":4}}"#, .listCommittedOffsetsOk([.init("a", 4)])),
    ])
  func roundTrip(text: String, message: Kafka) throws {
    #expect(try decode(text) == message)
    #expect(encode(message) == text)
  }

  @Test(
    "what has the wrong shape is malformed",
    arguments: [
      #"{"type":"send","key":1,"msg":2}"#, #"{"type":"send","key":"a"}"#, #"{"type":"send_ok","offset":1.5}"#,
      #"{"type":"poll","offsets":[]}"#, #"{"type":"poll","offsets":{"a":"0"}}"#,
      #"{"type":"poll_ok","msgs":{"a":{}}}"#, #"{"type":"poll_ok","msgs":{"a":[[0]]}}"#,
      #"{"type":"poll_ok","msgs":{"a":[["0",1]]}}"#, #"{"type":"list_committed_offsets","keys":[1]}"#,
    ])
  func malformed(text: String) {
    #expect {
      try decode(text)
    } throws: { error in
      if case .malformed? = error as? WireError { true } else { false }
    }
  }

  @Test(
    "an offset beyond 64 bits is told from what is no offset",
    arguments: [
      (#"{"type":"send_ok","offset":9223372036854775808}"#, "offset must be an integer of 64 bits"),
      (
        #"{"type":"poll","offsets":{"a":1,"b":-9223372036854775809}}"#,
        "the offset of b must be an integer of 64 bits"
      ),
      (
        #"{"type":"poll_ok","msgs":{"a":[[0,1],[18446744073709551616,2]]}}"#,
        "the offset of a message of a must be an integer of 64 bits"
      ),
    ])
  func tooLarge(text: String, words: String) {
    #expect(throws: WireError.tooLarge(words)) { try decode(text) }
    let real = text.replacing(/-?\d{19,}/, with: "1e400")
    #expect {
      try decode(real)
    } throws: { error in
      if case .malformed? = error as? WireError { true } else { false }
    }
  }

  @Test("messages that are held stay as they are while the document reads others", arguments: [true, false])
  func held(usesTape: Bool) throws {
    let document = JSONDocument(usesTape: usesTape)
    func read(_ body: String) throws -> Kafka {
      let object = try document.parse(Array(body.utf8))
      return try Kafka(type: try object.string("type"), body: object)
    }
    let poll = try read(#"{"type":"poll","offsets":{"a":0,"a key of more than 15 bytes":1}}"#)
    let list = try read(#"{"type":"list_committed_offsets","keys":["a","b"]}"#)
    #expect(throws: WireError.malformed("the offset of d must be an integer")) {
      try read(#"{"type":"poll","offsets":{"c":1,"d":null}}"#)
    }
    #expect(throws: WireError.self) { try read(#"{"type":"list_committed_offsets","keys":["c",1]}"#) }
    let commit = try read(#"{"type":"commit_offsets","offsets":{"b":2}}"#)
    #expect(try read(#"{"type":"list_committed_offsets","keys":[]}"#) == .listCommittedOffsets([]))
    #expect(try read(#"{"type":"poll","offsets":{}}"#) == .poll([]))
    #expect(poll == .poll([.init("a", 0), .init("a key of more than 15 bytes", 1)]))
    #expect(list == .listCommittedOffsets(["a", "b"]))
    #expect(commit == .commitOffsets([.init("b", 2)]))
  }

  @Test("a poll may ask for many keys, for one of them twice, and for a long one", arguments: [true, false])
  func hostile(usesTape: Bool) throws {
    let document = JSONDocument(usesTape: usesTape)
    func positions(_ offsets: String) throws -> [Kafka.Position] {
      let body = try document.parse(Array(#"{"type":"poll","offsets":{\#(offsets)}}"#.utf8))
      guard case .poll(let positions) = try Kafka(type: "poll", body: body) else { return [] }
      return positions.sorted { $0.key < $1.key }
    }
    let many = (10_000..<20_000).map { Kafka.Position(JSONName(String($0)), $0) }
    let long = String(repeating: "k", count: 1 << 20)
    for _ in 0..<2 {
      #expect(try positions(many.map { #""\#($0.key)":\#($0.offset)"# }.joined(separator: ",")) == many)
      #expect(try positions(#""a":1,"b":2,"a":3"#) == [.init("a", 3), .init("b", 2)])
      #expect(try positions(#""\#(long)":1"#) == [.init(JSONName(long), 1)])
    }
  }
}
