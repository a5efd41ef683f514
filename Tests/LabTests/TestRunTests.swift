import Checkers
import Glomers
import Lab
import Testing
@testable import History

@Suite("Test runs")
struct TestRunTests {
  @Test("every node is initialized by a client of its own, then told the topology by another, then loaded")
  func handshake() {
    let puppets = Puppets.run(stage(.broadcast, nodes: 3)) { _, message in [message.ordinaryReply] }
    #expect(puppets.started == ["n0", "n1", "n2"])
    let deliveries = puppets.deliveries
    for (index, delivery) in deliveries.prefix(3).enumerated() {
      #expect(delivery.node == NodeID("n\(index)"))
      #expect(delivery.message.source == NodeID("c\(index)"))
      #expect(
        delivery.message.body
          == ["type": "init", "node_id": .string("n\(index)"), "node_ids": ["n0", "n1", "n2"], "msg_id": 1])
    }
    for (index, delivery) in deliveries[3..<6].enumerated() {
      #expect(delivery.message.source == NodeID("c\(index + 3)"))
      #expect(
        delivery.message.body["topology"]
          == ["n0": ["n2", "n1"], "n1": ["n0"], "n2": ["n0"]])
    }
    let sources = Set(deliveries[6...].map(\.message.source))
    #expect(sources == ["c6", "c7", "c8"])
    #expect(puppets.stopped == ["n0", "n1", "n2"])
  }

  @Test("messages are numbered from 0, each once, and arrive otherwise unchanged")
  func numbers() {
    let puppets = Puppets.run(stage(.echo, nodes: 2)) { node, message in
      guard message.type == "echo" else { return message.type == "gossip" ? [] : [message.ordinaryReply] }
      let peer = node == "n0" ? "n1" : "n0"
      return [
        message.ordinaryReply,
        Puppets.Said(
          line: #" {"src": "\#(node)", "body": {"type":"gossip","x":[1.0,"é"]}, "dest": "\#(peer)"}"#),
      ]
    }
    let ids = puppets.deliveries.map { $0.message["id"]!.integer! }
    #expect(ids.first == 0)
    #expect(Set(ids).count == ids.count)
    let gossip = puppets.deliveries.filter { $0.message.type == "gossip" }
    #expect(!gossip.isEmpty)
    for delivery in gossip {
      #expect(delivery.message.body == ["type": "gossip", "x": [1.0, "é"]])
      #expect(delivery.message["dest"] == .string(delivery.node.name))
    }
    #expect(puppets.test.anomalies.isEmpty)
  }

  @Test("operations begin at once, keep the rate, and none begins after the time limit")
  func load() {
    let puppets = Puppets.run(stage(.echo, nodes: 3, rate: 100, seconds: 20)) { _, message in
      [message.ordinaryReply]
    }
    let begun = puppets.test.history.operations.filter { $0.kind == .invoke }
    #expect(begun.first?.time == .zero)
    #expect(begun.count > 1800 && begun.count < 2200)
    #expect(begun.allSatisfy { $0.time < .seconds(20) })
    // Each client talks to its own node.
    for operation in begun {
      guard case .client(let process) = operation.process else { continue }
      #expect(operation.node == NodeID("n\(process)"))
    }
    #expect(puppets.test.results().verdict == .valid)
  }

  @Test("clients that are all busy slow the load down, and the first to be free goes on")
  func busy() {
    let puppets = Puppets.run(stage(.echo, rate: 100, seconds: 10)) { _, message in
      message.type == "echo"
        ? [message.reply(#""type":"echo_ok","echo":"\#(message.body["echo"]!.string!)""#, after: .seconds(1))]
        : [message.ordinaryReply]
    }
    let begun = puppets.test.history.operations.filter { $0.kind == .invoke }
    #expect(begun.count == 10)
    #expect(zip(begun, begun.dropFirst()).allSatisfy { $1.time - $0.time < .milliseconds(1021) })
    // The last began before the limit and was waited for.
    #expect(puppets.test.history.operations.last?.kind == .ok)
  }

  @Test("a test without a rate makes no operations and ends with its time")
  func noRate() {
    let puppets = Puppets.run(stage(.echo, rate: 0)) { _, message in [message.ordinaryReply] }
    #expect(puppets.test.history.operations.isEmpty)
    #expect(puppets.now == Instant(nanoseconds: 2_000_000_000))
  }

  @Test(
    "messages between servers take their time, those of clients none, and in order one waits for the other")
  func latency() {
    for delivery in Scenario.Delivery.allCases {
      var scenario = stage(.echo, nodes: 2, rate: 0, seconds: 1)
      scenario.latency = .milliseconds(100)
      scenario.delivery = delivery
      var puppets = Puppets(scenario) { _, message in message.type == "init" ? [message.ordinaryReply] : [] }
      puppets.run(until: .zero)
      puppets.say("n0", #"{"src":"n0","dest":"n1","body":{"type":"a"}}"#)
      puppets.run(until: nil)
      let arrival = puppets.deliveries.first { $0.message.type == "a" }
      #expect(arrival?.time == Instant(nanoseconds: 100_000_000))
    }
  }

  @Test("at the end of a broadcast test faults are healed, 10 s pass, and every client reads once more")
  func finalReads() {
    var scenario = stage(.broadcast, nodes: 3, rate: 20, seconds: 5)
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(60)
    scenario.concurrency = .perNode(2)
    let puppets = Puppets.run(scenario) { _, message in [message.ordinaryReply] }
    let history = puppets.test.history.operations
    let nemesis = history.filter { $0.process == .nemesis }
    #expect(
      nemesis.map(\.function) == ["start-partition", "start-partition", "stop-partition", "stop-partition"])
    #expect(nemesis[0].time == .zero && nemesis[0].value.string != nil)
    #expect(nemesis[1].value.array?.first == "isolated")
    #expect(nemesis[3].value == "network-healed")
    let final = history.filter(\.isFinal)
    #expect(final.count == 12)
    #expect(final.filter { $0.kind == .ok }.count == 6)
    #expect(Set(final.map(\.process)).count == 6)
    #expect(final.allSatisfy { $0.time == nemesis[3].time + .seconds(10) })
    #expect(puppets.notes == ["Waiting for recovery..."])
  }

  @Test(
    "echo and unique ids end without recovery and without final reads",
    arguments: [Workload.echo, .uniqueIDs])
  func noFinalReads(_ workload: Workload) {
    let puppets = Puppets.run(stage(workload, nodes: 2)) { _, message in [message.ordinaryReply] }
    #expect(puppets.now <= Instant(nanoseconds: 2_000_000_000))
    #expect(puppets.test.history.operations.allSatisfy { !$0.isFinal })
    #expect(puppets.test.results().verdict == .valid)
  }

  @Test("probes don't count as traffic; all else does, at both ends, init as well")
  func journal() {
    var scenario = stage(.broadcast, nodes: 2)
    scenario.probeInterval = .milliseconds(20)
    let puppets = Puppets.run(scenario) { _, message in [message.ordinaryReply] }
    let operations = puppets.test.history.operations.count { $0.kind == .invoke }
    let journal = puppets.test.journal
    #expect(puppets.deliveries.contains { $0.message.source == "c-probe" })
    #expect(journal.servers.sendCount == 0)
    // Two inits, two topologies and the operations, each with its answer.
    #expect(journal.clients.sendCount == 2 * (operations + 4))
    #expect(journal.clients.receiveCount == journal.clients.sendCount)
    #expect(puppets.test.lastServerMessage == nil)
  }

  @Test("progress tells the phase, the counts and the time that is left")
  func progress() {
    var scenario = stage(.broadcast, nodes: 2, rate: 10, seconds: 4)
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(60)
    var puppets = Puppets(scenario) { _, message in [message.ordinaryReply] }
    #expect(puppets.test.progress(at: puppets.now).phase == .starting)
    puppets.run(until: Instant(nanoseconds: 1_000_000_000))
    let running = puppets.test.progress(at: puppets.now)
    #expect(running.phase == .running)
    #expect(running.remaining == .seconds(3) && running.elapsed == .seconds(1))
    #expect(running.operationCount == running.okCount && running.okCount > 0)
    #expect(running.faults.count == 1 && running.faults[0].hasPrefix("partition"))
    puppets.run(until: Instant(nanoseconds: 9_000_000_000))
    let recovering = puppets.test.progress(at: puppets.now)
    #expect(recovering.phase == .recovering && recovering.faults.isEmpty)
    puppets.run(until: nil)
    #expect(puppets.test.progress(at: puppets.now).phase == .finished)
  }

  @Test("an abandoned test stops its nodes and can still be judged")
  func abandon() {
    var puppets = Puppets(stage(.broadcast, nodes: 2)) { _, message in [message.ordinaryReply] }
    puppets.run(until: Instant(nanoseconds: 1_000_000_000))
    puppets.test.abandon("enough", at: puppets.now)
    puppets.run(until: nil)
    #expect(puppets.test.isFinished && puppets.test.deadline == nil)
    #expect(puppets.stopped == ["n0", "n1"])
    #expect(puppets.notes.last == "enough")
    #expect(puppets.test.results().tree["workload"] != nil)
  }

  @Test("what is logged of the network says what was sent and what was received")
  func logs() {
    var scenario = stage(.echo, rate: 10, seconds: 1)
    scenario.logNetworkSends = true
    scenario.logNetworkReceives = true
    let puppets = Puppets.run(scenario) { _, message in [message.ordinaryReply] }
    let sent = puppets.notes.count { $0.hasPrefix(#"send {"#) }
    #expect(sent == puppets.test.journal.all.sendCount)
    #expect(puppets.notes.count { $0.hasPrefix(#"recv {"#) } == sent)
    #expect(puppets.notes.allSatisfy { !$0.contains("\n") })
  }
}
