import Glomers
import Testing
import Wire
import Workloads

/// A message as the body of a line, and what a reader makes of that.
private func body(_ message: some WireMessage) -> String {
  written { writer in
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
  }
}

private func read<Message: WireMessage>(_: Message.Type, _ text: String) throws -> Message {
  let document = JSONDocument()
  let object = try document.parse(Array(text.utf8))
  return try Message(type: try object.string("type"), body: object)
}

@Suite("Workloads")
struct WorkloadTests {
  private func check<Message: WireMessage>(_ message: Message, _ text: String) throws {
    #expect(body(message) == text)
    #expect(try read(Message.self, text) == message)
  }

  @Test("echo's bodies")
  func echo() throws {
    try check(Echo.echo(["deep": [1, nil]]), #"{"type":"echo","echo":{"deep":[1,null]}}"#)
    try check(Echo.echoOk(nil), #"{"type":"echo_ok","echo":null}"#)
  }

  @Test("unique ids' bodies")
  func uniqueIDs() throws {
    try check(UniqueIDs.generate, #"{"type":"generate"}"#)
    try check(UniqueIDs.generateOk(id: "n0-1"), #"{"type":"generate_ok","id":"n0-1"}"#)
    let counted = UniqueIDs.generateCounted(prefix: "n\"0-", 12)
    #expect(written { counted.write(to: &$0) } == #""type":"generate_ok","id":"n\"0-12""#)
    #expect(counted.id == "n\"0-12")
  }

  @Test("broadcast's bodies")
  func broadcast() throws {
    try check(
      Broadcast.topology(["n1": ["n0", "nowhere"], "n0": []]),
      #"{"type":"topology","topology":{"n0":[],"n1":["n0","nowhere"]}}"#)
    try check(Broadcast.topologyOk, #"{"type":"topology_ok"}"#)
    try check(Broadcast.broadcast(7), #"{"type":"broadcast","message":7}"#)
    try check(Broadcast.broadcastOk, #"{"type":"broadcast_ok"}"#)
    try check(Broadcast.read, #"{"type":"read"}"#)
    try check(Broadcast.readOk([1, "two"]), #"{"type":"read_ok","messages":[1,"two"]}"#)
  }

  @Test("the services' bodies")
  func services() throws {
    try check(KV.read(key: "k"), #"{"type":"read","key":"k"}"#)
    try check(KV.readOk(value: [1]), #"{"type":"read_ok","value":[1]}"#)
    try check(KV.write(key: 1, value: nil), #"{"type":"write","key":1,"value":null}"#)
    try check(KV.writeOk, #"{"type":"write_ok"}"#)
    try check(
      KV.cas(key: "k", from: 1, to: 2, createIfNotExists: false), #"{"type":"cas","key":"k","from":1,"to":2}"#
    )
    try check(
      KV.cas(key: "k", from: nil, to: 2, createIfNotExists: true),
      #"{"type":"cas","key":"k","from":null,"to":2,"create_if_not_exists":true}"#)
    try check(KV.casOk, #"{"type":"cas_ok"}"#)
    try check(KV.ts, #"{"type":"ts"}"#)
    try check(KV.tsOk(ts: 3), #"{"type":"ts_ok","ts":3}"#)
  }

  @Test("a vocabulary refuses types of another one")
  func unknownTypes() {
    #expect(throws: WireError.unknownType("read")) { try read(Echo.self, #"{"type":"read"}"#) }
    #expect(throws: WireError.unknownType("echo")) { try read(UniqueIDs.self, #"{"type":"echo","echo":1}"#) }
    #expect(throws: WireError.unknownType("init")) { try read(Broadcast.self, #"{"type":"init"}"#) }
    #expect(throws: WireError.unknownType("echo")) { try read(KV.self, #"{"type":"echo"}"#) }
    #expect(throws: WireError.unknownType("echo")) { try read(RPCError.self, #"{"type":"echo"}"#) }
  }

  @Test("fields that are missing or of another kind are named")
  func wrongFields() {
    #expect(throws: WireError.malformed("echo is missing")) { try read(Echo.self, #"{"type":"echo"}"#) }
    #expect(throws: WireError.malformed("message is missing")) {
      try read(Broadcast.self, #"{"type":"broadcast"}"#)
    }
    #expect(throws: WireError.malformed("n0 must hold only strings, not an integer")) {
      try read(Broadcast.self, #"{"type":"topology","topology":{"n0":[1]}}"#)
    }
    #expect(throws: WireError.malformed("messages must be an array, not an integer")) {
      try read(Broadcast.self, #"{"type":"read_ok","messages":1}"#)
    }
    #expect(throws: WireError.malformed("ts must be an integer, not a real")) {
      try read(KV.self, #"{"type":"ts_ok","ts":1.5}"#)
    }
    #expect(throws: WireError.malformed("code must be an integer, not a string")) {
      try read(RPCError.self, #"{"type":"error","code":"x"}"#)
    }
  }

  @Test("an error may come without a text, and with a code of one's own")
  func errors() throws {
    #expect(try read(RPCError.self, #"{"type":"error","code":1001}"#) == RPCError(code: 1001, text: ""))
  }
}
