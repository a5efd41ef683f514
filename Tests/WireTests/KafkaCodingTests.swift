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
}
