import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

/// What becomes of the others when nodes are lost for good.
@Suite struct KafkaFenceTests {
  @Test("the others go on without a node that is lost for good, with all that was acknowledged")
  func lostNode() {
    var group = KafkaGroup(3, acks: "quorum")
    _ = group.ask(2, .send(key: "a", message: "held by two"))
    #expect(group.round(1..<3) == [.sendOk(offset: 2)])
    _ = group.ask(2, .send(key: "a", message: "held by the lost one only"))
    _ = group.ask(0, .send(key: "a", message: "held by the survivors"))
    #expect(group.round(0..<2) == [.sendOk(offset: 0)])
    // For all that they know the lost node may have been about to assign offset 1.
    #expect(group.poll(0, "a") == [])
    group.round(0..<2, times: 120)
    for node in 0..<2 { #expect(group.poll(node, "a") == [0, 2]) }
    _ = group.ask(1, .send(key: "a", message: "later"))
    #expect(group.round(0..<2) == [.sendOk(offset: 4)])
    for node in 0..<2 { #expect(group.poll(node, "a") == [0, 2, 4]) }
    // It comes back: nobody listens, and it knows.
    group.round(times: 40)
    for node in 0..<2 { #expect(group.poll(node, "a") == [0, 2, 4]) }
    let late: [Kafka] = [
      .send(key: "a", message: "too late"), .poll([.init("a", 0)]), .commitOffsets([.init("a", 0)]),
      .listCommittedOffsets(["a"]),
    ]
    for request in late { #expect(group.ask(2, request).errorCode == 11) }
  }

  @Test("by default a node that is silent for minutes is waited for, and hides nothing when it comes back")
  func neverByDefault() {
    var group = KafkaGroup(3, acks: "quorum", fenceAfter: nil)
    _ = group.ask(0, .send(key: "a", message: "held by the majority"))
    #expect(group.round(0..<2) == [.sendOk(offset: 0)])
    group.round(0..<2, times: 500)
    _ = group.ask(2, .send(key: "a", message: "held by the minority"))
    group.round(2..<3, times: 500)
    #expect(group.round(times: 100) == [.sendOk(offset: 2)])
    for node in 0..<3 {
      #expect(group.poll(node, "a") == [0, 2])
      #expect(group.trials[node].node.logs.fences.isEmpty)
    }
  }

  @Test("nodes may be lost one after the other, as long as a quorum is left")
  func lostNodes() {
    var group = KafkaGroup(5, acks: "quorum")
    for node in 0..<5 { _ = group.ask(node, .send(key: "a", message: JSONText(.integer(node)))) }
    #expect(group.round().count == 5)
    _ = group.ask(0, .send(key: "a", message: 5))
    group.round(0..<4, times: 120)
    for node in 0..<4 { #expect(group.poll(node, "a") == [0, 1, 2, 3, 4, 5]) }
    _ = group.ask(1, .send(key: "a", message: 6))
    group.round(0..<3, times: 120)
    for node in 0..<3 { #expect(group.poll(node, "a") == [0, 1, 2, 3, 4, 5, 6]) }
    // Two are no quorum of five: they wait.
    _ = group.ask(1, .send(key: "a", message: 11))
    #expect(group.round(0..<2, times: 120) == [])
    #expect(group.poll(0, "a") == [0, 1, 2, 3, 4, 5, 6])
  }

  @Test("a node whose answers are only late is not fenced off")
  func patience() {
    var group = KafkaGroup(3, acks: "quorum")
    for turn in 0..<6 {
      _ = group.ask(0, .send(key: "a", message: JSONText(.integer(turn))))
      group.round(0..<2, times: 40)
      group.round(times: 20)
    }
    #expect(group.poll(2, "a").count == 6)
    #expect(group.ask(2, .send(key: "a", message: "still in")).errorCode == nil)
  }

  @Test("a node that was stopped for long, or whose clock was set on, does not take the others for lost")
  func stopped() {
    var group = KafkaGroup(3, acks: "quorum")
    _ = group.ask(0, .send(key: "a", message: "sent before"))
    group.round(0..<1, times: 3)
    group.trials[0].now = group.trials[0].now + .seconds(300)
    group.round(0..<1, times: 3)
    #expect(group.round(times: 8) == [.sendOk(offset: 0)])
    for node in 0..<3 {
      #expect(group.ask(node, .send(key: "a", message: "later")).errorCode == nil)
      #expect(group.trials[node].node.logs.fences.isEmpty)
    }
  }

  @Test("a commit of a node that is lost for good is acknowledged by a quorum, or not at all")
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
    #expect(group.round(0..<2, times: 120) == [.commitOffsetsOk])
    for node in 0..<2 {
      #expect(group.ask(node, .listCommittedOffsets(["a"])).reply == .listCommittedOffsetsOk([.init("a", 0)]))
    }
  }

  @Test("a second fence says what is held of the first node too: another may have counted on it")
  func secondFence() {
    var group = KafkaGroup(5, acks: "quorum")
    for node in 0..<5 { _ = group.ask(node, .send(key: "a", message: JSONText(.integer(node)))) }
    group.round()
    _ = group.ask(0, .send(key: "a", message: 5))
    group.round(0..<4, times: 120)
    _ = group.ask(1, .send(key: "a", message: 6))
    group.round(0..<3, times: 120)
    let logs = group.trials[0].node.logs
    #expect(logs.fences["n0"]?["n4"]?.sorted.map(\.origin.node) == ["n4"])
    #expect(logs.fences["n0"]?["n3"]?.sorted.map(\.origin.node) == ["n3", "n4"])
    #expect(logs.closed?.nodes == ["n3", "n4"])
  }

  @Test("a node that one other has fenced off refuses, and the third does not")
  func oneFence() {
    let origin = Origin(name: "n2.later")
    let fence = LogGossip.Record.fence(Fence(node: "n1", held: VersionVector()))
    var group = KafkaGroup(3, acks: "quorum")
    let gossip = group.gossip(of: 2, [Delta(origin: origin, after: 0, entries: [fence])])
    _ = group.trials[0].receive(.peer(gossip), from: "n2", id: nil)
    #expect(group.ask(0, .poll([.init("a", 0)])).errorCode == nil)
    _ = group.trials[1].receive(.peer(gossip), from: "n2", id: nil)
    #expect(group.ask(1, .poll([.init("a", 0)])).errorCode == 11)
  }

  @Test("when so many are fenced off that no quorum is left, all refuse")
  func noQuorum() {
    var group = KafkaGroup(3, acks: "quorum")
    for (sender, lost) in [(1, 2), (2, 1)] {
      let origin = Origin(name: "n\(sender).later")
      let fence = LogGossip.Record.fence(Fence(node: group.names[lost], held: VersionVector()))
      let gossip = group.gossip(of: sender, [Delta(origin: origin, after: 0, entries: [fence])])
      #expect(group.ask(0, .send(key: "a", message: 1)).errorCode == nil)
      _ = group.trials[0].receive(.peer(gossip), from: group.names[sender], id: nil)
    }
    #expect(group.ask(0, .send(key: "a", message: 2)).errorCode == 11)
  }
}
