import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

@Suite struct KafkaClientTests {
  @Test("a node alone gives out dense offsets, and shows a message as soon as it has it")
  func alone() {
    var group = KafkaGroup(1)
    #expect((0..<3).map { group.send(0, "a", JSONText(.integer($0))) } == [0, 1, 2])
    #expect(group.send(0, "b", nil) == 0)
    #expect(group.poll(0, "a") == [0, 1, 2])
    #expect(group.poll(0, "a", from: 2) == [2])
    #expect(
      group.ask(0, .poll([.init("a", 1), .init("b", 1), .init("c", 0)])).reply
        == .pollOk([
          .init("a", [.init(1, 1), .init(2, 2)])
        ]))
  }

  @Test("a poll has an end")
  func limited() {
    var group = KafkaGroup(1)
    for message in 0..<1500 { _ = group.send(0, "a", JSONText(.integer(message))) }
    #expect(group.poll(0, "a", from: 100) == Array(100..<1100))
    #expect(group.poll(0, "a", from: 1100) == Array(1100..<1500))
    #expect(group.poll(0, "a", from: .max) == [])
  }

  @Test("the answer to a poll has at most so many bytes of messages, and one message at least")
  func limitedBytes() {
    let options = ["fetch-max-bytes": Option.Value.integer(1100, in: 1 << 10...64 << 20)]
    var trial = Trial(KafkaNode.self, nodes: ["n0"], options: options)
    let long = JSONText(.string(String(repeating: "x", count: 2000)))
    let messages: [(JSONName, JSONText)] =
      [("a", long), ("a", 1)] + (0..<60).map { ("b", .init(.integer($0))) }
    for (key, message) in messages { _ = trial.receive(.client(.send(key: key, message: message))) }
    func poll(_ positions: [Kafka.Position]) -> [[Int]] {
      guard case .pollOk(let batches)? = trial.receive(.client(.poll(positions))).reply else { return [] }
      return batches.map { $0.entries.map(\.offset) }
    }
    #expect(poll([.init("a", 0), .init("b", 0)]) == [[0]], "a message that is longer comes alone")
    #expect(poll([.init("a", 1), .init("b", 0)]) == [[1], Array(0..<41)], "25 and 10 · 25 + 31 · 26 bytes")
    #expect(poll([.init("b", 41)]) == [Array(41..<60)])
  }

  @Test("commits rise, never fall, and can't run ahead of what the node shows")
  func commits() {
    var group = KafkaGroup(1)
    for message in 0..<5 { _ = group.send(0, "a", JSONText(.integer(message))) }
    #expect(group.ask(0, .listCommittedOffsets(["a", "z"])).reply == .listCommittedOffsetsOk([]))
    #expect(group.ask(0, .commitOffsets([.init("a", 3)])).reply == .commitOffsetsOk)
    #expect(group.ask(0, .commitOffsets([.init("a", 1)])).reply == .commitOffsetsOk)
    #expect(group.ask(0, .commitOffsets([.init("a", 4), .init("z", 0)])).errorCode == 22)
    #expect(group.ask(0, .commitOffsets([.init("a", 5)])).errorCode == 22)
    #expect(group.ask(0, .commitOffsets([.init("a", -1)])).errorCode == 12)
    #expect(group.ask(0, .poll([.init("a", -1)])).errorCode == 12)
    #expect(
      group.ask(0, .listCommittedOffsets(["a", "z"])).reply == .listCommittedOffsetsOk([.init("a", 3)]))
  }

  @Test("an answer stays as it is, whatever is asked next")
  func held() {
    var group = KafkaGroup(1)
    for message in 0..<300 { _ = group.send(0, "a", JSONText(.integer(message))) }
    let polled = group.ask(0, .poll([.init("a", 298)])).reply
    _ = group.send(0, "a", 300)
    let again = group.ask(0, .poll([.init("a", 299), .init("a", 0), .init("b", 0)])).reply
    _ = group.ask(0, .commitOffsets([.init("a", 7)]))
    let listed = group.ask(0, .listCommittedOffsets(["a", "b"])).reply
    #expect(group.ask(0, .listCommittedOffsets([])).reply == .listCommittedOffsetsOk([]))
    #expect(group.ask(0, .poll([])).reply == .pollOk([]))
    let entries = (0...300).map { Kafka.Entry($0, JSONText(.integer($0))) }
    #expect(polled == .pollOk([.init("a", entries[298..<300])]))
    #expect(again == .pollOk([.init("a", entries[299...300]), .init("a", entries[...])]))
    #expect(listed == .listCommittedOffsetsOk([.init("a", 7)]))
  }

  @Test("a poll of many keys, and of a long one, is answered with all that there is")
  func manyKeys() {
    var group = KafkaGroup(1)
    let keys = (0..<5000).map { JSONName("key \($0)") } + [JSONName(String(repeating: "k", count: 1 << 16))]
    for key in keys { _ = group.send(0, key, "m") }
    let others = (0..<5000).map { JSONName("other key \($0)") }
    let wanted = (keys + others).map { Kafka.Position($0, 0) }
    let batches = keys.map { Kafka.Batch($0, [.init(0, "m")]) }
    #expect(group.ask(0, .poll(wanted)).reply == .pollOk(batches))
    #expect(group.poll(0, "key 1") == [0])
    #expect(group.ask(0, .commitOffsets(keys.map { .init($0, 0) })).reply == .commitOffsetsOk)
    #expect(
      group.ask(0, .listCommittedOffsets(keys + others)).reply
        == .listCommittedOffsetsOk(keys.map { .init($0, 0) }))
    #expect(group.ask(0, .listCommittedOffsets(others)).reply == .listCommittedOffsetsOk([]))
  }

  @Test(
    "keys of other bytes are other logs, though they look alike, and whether a String can hold them or not")
  func keysByTheirBytes() {
    var group = KafkaGroup(1)
    let halves = [#"\ud800"#, #"\ud801"#].map { JSON(escaped: $0.utf8).name! }
    // The second pair is of equal length, and the last one of more than a short key has.
    let long = String(repeating: "k", count: 40)
    let keys: [JSONName] =
      ["\u{e9}", "e\u{301}", "a\u{323}\u{307}", "a\u{307}\u{323}", "\u{FFFD}", "\0", "", "a", "a\0"] + halves
      + [JSONName(long + "\u{e9}"), JSONName(long + "e\u{301}")]
    for (place, key) in keys.enumerated() {
      #expect(group.send(0, key, JSONText(.integer(place))) == 0, "\(place)")
    }
    for (place, key) in keys.enumerated() {
      let shown = Kafka.pollOk([.init(key, [.init(0, JSONText(.integer(place)))])])
      #expect(group.ask(0, .poll([.init(key, 0)])).reply == shown, "\(place)")
    }
    #expect(group.ask(0, .commitOffsets([.init(keys[0], 0), .init(halves[0], 0)])).reply == .commitOffsetsOk)
    #expect(
      group.ask(0, .listCommittedOffsets(keys)).reply
        == .listCommittedOffsetsOk([.init(keys[0], 0), .init(halves[0], 0)]))
  }

  @Test("an answer is no request")
  func answers() {
    var group = KafkaGroup(1)
    #expect(group.ask(0, .sendOk(offset: 1)).errorCode == 10)
  }
}

@Suite struct KafkaReplicationTests {
  @Test("nodes give out different offsets, each above what it has seen")
  func offsets() {
    var group = KafkaGroup(3)
    #expect((0..<3).map { group.send($0, "a", JSONText(.integer($0))) } == [0, 1, 2])
    #expect(group.send(1, "a", "later") == 4)
    group.round()
    #expect(group.send(0, "a", "after that") == 6)
    #expect(group.send(2, "b", "first") == 2)
  }

  @Test("what one node has is not shown before it is known that nothing comes in between")
  func watermark() {
    var group = KafkaGroup(3)
    _ = group.send(1, "a", 1)
    #expect(group.poll(1, "a") == [])
    group.round(0..<2)
    // The third may have assigned offset 0 to 2, for all that the others know.
    #expect(group.poll(0, "a") == [])
    #expect(group.poll(1, "a") == [])
    group.round()
    for node in 0..<3 { #expect(group.poll(node, "a") == [1]) }
  }

  @Test("entries of several nodes are shown in one order, everywhere the same")
  func order() {
    var group = KafkaGroup(3)
    for message in 0..<20 { _ = group.send(message % 3, "a", JSONText(.integer(message))) }
    group.round()
    let shown = group.poll(0, "a")
    #expect(shown.count == 20)
    #expect(shown == shown.sorted())
    for node in 1..<3 { #expect(group.poll(node, "a") == shown) }
  }

  @Test("messages that were lost on the way are sent again, also by others than their sender")
  func repair() {
    var group = KafkaGroup(3)
    _ = group.send(0, "a", 1)
    _ = group.trials[0].wake(.round)  // is lost
    _ = group.send(0, "a", 2)
    group.round(0..<2)
    group.round(1..<3)
    group.round(times: 6)
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 3]) }
  }

  @Test("commits get to all nodes, but no further than what is shown there")
  func commits() {
    var group = KafkaGroup(2)
    for message in 0..<3 { _ = group.send(0, "a", JSONText(.integer(message))) }
    group.round()
    #expect(group.ask(0, .commitOffsets([.init("a", 2)])).reply == .commitOffsetsOk)
    #expect(group.ask(0, .commitOffsets([.init("a", 4)])).reply == .commitOffsetsOk)
    #expect(group.ask(1, .listCommittedOffsets(["a"])).reply == .listCommittedOffsetsOk([]))
    group.round()
    #expect(group.ask(1, .listCommittedOffsets(["a"])).reply == .listCommittedOffsetsOk([.init("a", 4)]))
  }

  @Test("a send waits until a quorum holds the message")
  func quorum() {
    var group = KafkaGroup(3, acks: "quorum")
    #expect(group.ask(0, .send(key: "a", message: 1)).reply == nil)
    #expect(group.round(0..<1) == [])
    #expect(group.round(0..<2) == [.sendOk(offset: 0)])
    #expect(group.round() == [])
  }

  @Test("with acks=all a send waits for everybody")
  func all() {
    var group = KafkaGroup(3, acks: "all")
    _ = group.ask(0, .send(key: "a", message: 1))
    #expect(group.round(0..<2) == [])
    #expect(group.round() == [.sendOk(offset: 0)])
  }

  @Test("gossip from outside is not listened to, and hostile gossip does no harm")
  func strangers() {
    var group = KafkaGroup(2)
    let origin = Incarnation(name: "x")
    var version = VersionVector()
    version[origin] = 2
    let records: [LogGossip.Record] = [
      .message(key: "a", offset: 5, 1), .message(key: "a", offset: 5, 2), .message(key: "a", offset: 1, 3),
      .commit(key: "a", offset: .max),
    ]
    let gossip = group.gossip(
      of: 1, [.init(origin: origin, after: 0, entries: records)], version, wantsAnswer: true)
    #expect(group.trials[0].receive(.peer(gossip), from: "c7").isEmpty)
    _ = group.trials[0].receive(.peer(gossip), from: "n1")
    #expect(group.poll(0, "a") == [1, 5])
    #expect(group.send(0, "a", 4) == 6)
  }
}

@Suite struct KafkaSimulationTests {
  private func scenario(_ nodeCount: Int, seed: UInt64, seconds: Int = 4) -> Scenario {
    var scenario = Scenario(.kafka)
    scenario.nodeCount = nodeCount
    scenario.concurrency = .perNode(2)
    scenario.rate = 200
    scenario.timeLimit = .seconds(seconds)
    scenario.seed = seed
    return scenario
  }

  @Test("two nodes without faults are valid, quick and quiet", arguments: [1, 2] as [UInt64])
  func challenge(seed: UInt64) {
    var scenario = scenario(2, seed: seed, seconds: 2)
    scenario.rate = 1000
    var simulation = Simulation<KafkaNode>(scenario)
    simulation.finish()
    let results = simulation.test.results()
    #expect(results.verdict == .valid, "\(results.anomalies)")
    #expect(results.workload.worstLag.map { $0 <= .milliseconds(250) } == true, "\(results.tree)")
    #expect(serverMessagesPerOperation(results) <= 0.06)
  }

  @Test("more nodes under partitions and latency are valid", arguments: [3, 5])
  func partitions(nodeCount: Int) {
    var scenario = scenario(nodeCount, seed: 3)
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(1)
    scenario.latency = .milliseconds(20)
    scenario.latencyDistribution = .exponential
    scenario.delivery = .independent
    let results = Simulation<KafkaNode>.run(scenario)
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }

  @Test("acknowledgements of a quorum are valid")
  func quorum() {
    let results = Simulation<KafkaNode>.run(
      scenario(3, seed: 5), options: ["acks": .choice("quorum", of: ["1", "quorum", "all"])])
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }

  @Test("kept in lin-kv, keys that look alike are other logs as well")
  func storedByTheirBytes() {
    var trial = Trial(KafkaOnLinKVNode.self, nodes: ["n0"])
    let keys: [JSONName] = ["\u{e9}", "e\u{301}", JSON(escaped: #"\ud800"#.utf8).name!, "\u{FFFD}"]
    var names: Set<JSON> = []
    for (place, key) in keys.enumerated() {
      // A log that is waited for is not asked for again.
      for case .ask(_, .cas(let name, _, _, _), _, _) in trial.receive(.send(key: key, message: 1)) {
        names.insert(name)
      }
      #expect(names.count == place + 1)
    }
  }

  @Test("kept in lin-kv, the logs are valid as well")
  func stored() {
    var scenario = scenario(2, seed: 6)
    scenario.latency = .milliseconds(2)
    let results = Simulation<KafkaOnLinKVNode>.run(scenario)
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }
}
