import History
import Glomers
import Lab
import Simulator
import Testing
import Wire
import Workloads
@testable import Checkers

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

  /// What a service writes to a node that sends it these bodies, one after the other.
  private func answers(_ bodies: [String], of service: String) -> (bodies: [JSON], anomalies: [Anomaly]) {
    var isFirst = true
    var answers: [JSON] = []
    let puppets = Puppets.run(stage(.echo, rate: 10, seconds: 2)) { node, message in
      if message.source == NodeID(service) { answers.append(message.body) }
      guard message.type == "echo" else { return message.type == "init" ? [message.ordinaryReply] : [] }
      defer { isFirst = false }
      let lines = bodies.enumerated().map {
        Puppets.Said(
          line: #"{"src":"\#(node)","dest":"\#(service)","body":\#($1)}"#, after: .milliseconds($0))
      }
      return isFirst ? lines + [message.ordinaryReply] : [message.ordinaryReply]
    }
    return (answers, puppets.test.anomalies)
  }

  private static let missing = #""type":"error","code":20,"text":"key does not exist""#

  /// Requests, the last of which is looked at, and what Maelstrom's service answers; nil for nothing. Read off its
  /// `service.clj` at cb7f072, and measured.
  private static let table: [(service: String, requests: [String], answer: String?)] = [
    // The id is given back, whatever it is.
    ("lin-kv", [#"{"type":"read","key":"a","msg_id":"s"}"#], #"{\#(missing),"in_reply_to":"s"}"#),
    (
      "lin-kv", [#"{"type":"write","key":"a","value":1,"msg_id":"s"}"#],
      #"{"type":"write_ok","in_reply_to":"s"}"#
    ),
    ("lin-kv", [#"{"type":"read","key":"a","msg_id":136.0}"#], #"{\#(missing),"in_reply_to":136.0}"#),
    ("lin-kv", [#"{"type":"read","key":"a","msg_id":[1]}"#], #"{\#(missing),"in_reply_to":[1]}"#),
    ("lin-kv", [#"{"type":"read","key":"a"}"#], #"{\#(missing),"in_reply_to":null}"#),
    ("lww-kv", [#"{"type":"write","key":1,"value":2}"#], #"{"type":"write_ok","in_reply_to":null}"#),
    ("lin-kv", [#"{"type":"read","key":"a","msg_id":-5}"#], #"{\#(missing),"in_reply_to":-5}"#),
    (
      "lin-kv", [#"{"type":"read","key":"a","msg_id":1180591620717411303424}"#],
      #"{\#(missing),"in_reply_to":1180591620717411303424}"#
    ),
    // Keys and values are any JSON, and keys are equal when values are.
    (
      "lin-kv", [#"{"type":"write","key":1,"value":"x"}"#, #"{"type":"read","key":"1","msg_id":1}"#],
      #"{\#(missing),"in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"write","key":1,"value":"x"}"#, #"{"type":"read","key":1.0,"msg_id":1}"#],
      #"{\#(missing),"in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [
        #"{"type":"write","key":[1,2],"value":{"x":[1,{"y":null}]}}"#,
        #"{"type":"read","key":[1,2],"msg_id":1}"#,
      ],
      #"{"type":"read_ok","value":{"x":[1,{"y":null}]},"in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"write","key":"n","value":null}"#, #"{"type":"read","key":"n","msg_id":1}"#],
      #"{"type":"read_ok","value":null,"in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [
        #"{"type":"write","key":"b","value":18446744073709551616}"#, #"{"type":"read","key":"b","msg_id":1}"#,
      ],
      #"{"type":"read_ok","value":18446744073709551616,"in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"write","key":"b","value":"\ud800"}"#, #"{"type":"read","key":"b","msg_id":1}"#],
      #"{"type":"read_ok","value":"\ud800","in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [
        #"{"type":"write","key":"f","value":0.1}"#, #"{"type":"cas","key":"f","from":0.1,"to":1e300}"#,
        #"{"type":"read","key":"f","msg_id":1}"#,
      ], #"{"type":"read_ok","value":1e300,"in_reply_to":1}"#
    ),
    // What is missing is null.
    (
      "lin-kv", [#"{"type":"write","key":null,"value":1}"#, #"{"type":"read","msg_id":1}"#],
      #"{"type":"read_ok","value":1,"in_reply_to":1}"#
    ),
    (
      "seq-kv", [#"{"type":"write","value":1}"#, #"{"type":"read","key":null,"msg_id":1}"#],
      #"{"type":"read_ok","value":1,"in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"write","key":"k"}"#, #"{"type":"read","key":"k","msg_id":1}"#],
      #"{"type":"read_ok","value":null,"in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [#"{"type":"write","key":"k","value":null}"#, #"{"type":"cas","key":"k","to":5,"msg_id":1}"#],
      #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [
        #"{"type":"write","key":"k","value":1}"#, #"{"type":"cas","key":"k","from":1}"#,
        #"{"type":"read","key":"k","msg_id":1}"#,
      ], #"{"type":"read_ok","value":null,"in_reply_to":1}"#
    ),
    // Whatever is neither null nor false is true.
    (
      "lin-kv", [#"{"type":"cas","key":"k","from":0,"to":5,"create_if_not_exists":true,"msg_id":1}"#],
      #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"cas","key":"k","to":5,"create_if_not_exists":true,"msg_id":1}"#],
      #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "seq-kv", [#"{"type":"cas","key":"k","from":0,"to":5,"create_if_not_exists":1,"msg_id":1}"#],
      #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"cas","key":"k","from":0,"to":5,"create_if_not_exists":"true","msg_id":1}"#],
      #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"cas","key":"k","from":0,"to":5,"create_if_not_exists":null,"msg_id":1}"#],
      #"{\#(missing),"in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"cas","key":"k","from":0,"to":5,"create_if_not_exists":false,"msg_id":1}"#],
      #"{\#(missing),"in_reply_to":1}"#
    ),
    (
      "lww-kv", [#"{"type":"cas","key":"k","from":0,"to":1,"create_if_not_exists":true,"msg_id":1}"#],
      #"{\#(missing),"in_reply_to":1}"#
    ),
    // 5 is not 5.0; the order of members is nothing.
    (
      "lin-kv",
      [#"{"type":"write","key":"k","value":5}"#, #"{"type":"cas","key":"k","from":5.0,"to":6,"msg_id":1}"#],
      #"{"type":"error","code":22,"text":"current value 5 is not 5.0","in_reply_to":1}"#
    ),
    (
      "lin-kv",
      [
        #"{"type":"write","key":"k","value":{"a":1,"b":2}}"#,
        #"{"type":"cas","key":"k","from":{"b":2,"a":1},"to":7,"msg_id":1}"#,
      ], #"{"type":"cas_ok","in_reply_to":1}"#
    ),
    (
      "lin-kv", [#"{"type":"write","key":"k","value":2,"extra":1,"msg_id":1}"#],
      #"{"type":"write_ok","in_reply_to":1}"#
    ),
    ("seq-kv", [#"{"type":"read","key":"zz","msg_id":1}"#], #"{\#(missing),"in_reply_to":1}"#),
    ("lin-tso", [#"{"type":"ts","msg_id":1}"#], #"{"type":"ts_ok","ts":0,"in_reply_to":1}"#),
    (
      "lin-tso", [#"{"type":"ts"}"#, #"{"type":"ts","msg_id":1}"#],
      #"{"type":"ts_ok","ts":1,"in_reply_to":1}"#
    ),
    // What a service does not know it does not answer.
    ("lin-kv", [#"{"type":"delete","key":"k","msg_id":1}"#], nil),
    ("lin-kv", [#"{"type":"ts","msg_id":1}"#], nil),
    ("lin-tso", [#"{"type":"read","key":"k","msg_id":1}"#], nil),
    ("seq-kv", [#"{"type":"read_ok","value":1,"msg_id":1}"#], nil),
    ("lww-kv", [#"{"msg_id":1}"#], nil),
    ("lww-kv", [#"{"type":7,"msg_id":1}"#], nil),
  ]

  @Test("services answer as Maelstrom's do, and silence is worth a warning", arguments: 0..<table.count)
  func answers(row: Int) throws {
    let (service, requests, answer) = Self.table[row]
    let found = answers(requests, of: service)
    #expect(found.bodies.count == requests.count - (answer == nil ? 1 : 0))
    guard let answer else {
      #expect(found.anomalies.map(\.name) == ["unserved-request"])
      #expect(found.anomalies.allSatisfy { $0.severity == .warning && $0.node == "n0" })
      return
    }
    #expect(found.anomalies.isEmpty)
    #expect(try found.bodies.last == JSONDocument().parseValue(Array(answer.utf8)).value)
  }
}
