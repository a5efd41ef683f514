import Glomers
import Lab
import Simulator
import Testing
import Wire
import Workloads

@Suite("Services in a test")
struct ServicesTests {
  /// Gives every id to lin-tso: a node that does nothing without a service.
  private struct AskingNode: Node {
    typealias Message = UniqueIDs
    enum Ask: Equatable { case timestamp(Request) }

    init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {}

    mutating func receive(_ message: UniqueIDs, _ request: Request, _ context: inout Context<Self>) {
      context.ask(.linTSO, .ts, then: .timestamp(request), .giveUp(after: .seconds(4)))
    }

    mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
      guard case .timestamp(let request) = ask, case .success(.tsOk(let ts)) = outcome else { return }
      context.reply(.generateOk(id: .integer(ts)), to: request)
    }
  }

  private func scenario() -> Scenario {
    var scenario = stage(.uniqueIDs, nodes: 3, rate: 50, seconds: 10)
    scenario.latency = .milliseconds(20)
    return scenario
  }

  @Test("a service is as far away as a peer, counts as a server, and is never cut off")
  func latency() {
    var scenario = scenario()
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(1)
    scenario.availability = .total
    var simulation = Simulation<AskingNode>(scenario)
    simulation.finish()
    let test = simulation.test
    #expect(test.results().verdict == .valid)
    let ok = test.history.operations.filter { $0.kind == .ok }
    #expect(ok.count > 300)
    for operation in ok {
      #expect(operation.time - test.history.invocation(of: operation.index)!.time >= .milliseconds(40))
    }
    #expect(test.journal.servers.sendCount == 2 * ok.count)
    #expect(test.journal.servers.receiveCount == 2 * ok.count)
    #expect(Set(ok.map(\.value)) == Set((0..<ok.count).map { .integer($0) }))
  }

  @Test("the same seed gives the same answers of a service that draws them")
  func deterministic() {
    func digest(_ seed: UInt64) -> Digest {
      var scenario = scenario()
      scenario.seed = seed
      var simulation = Simulation<AskingNode>(scenario)
      simulation.finish()
      return simulation.digest
    }
    #expect(digest(1) == digest(1))
    #expect(digest(1) != digest(2))
  }

  /// What a service writes to a node that sends it this body once.
  private func answer(_ body: String, of service: String) -> (body: JSON?, anomalies: [Anomaly]) {
    var isFirst = true
    var answer: JSON?
    let puppets = Puppets.run(stage(.echo, rate: 10, seconds: 2)) { node, message in
      if message.source == NodeID(service) { answer = message.body }
      guard message.type == "echo" else { return message.type == "init" ? [message.ordinaryReply] : [] }
      defer { isFirst = false }
      let line = Puppets.Said(line: #"{"src":"\#(node)","dest":"\#(service)","body":\#(body)}"#)
      return isFirst ? [line, message.ordinaryReply] : [message.ordinaryReply]
    }
    return (answer, puppets.test.anomalies)
  }

  @Test("services write what Maelstrom's write")
  func lines() {
    #expect(
      answer(#"{"type":"write","key":1,"value":2,"msg_id":7}"#, of: "lin-kv").body
        == ["type": "write_ok", "in_reply_to": 7])
    #expect(
      answer(#"{"type":"read","key":1,"msg_id":7}"#, of: "seq-kv").body
        == ["type": "error", "code": 20, "text": "key does not exist", "in_reply_to": 7])
    #expect(
      answer(#"{"type":"ts","msg_id":8}"#, of: "lin-tso").body == [
        "type": "ts_ok", "ts": 0, "in_reply_to": 8,
      ])
    let silent = answer(#"{"type":"write","key":1,"value":2}"#, of: "lww-kv")
    #expect(silent.body == nil && silent.anomalies.isEmpty)
  }

  @Test(
    "what a service does not do is refused, and worth a warning: Maelstrom says nothing to it",
    arguments: [
      (#"{"type":"read","key":1,"msg_id":7}"#, "lin-tso", 10),
      (#"{"type":"dance","msg_id":7}"#, "lin-kv", 10),
      (#"{"type":"cas","key":1,"msg_id":7}"#, "seq-kv", 12),
      (#"{"msg_id":7}"#, "lww-kv", 12),
    ])
  func refused(body: String, service: String, code: Int) {
    let answer = answer(body, of: service)
    #expect(answer.body?["code"] == .integer(code))
    #expect(answer.anomalies.map(\.name) == ["unserved-request"])
    #expect(answer.anomalies.allSatisfy { $0.severity == .warning && $0.node == "n0" })
  }
}
