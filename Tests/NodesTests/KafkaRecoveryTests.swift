import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

/// Nodes that come back without what they had, or with an older copy of it.
@Suite struct KafkaRecoveryTests {
  /// Three nodes that acknowledge by a quorum; n0 has assigned offsets 0, 3 and 6 and everybody shows them.
  private func group(_ acks: String = "quorum") -> KafkaGroup {
    var group = KafkaGroup(3, acks: acks)
    for message in 0..<3 { _ = group.ask(0, .send(key: "a", message: JSONText(.integer(message)))) }
    group.round()
    return group
  }

  @Test(
    "a node that comes back without what it had assigns no offset that a peer knows",
    arguments: ["1", "quorum"])
  func empty(acks: String) {
    var group = group(acks)
    group.restart(0)
    #expect(group.ask(0, .send(key: "a", message: "later")).isSilent, "it waits for its peers")
    let told = group.round(times: 6, every: .zero) + group.round()
    #expect(told == [.sendOk(offset: 9)])
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 3, 6, 9]) }
    let streams = group.trials[1].node.logs.streams.filter { $0.count > 0 }
    #expect(streams.count == 1, "it continues its stream")
  }

  @Test("so does one that comes back with an older copy of its log")
  func olderCopy() {
    var group = KafkaGroup(3, acks: "quorum")
    _ = group.ask(0, .send(key: "a", message: 0))
    group.round()
    let copy = group.trials[0].node.checkpoint!
    for message in 1...2 { _ = group.ask(0, .send(key: "a", message: JSONText(.integer(message)))) }
    #expect(group.round().count == 2)
    group.restart(0, recovering: copy)
    #expect(group.ask(0, .send(key: "a", message: "later")).isSilent)
    let told = group.round(times: 6, every: .zero) + group.round()
    #expect(told == [.sendOk(offset: 9)])
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 3, 6, 9]) }
  }

  @Test("where a quorum can't tell what it had, it refuses to send, and shows what it holds")
  func noQuorum() {
    var group = group()
    group.restart(0)
    let waiting = group.ask(0, .send(key: "a", message: "later"))
    #expect(waiting.isSilent)
    #expect(group.round(0..<2, times: 8) == [])
    #expect(group.ask(0, .send(key: "a", message: "later")).errorCode == 11)
    #expect(group.ask(0, .commitOffsets([.init("a", 0)])).errorCode == 11)
    #expect(group.ask(0, .poll([.init("a", 0)])).reply != nil)
    group.round(times: 60)
    #expect(group.ask(0, .send(key: "a", message: "later")).errorCode == nil)
    #expect(group.round() == [.sendOk(offset: 9)])
  }

  @Test(
    "with a log, a majority that this node is part of is enough, and it leaves out what it may have assigned")
  func withLog() {
    var group = group()
    group.restart(0, recovering: group.trials[0].node.checkpoint!)
    #expect(group.round(0..<2, times: 8) == [])
    _ = group.ask(0, .send(key: "a", message: "later"))
    guard case .sendOk(let offset)? = group.round(0..<2, times: 4).first else {
      Issue.record("not acknowledged")
      return
    }
    #expect(offset > 6 + ReplicatedLogs.skippedOffsets && offset % 3 == 0)
    group.round(times: 60)
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 3, 6, offset]) }
  }

  @Test("a node that is silent for minutes is waited for, and hides nothing when it comes back")
  func longPartition() {
    var group = KafkaGroup(3, acks: "quorum")
    _ = group.ask(0, .send(key: "a", message: "held by the majority"))
    #expect(group.round(0..<2) == [.sendOk(offset: 0)])
    group.round(0..<2, times: 500)
    _ = group.ask(2, .send(key: "a", message: "held by the minority"))
    group.round(2..<3, times: 500)
    #expect(group.poll(0, "a") == [], "the silent node may yet assign a lower offset")
    #expect(group.round(times: 100) == [.sendOk(offset: 2)])
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 2]) }
  }

  @Test(
    "nodes that are lost for good are replaced by empty ones of their names: all that a quorum had is shown")
  func replaced() {
    var group = KafkaGroup(5, acks: "quorum")
    for node in 0..<5 { _ = group.ask(node, .send(key: "a", message: JSONText(.integer(node)))) }
    #expect(group.round().count == 5)
    _ = group.ask(3, .send(key: "a", message: "of a lost node, held by three"))
    #expect(group.round(1..<4) == [.sendOk(offset: 8)])
    // The majority goes on taking messages while two are lost.
    _ = group.ask(0, .send(key: "a", message: "held by the survivors"))
    #expect(group.round(0..<3, times: 100) == [.sendOk(offset: 5)])
    #expect(group.poll(0, "a") == [0, 1, 2, 3, 4])
    group.restart(3)
    group.round(0..<4, times: 12)
    _ = group.ask(3, .send(key: "a", message: "of the replacement"))
    // Not all have answered, so it leaves out what it may have assigned.
    let next = 13 + ReplicatedLogs.skippedOffsets
    #expect(group.round(0..<4) == [.sendOk(offset: next)])
    group.restart(4)
    group.round(times: 12)
    for node in 0..<5 { #expect(group.poll(node, "a") == [0, 1, 2, 3, 4, 5, 8, next]) }
  }

  @Test("a commit is acknowledged by a quorum, or not at all")
  func commits() {
    var group = KafkaGroup(3, acks: "quorum")
    for message in 0..<2 { _ = group.ask(0, .send(key: "a", message: JSONText(.integer(message)))) }
    group.round()
    #expect(group.ask(2, .commitOffsets([.init("a", 0)])).reply == nil)
    #expect(group.round(1..<3) == [.commitOffsetsOk])
    // What is held by enough already is acknowledged at once; by its own word, not by that of others.
    #expect(group.ask(2, .commitOffsets([.init("a", 0)])).reply == .commitOffsetsOk)
    #expect(group.ask(1, .commitOffsets([.init("a", 0)])).reply == nil)
    #expect(group.ask(2, .commitOffsets([.init("a", 3)])).reply == nil)
    #expect(group.round(2..<3, times: 120) == [])
    #expect(group.round(0..<2) == [.commitOffsetsOk])
  }

  @Test("a node that has assigned nothing does not wait for peers that have nothing, longer than a second")
  func firstStart() {
    let options: [String: Option.Value] = ["acks": .choice("1", of: ["1", "quorum", "all"])]
    var trial = Trial(KafkaNode.self, options: options)
    let early = trial.receive(.client(.send(key: "a", message: 1)))
    #expect(early.isSilent)
    _ = trial.wake(.round)
    trial.now = .zero + .seconds(1)
    #expect(trial.wake(.round).reply == .sendOk(offset: ReplicatedLogs.skippedOffsets + 2))
  }

  @Test("a replica far behind is sent its records in messages within the bound")
  func farBehind() {
    var group = KafkaGroup(2)
    group.restart(1)
    for message in 0..<30_000 { _ = group.ask(0, .send(key: "a", message: JSONText(.integer(message)))) }
    var longest = 0
    group.observe = { gossip in
      let bytes = gossip.deltas.flatMap(\.entries).reduce(0) { $0 + $1.encodedBytes }
      longest = max(longest, bytes)
    }
    group.round(times: 20)
    #expect(longest <= 256 << 10 && longest > 200 << 10)
    #expect(group.poll(1, "a").count == 1000)
    #expect(group.trials[1].node.logs.shownEnd("a") == group.trials[0].node.logs.shownEnd("a"))
  }

  @Test("a message at an offset that nodes have shown without it is found out, and prefixes are not")
  func lateOffsets() {
    func node(_ name: NodeID, _ messages: [Int], seed: UInt64) -> KafkaNode {
      var trial = Trial(KafkaNode.self, me: name, nodes: [name], seed: seed)
      for message in messages {
        _ = trial.receive(.client(.send(key: "k", message: JSONText(.integer(message)))))
      }
      return trial.node
    }
    var invariants = KafkaInvariants()
    func breach(_ node: KafkaNode) -> String? {
      invariants.look(at: node, isStored: true, keepsRecords: true)?.name
    }
    #expect(breach(node("n0", [1, 2], seed: 1)) == nil)
    #expect(breach(node("n1", [1], seed: 2)) == nil)
    #expect(breach(node("n2", [1, 2, 3], seed: 3)) == nil)
    #expect(breach(node("n3", [1, 3], seed: 4)) == "late-offset")
  }

  @Test("two nodes that show different messages at one place of a key are found out, and prefixes are not")
  func differingLogs() {
    var invariants = KafkaInvariants()
    func shows(_ offset: Int, at place: Int, _ node: NodeID) -> String? {
      invariants.shows(Kafka.Entry(offset, JSONText(.integer(offset))), at: place, of: "k", node)?.name
    }
    #expect(shows(0, at: 0, "n0") == nil && shows(2, at: 1, "n0") == nil)
    #expect(shows(0, at: 0, "n1") == nil && shows(2, at: 1, "n1") == nil && shows(5, at: 2, "n1") == nil)
    #expect(shows(0, at: 0, "n2") == nil && shows(5, at: 1, "n2") == "differing-logs")
  }
}

extension KafkaEffects {
  /// Whether no client is told anything.
  var isSilent: Bool { reply == nil && errorCode == nil }
}
