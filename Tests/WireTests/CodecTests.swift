import Glomers
import Testing
import Wire

@Suite("Codec")
struct CodecTests {
  typealias ProbeEnvelope = Envelope<ProbeNode>

  static let golden: [(envelope: ProbeEnvelope, line: String)] = [
    (
      Envelope(from: "c1", to: "n0", id: 1, .initialize(me: "n0", nodes: ["n0", "n1"])),
      #"{"src":"c1","dest":"n0","body":{"type":"init","node_id":"n0","node_ids":["n0","n1"],"msg_id":1}}"#
    ),
    (
      Envelope(from: "n0", to: "c1", inReplyTo: 1, .initializeOk),
      #"{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}"#
    ),
    (
      Envelope(from: "n0", to: "n1", .message(.note(text: "a\"b", numbers: [1, -2]))),
      #"{"src":"n0","dest":"n1","body":{"type":"note","text":"a\"b","numbers":[1,-2]}}"#
    ),
    (
      Envelope(from: "n0", to: "n1", id: 3, inReplyTo: 2, .message(.anything(["b": [1.0], "a": nil]))),
      #"{"src":"n0","dest":"n1","body":{"type":"anything","value":{"a":null,"b":[1.0]},"msg_id":3,"in_reply_to":2}}"#
    ),
    (
      Envelope(from: "n0", to: "c1", inReplyTo: 4, .error(.abort("changed my mind"))),
      #"{"src":"n0","dest":"c1","body":{"type":"error","code":14,"text":"changed my mind","in_reply_to":4}}"#
    ),
  ]

  @Test("envelopes have exactly these lines, and the lines these envelopes", arguments: 0..<golden.count)
  func goldenLines(index: Int) {
    let (envelope, line) = CodecTests.golden[index]
    #expect(encode(envelope) == line)
    #expect(decode(line) == .envelope(envelope))
  }

  @Test("an answer to an ask is read as a service's, any other as the node's own")
  func asks() {
    let line = #"{"src":"lin-kv","dest":"n0","body":{"type":"read_ok","value":7,"in_reply_to":5}}"#
    let asked: Decoded<ProbeNode> = decode(line) { $0 == 5 }
    #expect(asked == .envelope(Envelope(from: "lin-kv", to: "n0", inReplyTo: 5, .service(.readOk(value: 7)))))
    guard case .rejected(let rejection) = decode(line, isAsk: { $0 == 6 }) else {
      Issue.record("read_ok is no message of the node's own")
      return
    }
    #expect(rejection.isReply)
    #expect(rejection.error.code == 10)
  }

  @Test("an error that answers an ask is an error")
  func errorToAsk() {
    let line =
      #"{"src":"lin-kv","dest":"n0","body":{"type":"error","code":20,"text":"no such key","in_reply_to":5}}"#
    #expect(
      decode(line, isAsk: { _ in true })
        == .envelope(
          Envelope(from: "lin-kv", to: "n0", inReplyTo: 5, .error(.keyDoesNotExist("no such key")))))
  }

  @Test("requests to services are written as services take them")
  func serviceRequests() {
    let line = encode(
      Envelope(
        from: "n0", to: "seq-kv", id: 9, .service(.cas(key: "k", from: 1, to: 2, createIfNotExists: true))))
    #expect(
      line
        == #"{"src":"n0","dest":"seq-kv","body":{"type":"cas","key":"k","from":1,"to":2,"create_if_not_exists":true,"msg_id":9}}"#
    )
  }

  @Test("keys come in any order, with any white space, and unknown ones are ignored")
  func looseLines() {
    let line = """
      \t{ "id" : 17, "body" : { "numbers" : [ ] , "in_reply_to" : null, "extra" : {"src":"x"}, "text" : "" ,\r
      "msg_id" : 3, "type" : "note" } , "dest" : "n0" , "src" : "c\\u0031" } \r\n
      """
    #expect(
      decode(line) == .envelope(Envelope(from: "c1", to: "n0", id: 3, .message(.note(text: "", numbers: []))))
    )
  }

  @Test("2,000 random envelopes are read as they were written")
  func roundTrips() {
    var values = RandomJSON(random: Random(seed: 3))
    let codec = Codec<ProbeNode>()
    var writer = JSONWriter()
    for round in 0..<2_000 {
      let isAnswer = Bool.random(using: &values.random)
      let envelope = ProbeEnvelope(
        from: NodeID(values.string()), to: NodeID(values.string()),
        id: Bool.random(using: &values.random) ? values.integer() : nil,
        inReplyTo: isAnswer ? values.integer() : nil, .message(.anything(values.value())))
      writer.removeAll()
      codec.encode(envelope, into: &writer)
      #expect(codec.decode(writer.bytes) { _ in false } == .envelope(envelope), "seed 3, round \(round)")
    }
  }

  @Test("a span and a buffer are read like an array")
  func entryPoints() {
    let (envelope, line) = CodecTests.golden[2]
    let bytes = Array(line.utf8)
    let codec = Codec<ProbeNode>()
    #expect(codec.decode(bytes.span) { _ in false } == .envelope(envelope))
    #expect(bytes.withUnsafeBytes { codec.decode($0) { _ in false } } == .envelope(envelope))
  }
}
