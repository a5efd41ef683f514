import Glomers
import Lab
import Testing
import Wire

/// Each anomaly that the bench sees while the test runs: a node that shows it once is found, and goes on.
@Suite("Observed anomalies")
struct ObservedAnomaliesTests {
  /// A node that says something besides what it should when it gets its first request of that kind.
  private func run(
    _ type: String, _ workload: Workload = .echo, instead: Bool = false,
    _ said: @escaping (JSON) -> Puppets.Said
  ) -> Puppets {
    var isFirst = true
    return Puppets.run(stage(workload, nodes: 2, rate: 20, seconds: 10)) { _, message in
      guard message.type == type, isFirst else {
        return message.type == "gossip" ? [] : [message.ordinaryReply]
      }
      isFirst = false
      return instead ? [said(message)] : [said(message), message.ordinaryReply]
    }
  }

  private func expect(
    _ puppets: Puppets, _ name: String, _ detail: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let anomalies = puppets.test.anomalies
    #expect(anomalies.map(\.name) == [name], "\(anomalies)", sourceLocation: sourceLocation)
    #expect(anomalies.first?.severity == .invalid, sourceLocation: sourceLocation)
    #expect(anomalies.first?.node != nil, sourceLocation: sourceLocation)
    #expect(anomalies.first?.detail.contains(detail) == true, "\(anomalies)", sourceLocation: sourceLocation)
    #expect(puppets.test.results().verdict == .invalid, sourceLocation: sourceLocation)
    // One bad line does not silence anybody.
    let endings = puppets.test.history.operations.filter { $0.kind == .ok }
    #expect(endings.count > 100, sourceLocation: sourceLocation)
  }

  @Test("a line that is not JSON", arguments: ["hello", "", #"{"src":"n0""#, "\u{1}", "[1] 2"])
  func notJSON(_ line: String) { expect(run("echo") { _ in .init(line: line) }, "not-json", line) }

  @Test(
    "of a line that is nearly JSON the first value is read, as by Maelstrom, and that is worth a warning",
    arguments: [
      (
        #"MESSAGE {"and":"more"}"#,
        #"something after its first value, which Maelstrom drops: " {\"and\":\"more\"}""#
      ),
      ("MESSAGE}", "something after its first value"), ("\u{FEFF} MESSAGE", "a byte order mark"),
      ("MESSAGE\r\t", nil),
      (#" {"src":"n0","dest":"n1","body":{"type":"gossip","x":"aTABb"}}"#, "control characters"),
      (
        "\u{FEFF}MESSAGE x",
        "a byte order mark before it, at which Maelstrom stops to listen, and something after"
      ),
    ] as [(String, String?)])
  func nearlyJSON(_ form: String, _ objection: String?) {
    let line = form.replacing(
      "MESSAGE", with: #"{"src":"n0","dest":"n1","body":{"type":"gossip","x":"a\tb"}}"#
    )
    .replacing("TAB", with: "\t")
    let puppets = Puppets.run(stage(.echo, nodes: 2, rate: 20, seconds: 2)) { node, message in
      message.type == "init" && node == "n0"
        ? [message.ordinaryReply, .init(line: line)] : message.type == "gossip" ? [] : [message.ordinaryReply]
    }
    let gossip = puppets.deliveries.filter { $0.message.type == "gossip" }
    #expect(gossip.map(\.message.body) == [["type": "gossip", "x": "a\tb"]])
    let anomalies = puppets.test.anomalies
    #expect(anomalies.map(\.name) == (objection == nil ? [] : ["lax-json"]))
    #expect(
      anomalies.allSatisfy { $0.severity == .warning && $0.detail.contains(objection!) }, "\(anomalies)")
    #expect(puppets.test.results().verdict == .valid)
  }

  @Test("a line that is longer than the bench reads")
  func oversized() {
    var puppets = Puppets(stage(.echo)) { _, message in [message.ordinaryReply] }
    puppets.run(until: .zero + .milliseconds(500))
    puppets.test.receive(oversizedLine: 20_000_000, longestTaken: 16_777_216, from: "n0", at: puppets.now)
    puppets.run(until: nil)
    #expect(puppets.test.anomalies.map(\.name) == ["oversized-line"])
    #expect(puppets.test.anomalies[0].detail.contains("20000000 bytes"))
    #expect(puppets.test.results().verdict == .invalid)
  }

  @Test("numbers of any size, and halves of surrogate pairs, arrive as they are")
  func literals() {
    let body = #"{"type":"gossip","msg_id":18446744073709551615,"x":[-9223372036854775809,1e400,"\ud800"]}"#
    let puppets = Puppets.run(stage(.echo, nodes: 2, rate: 20, seconds: 2)) { node, message in
      guard message.type == "init", node == "n0" else {
        return message.type == "gossip" ? [] : [message.ordinaryReply]
      }
      let plain = #"{"src":"n0","dest":"n1","body":\#(body)}"#
      let numbered = #"{"id":18446744073709551616,"src":"n0","dest":"n1","body":\#(body)}"#
      return [message.ordinaryReply, .init(line: plain), .init(line: numbered)]
    }
    let gossip = puppets.deliveries.filter { $0.message.type == "gossip" }.map(\.message.body)
    let numbers: [JSON] = [JSON(number: "-9223372036854775809"), JSON(number: "1e400")]
    let expected: JSON = [
      "type": "gossip", "msg_id": JSON(number: "18446744073709551615"),
      "x": .array(numbers + [JSON(escaped: #"\ud800"#.utf8)]),
    ]
    #expect(gossip == [expected, expected])
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test(
    "a list that is null is an empty one",
    arguments: [
      (Workload.broadcast, #""type":"read_ok","messages":null"#), (.gSet, #""type":"read_ok","value":null"#),
    ])
  func nullList(_ workload: Workload, _ answer: String) {
    var scenario = stage(workload, rate: 20, seconds: 2)
    scenario.probeInterval = .milliseconds(20)
    let puppets = Puppets.run(scenario) { _, message in
      switch message.type {
      case "read": [message.reply(answer)]
      case "add": [message.reply(#""type":"error","code":11,"text":"full""#)]
      case "broadcast": [message.reply(#""type":"error","code":11,"text":"full""#)]
      default: [message.ordinaryReply]
      }
    }
    #expect(puppets.test.anomalies.isEmpty)
    let reads = puppets.test.history.operations.filter { $0.function == "read" && $0.kind == .ok }
    #expect(!reads.isEmpty && reads.allSatisfy { $0.value == [] })
  }

  @Test(
    "a line that is no message",
    arguments: [
      #"[1]"#, #"{}"#, #"{"src":"n0","dest":"n1"}"#, #"{"src":"n0","body":{}}"#, #"{"dest":"n1","body":{}}"#,
      #"{"src":"n0","dest":7,"body":{}}"#, #"{"src":"n0","dest":"n1","body":[]}"#,
    ])
  func noMessage(_ line: String) { expect(run("echo") { _ in .init(line: line) }, "malformed-message", line) }

  @Test("an envelope with members that are none of the network's business still arrives, without them")
  func surplusMembers() {
    let puppets = run("echo") { message in
      .init(
        line:
          #"{"src":"\#(message["dest"]!.string!)","dest":"n1","trace":1,"id":7,"body":{"type":"gossip","x":1}}"#
      )
    }
    expect(puppets, "malformed-message", "beside src, dest and body")
    let gossip = puppets.deliveries.first { $0.message.type == "gossip" }
    #expect(gossip?.message["trace"] == nil)
    #expect(gossip?.message["id"] != 7)
    #expect(gossip?.message.body == ["type": "gossip", "x": 1])
  }

  @Test("a message as from somebody else")
  func falseSource() {
    let puppets = run("echo") { message in
      .init(line: #"{"src":"n9","dest":"\#(message.source)","body":{"type":"echo_ok"}}"#)
    }
    expect(puppets, "false-source", "n9")
  }

  @Test("a message to nobody")
  func unknownDestination() {
    let puppets = run("echo") { message in
      .init(line: #"{"src":"\#(message["dest"]!.string!)","dest":"n77","body":{"type":"gossip"}}"#)
    }
    expect(puppets, "unknown-destination", "n77")
  }

  @Test("a second answer to the same question")
  func secondAnswer() { expect(run("echo") { $0.ordinaryReply }, "unasked-reply", "echo_ok") }

  @Test("a message to a client that asked for nothing")
  func unasked() {
    let puppets = run("echo") { message in
      .init(
        line: #"{"src":"\#(message["dest"]!.string!)","dest":"\#(message.source)","body":{"type":"hello"}}"#)
    }
    expect(puppets, "unasked-reply", "hello")
  }

  @Test("an answer to a question that another node was asked")
  func stolenAnswer() {
    var stolen: JSON?
    let puppets = Puppets.run(stage(.echo, nodes: 2, rate: 20, seconds: 10)) { node, message in
      if message.type == "echo", node == "n0", stolen == nil {
        stolen = message
        return [
          .init(line: #"{"src":"n0","dest":"n1","body":{"type":"gossip"}}"#),
          .init(line: message.ordinaryReply.line, after: .seconds(1)),
        ]
      }
      guard message.type == "gossip" else { return [message.ordinaryReply] }
      let line = stolen!.ordinaryReply.line.replacing(#""src":"n0""#, with: #""src":"n1""#)
      return [.init(line: line)]
    }
    expect(puppets, "unasked-reply", "echo_ok")
    #expect(puppets.test.anomalies.first?.node == "n1")
  }

  @Test(
    "an answer of the wrong shape",
    arguments: [
      #""type":"read_ok""#, #""type":"read_ok","messages":{}"#, #""type":"broadcast_ok""#, #""type":"read""#,
      #""type":7"#, #""type":"read_ok","messages":[],"more":1"#, #""type":"error","text":"no code""#,
    ])
  func malformedReply(_ members: String) {
    let puppets = run("read", .broadcast, instead: true) { $0.reply(members) }
    expect(puppets, "malformed-reply", "answered c")
    let begun = puppets.test.anomalies.first?.operations.first
    #expect(begun.flatMap { puppets.test.history.completion(of: $0) }?.kind == .info)
  }

  @Test("a node that ends, with its last lines")
  func nodeDied() {
    var puppets = Puppets(stage(.echo, nodes: 2, rate: 20, seconds: 60)) { _, message in
      [message.ordinaryReply]
    }
    puppets.run(until: Instant(nanoseconds: 1_000_000_000))
    puppets.test.exited("n0", "exit status 3", lastLines: ["Traceback", "boom"], at: puppets.now)
    puppets.run(until: nil)
    expect(puppets, "node-died", "exit status 3; its last lines were:\nTraceback\nboom")
    #expect(puppets.stopped == ["n1"])
    // Nothing is delivered to the dead.
    #expect(puppets.deliveries.last { $0.node == "n0" }!.time <= Instant(nanoseconds: 1_000_000_000))
  }

  @Test("a node that does not answer init ends the test after 10 s")
  func silentInit() {
    let puppets = Puppets.run(stage(.echo, nodes: 3)) { node, message in
      node == "n1" ? [] : [message.ordinaryReply]
    }
    #expect(puppets.now == Instant(nanoseconds: 10_000_000_000))
    #expect(puppets.test.anomalies.map(\.name) == ["init-failed"])
    #expect(puppets.test.anomalies[0].node == "n1")
    #expect(puppets.stopped == ["n0", "n1", "n2"])
    #expect(puppets.test.results().verdict == .invalid)
  }

  @Test(
    "a node that answers init with anything but init_ok ends the test",
    arguments: [#""type":"error","code":13,"text":"no""#, #""type":"echo_ok""#])
  func refusedInit(_ members: String) {
    let puppets = Puppets.run(stage(.echo)) { _, message in [message.reply(members)] }
    #expect(puppets.test.anomalies.map(\.name) == ["init-failed"])
    #expect(puppets.now == .zero)
  }

  @Test("a node that ends before it is initialized ends the test at once")
  func deadBeforeInit() {
    var puppets = Puppets(stage(.echo, nodes: 2)) { _, _ in [] }
    puppets.test.exited("n1", "exit status 127", lastLines: [], at: puppets.now)
    puppets.run(until: nil)
    #expect(puppets.test.isFinished)
    #expect(puppets.test.anomalies.map(\.detail) == ["n1 ended with exit status 127"])
    #expect(puppets.stopped == ["n0"])
  }

  @Test("a node that does not answer the topology ends the test after 5 s")
  func silentTopology() {
    let puppets = Puppets.run(stage(.broadcast, nodes: 2)) { node, message in
      node == "n1" && message.type == "topology" ? [] : [message.ordinaryReply]
    }
    #expect(puppets.test.anomalies.map(\.name) == ["setup-failed"])
    #expect(puppets.now == Instant(nanoseconds: 5_000_000_000))
  }

  @Test("of endless rubbish only the first lines are kept, and how many more there were")
  func rubbish() {
    let puppets = Puppets.run(stage(.echo)) { _, message in
      message.type == "init"
        ? Array(repeating: "rubbish", count: 500) + [message.ordinaryReply] : [message.ordinaryReply]
    }
    #expect(puppets.test.anomalies.count == 11)
    #expect(puppets.test.anomalies.last?.detail == "and 490 more")
    #expect(puppets.test.progress(at: puppets.now).anomalyCount == 500)
  }
}
