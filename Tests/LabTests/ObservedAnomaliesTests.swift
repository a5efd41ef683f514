import Glomers
import Lab
import Testing
import Wire
@testable import History
@testable import Checkers

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
    _ puppets: Puppets, _ name: String, _ detail: String, severity: Anomaly.Severity = .invalid,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let anomalies = puppets.test.anomalies
    #expect(anomalies.map(\.name) == [name], "\(anomalies)", sourceLocation: sourceLocation)
    #expect(anomalies.first?.severity == severity, sourceLocation: sourceLocation)
    #expect(anomalies.first?.node != nil, sourceLocation: sourceLocation)
    #expect(anomalies.first?.detail.contains(detail) == true, "\(anomalies)", sourceLocation: sourceLocation)
    let verdict = puppets.test.results().verdict
    #expect(verdict == (severity == .invalid ? .invalid : .valid), sourceLocation: sourceLocation)
    // One bad line does not silence anybody.
    let endings = puppets.test.history.operations.filter { $0.kind == .ok }
    #expect(endings.count > 100, sourceLocation: sourceLocation)
  }

  @Test(
    "a line that is not JSON",
    arguments: [
      ("hello", "print what is meant for people to stderr: hello"), ("", "an empty line"),
      (#"{"src":"n0""#, "ends before its JSON does"), ("\u{1}", "no message"),
      ("{\"a\": NaN}", "invalid token near 'NaN'"),
    ])
  func notJSON(_ line: String, _ words: String) {
    expect(run("echo") { _ in .init(line: line) }, "not-json", words)
  }

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
    expect(puppets, "malformed-message", "with trace beside src, dest and body")
    let gossip = puppets.deliveries.first { $0.message.type == "gossip" }
    #expect(gossip?.message["trace"] == nil)
    #expect(gossip?.message["id"] != 7)
    #expect(gossip?.message.body == ["type": "gossip", "x": 1])
  }

  @Test("a message as from somebody who does not exist")
  func unknownSource() {
    let puppets = run("echo") { message in
      .init(line: #"{"src":"n9","dest":"\#(message.source)","body":{"type":"echo_ok"}}"#)
    }
    expect(puppets, "unknown-source", "as from n9, which does not exist")
  }

  @Test("a request that a node passes on as it came arrives, at once, and another node may answer it")
  func forwarded() {
    var scenario = stage(.echo, nodes: 2, rate: 20, seconds: 10)
    scenario.latency = .milliseconds(100)
    let puppets = Puppets.run(scenario) { node, message in
      guard node == "n1", message.type == "echo" else { return [message.ordinaryReply] }
      let echo = message.body["echo"]!.string!
      let id = message.body["msg_id"]!.integer!
      return [
        .init(
          line: """
            {"src":"\(message.source)","dest":"n0","body":{"type":"echo","echo":"\(echo)","msg_id":\(id)}}
            """)
      ]
    }
    #expect(Set(puppets.test.anomalies.map(\.name)) == ["borrowed-source"])
    #expect(puppets.test.results().verdict == .valid)
    #expect(puppets.test.journal.servers.sendCount == 0)
    let history = puppets.test.history
    let waits = history.operations.filter { $0.kind == .ok }.map {
      $0.time - history.invocation(of: $0.index)!.time
    }
    #expect(waits.count > 100 && waits.allSatisfy { $0 == .zero })
  }

  @Test("a message to nobody")
  func unknownDestination() {
    let puppets = run("echo") { message in
      .init(line: #"{"src":"\#(message["dest"]!.string!)","dest":"n77","body":{"type":"gossip"}}"#)
    }
    expect(puppets, "unknown-destination", "n77")
  }

  @Test("a second answer to the same question is dropped, that to init as well", arguments: ["echo", "init"])
  func secondAnswer(_ type: String) {
    expect(
      run(type) { $0.ordinaryReply }, "unasked-reply", "a second time, which is dropped", severity: .warning)
  }

  @Test("a message to a client that asked for nothing")
  func unasked() {
    let puppets = run("echo") { message in
      .init(
        line: #"{"src":"\#(message["dest"]!.string!)","dest":"\#(message.source)","body":{"type":"hello"}}"#)
    }
    expect(puppets, "unasked-reply", "hello", severity: .warning)
  }

  @Test("an answer to another request than the client's says which, and which was asked")
  func wrongNumber() {
    let puppets = run("echo") { message in
      .init(
        line: #"{"src":"\#(message["dest"]!.string!)","dest":"\#(message.source)","#
          + #""body":{"type":"echo_ok","in_reply_to":1001}}"#)
    }
    expect(puppets, "unasked-reply", "an answer to 1001, and its last request is 1", severity: .warning)
  }

  @Test("an answer to a question that another node was asked may come after that node's, too")
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
    #expect(puppets.test.anomalies.map(\.name) == ["unasked-reply"])
    #expect(puppets.test.anomalies.first?.node == "n0")
    #expect(puppets.test.results().verdict == .valid)
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

  @Test(
    "what Maelstrom's schema refuses in a reply is said by name",
    arguments: [
      (#""type":"read_ok","value":[]"#, "read_ok must have messages, and has value instead"),
      (
        #""type":"read_ok","messages":[],"value":[]"#,
        "no member but messages beside its ids, and this has value"
      ),
      (#""type":"read_ok","messages":[],"msg_id":null"#, "its msg_id is no integer"),
      (#""type":"read_ok","messages":[],"msg_id":"a1""#, "its msg_id is no integer"),
      (#""type":"error","text":"no code""#, "code is missing"),
      (#""type":"hello""#, #""hello" is no answer to read; the answer has type read_ok"#),
      (#""type":"read","messages":[]"#, #""read" is no answer to read; the answer has type read_ok"#),
      (#""type":"read_ok ","more":1"#, #""read_ok " is no answer to read; the answer has type read_ok"#),
      (#""messages":[]"#, "it has no type; the answer has type read_ok"),
      (#""type":7,"messages":[]"#, "its type is no name; the answer has type read_ok"),
    ])
  func schema(_ members: String, _ words: String) {
    expect(run("read", .broadcast, instead: true) { $0.reply(members) }, "malformed-reply", words)
  }

  @Test(
    "an error may number itself as it likes, as Maelstrom's clients do not look",
    arguments: ["null", #""a1""#, "7"])
  func errorID(_ id: String) {
    let puppets = run("read", .broadcast, instead: true) {
      $0.reply(#""type":"error","code":11,"text":"no","msg_id":\#(id)"#)
    }
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test(
    "an answer whose in_reply_to is not the request's id is none, and says so",
    arguments: [
      (#","in_reply_to":"1""#, #"its in_reply_to is "1", no integer"#), ("", "it has no in_reply_to"),
    ])
  func wrongReplyID(_ member: String, _ words: String) {
    let puppets = Puppets.run(stage(.echo)) { _, message in
      [.init(line: #"{"src":"n0","dest":"\#(message.source)","body":{"type":"init_ok"\#(member)}}"#)]
    }
    #expect(puppets.test.anomalies.map(\.name) == ["malformed-reply", "init-failed"])
    #expect(puppets.test.anomalies[0].detail.contains(words), "\(puppets.test.anomalies)")
    #expect(puppets.test.anomalies[1].detail.contains("though it has written 1 line to stdout"))
  }

  @Test("a node that leaves its input unread is wrong, unless it was paused")
  func unreadInput() {
    var puppets = Puppets(stage(.echo, seconds: 10)) { _, message in [message.ordinaryReply] }
    puppets.run(until: Instant(nanoseconds: 1_000_000_000))
    puppets.test.overflowed("n0", waitingBytes: 1 << 26, at: puppets.now)
    #expect(puppets.test.anomalies.map(\.name) == ["unread-input"])
    #expect(puppets.test.anomalies[0].severity == .invalid)
  }

  @Test("an offset beyond 64 bits, which Maelstrom takes, leaves the verdict open and says so")
  func oversizedInteger() {
    let puppets = Puppets.run(stage(.kafka, rate: 20, seconds: 5)) { _, message in
      switch message.type {
      case "send": [message.reply(#""type":"send_ok","offset":9223372036854775808"#)]
      case "poll": [message.reply(#""type":"poll_ok","msgs":{}"#)]
      case "list_committed_offsets": [message.reply(#""type":"list_committed_offsets_ok","offsets":{}"#)]
      default: [message.ordinaryReply]
      }
    }
    #expect(Set(puppets.test.anomalies.map(\.name)) == ["oversized-integer"])
    #expect(
      puppets.test.anomalies[0].detail.contains(
        "offset must be an integer of 64 bits for this bench to judge it"))
    #expect(puppets.test.anomalies[0].severity == .unknown)
  }

  @Test("a line that is too long for the bench is lost, and leaves the verdict open")
  func oversized() {
    var puppets = Puppets(stage(.echo, seconds: 10)) { _, message in [message.ordinaryReply] }
    puppets.test.receiveOversized(bytes: 20_000_000, from: "n0", at: puppets.now)
    puppets.run(until: nil)
    #expect(puppets.test.anomalies[0].detail.contains("20000000 bytes"))
    #expect(puppets.test.results().verdict == .unknown)
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
    #expect(puppets.test.anomalies[0].detail.contains("within 10 s, and has written nothing to stdout"))
    #expect(puppets.stopped == ["n0", "n1", "n2"])
    #expect(puppets.test.results().verdict == .invalid)
  }

  @Test("a node that never ends its line is told how much it has written")
  func unfinishedLine() {
    var puppets = Puppets(stage(.echo)) { _, _ in [] }
    puppets.test.note(unfinished: Array(#"{"src": "n0""#.utf8), ofBytes: 66, from: "n0")
    puppets.run(until: nil)
    let detail = puppets.test.anomalies[0].detail
    #expect(
      detail.contains(#"It has written 66 bytes to stdout without ending the line: {"src": "n0""#),
      "\(detail)")
    #expect(detail.contains("flush stdout"))
  }

  @Test("a node that prints nothing more after init reads of it, and of the line that it has not ended")
  func silentLater() {
    func silence(_ unfinished: String?) -> Anomaly? {
      var puppets = Puppets(stage(.echo)) { _, message in
        message.type == "init" ? [message.ordinaryReply] : []
      }
      puppets.run(until: nil)
      if let unfinished {
        puppets.test.note(unfinished: Array(unfinished.utf8), ofBytes: unfinished.utf8.count, from: "n0")
      }
      return puppets.test.results().anomalies.first { $0.name == "silent-node" }
    }
    #expect(silence(nil)?.detail.contains("it has written nothing to stdout") == true)
    #expect(
      silence("{} {")?.detail.contains("written 4 bytes to stdout without ending the line: {} {") == true)
    // One line is enough, whatever it says.
    let puppets = Puppets.run(stage(.echo)) { _, message in
      message.type == "init" ? [message.ordinaryReply] : ["{}"]
    }
    #expect(!puppets.test.results().anomalies.contains { $0.name == "silent-node" })
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
    #expect(
      puppets.test.anomalies.map(\.detail) == [
        "n1 ended with exit status 127 before it had answered init, and had printed nothing"
      ])
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
    let own = puppets.test.results().tree["workbench"]
    #expect(own?["anomaly-counts"]?["not-json"] == 500)
    guard case .vector(let shown)? = own?["anomalies"] else { preconditionFailure("no anomalies") }
    #expect(shown.count == 6)
    #expect(shown.last?["detail"] == "and 495 more")
  }
}
