import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

/// In a cluster in which hubs send digests.
private let nodes: [NodeID] = (0...BroadcastNode.vectorNodesMax).map { NodeID("n\($0)") }
private let a = Incarnation(name: "n1.a")
private let b = Incarnation(name: "n2.b")

@Suite struct BroadcastHoldingTests {
  private func trial(_ me: NodeID) -> Trial<BroadcastNode> { .started(me, nodes: nodes) }

  private func scatter(
    _ deltas: [Delta<JSON>], _ held: [Incarnation: Int], from hub: NodeID = "n0",
    to trial: inout Trial<BroadcastNode>
  ) -> [(gossip: Gossip, to: NodeID)] {
    let rhythm = Rhythm.told(trial.now - .zero)
    let digest = VersionVector(held).digest
    return trial.receive(.peer(.scatter(deltas, .digest(digest), rhythm, by: hub)), from: hub, id: nil)
      .gossip
  }

  @Test("a hub says what it holds by a digest in large clusters, and in full in others")
  func says() {
    for (size, isDigest) in [(BroadcastNode.vectorNodesMax, false), (BroadcastNode.vectorNodesMax + 1, true)]
    {
      var trial = Trial.started(nodes: Array(nodes.prefix(size)))
      _ = trial.receive(.client(.broadcast(7)))
      let version = trial.node.store.version
      let gossip = trial.wake(.scatter).gossip
      #expect(gossip.count == size - 1)
      for case .scatter(_, let holding, _, _) in gossip.map(\.gossip) {
        #expect(holding.content == (isDigest ? .digest(version.digest) : .version(version)))
      }
    }
  }

  @Test("a spoke that has followed knows what the hub holds without asking")
  func follows() {
    var trial = trial("n3")
    #expect(scatter([Delta(origin: a, after: 0, entries: [1, 2])], [a: 2], to: &trial).isEmpty)
    let second = [Delta<JSON>(origin: a, after: 2, entries: [3]), Delta(origin: b, after: 0, entries: [4])]
    #expect(scatter(second, [a: 3, b: 1], to: &trial).isEmpty)
    #expect(trial.node.dissemination.known(of: "n0") == VersionVector([a: 3, b: 1]))
    #expect(read(&trial) == [1, 2, 3, 4])
  }

  @Test("a spoke that has missed a scatter asks at the next, although that joins on, and then knows again")
  func misses() {
    var trial = trial("n3")
    _ = scatter([Delta(origin: a, after: 0, entries: [1])], [a: 1], to: &trial)
    let asked = scatter([Delta(origin: a, after: 1, entries: [3])], [a: 2, b: 1], to: &trial)
    #expect(asked.map(\.to) == ["n0"])
    #expect(asked.first?.gossip == .sync([], trial.says(VersionVector([a: 2]), wantsAnswer: true)))
    _ = trial.sync(
      [Delta(origin: b, after: 0, entries: [2])], VersionVector([a: 2, b: 1]), from: "n0")
    #expect(scatter([Delta(origin: a, after: 2, entries: [4])], [a: 3, b: 1], to: &trial).isEmpty)
    #expect(read(&trial) == [1, 3, 2, 4])
  }

  @Test("a hub that was started again is not taken for what it was: it is challenged, and then asked")
  func forgets() {
    var trial = trial("n3")
    _ = scatter([Delta(origin: a, after: 0, entries: [1])], [a: 1], to: &trial)
    let again = Incarnation(name: "n0.again")
    let holding = Holding(
      incarnation: again, content: .digest(VersionVector([b: 1]).digest), isPartial: false)
    let delta = Delta<JSON>(origin: b, after: 0, entries: [2])
    let gossip = Gossip.scatter([delta], holding, .told(trial.now - .zero), echo: nil)
    let challenge = trial.receive(.peer(gossip), from: "n0", id: nil).gossip
    guard case .sync([], let said)? = challenge.first?.gossip else {
      Issue.record("no challenge: \(challenge)")
      return
    }
    #expect(read(&trial) == [1])
    let echo = Advertisement(again, version: .init(), echo: said.challenge)
    _ = trial.receive(.peer(.sync([], echo)), from: "n0", id: nil)
    #expect(trial.node.dissemination.known(of: "n0") == .init())
  }

  @Test("a hub whose nodes mail each other sends its version vector: spokes don't know which letters it has")
  func mails() {
    var trial = Trial(
      BroadcastNode.self, nodes: nodes, options: ["latency-budget": .duration(.milliseconds(180))])
    _ = trial.receive(.client(.topology([:])))
    trial.now = trial.now + .milliseconds(205)
    _ = trial.complete(.ping(sent: .zero), .success(.peer(.pong)))
    _ = trial.receive(.client(.broadcast(7)))
    let gossip = trial.wake(.scatter).gossip
    #expect(gossip.count == nodes.count - 1)
    for case .scatter(_, let holding, let rhythm, _) in gossip.map(\.gossip) {
      #expect(rhythm.mailPeriod != nil)
      #expect(holding.content == .version(trial.node.store.version))
    }
  }

  @Test("a new hub that begins where the last one ended is followed without asking")
  func succeeds() {
    var trial = trial("n3")
    _ = scatter([Delta(origin: a, after: 0, entries: [1])], [a: 1], to: &trial)
    #expect(
      scatter([Delta(origin: b, after: 0, entries: [2])], [a: 1, b: 1], from: "n1", to: &trial).isEmpty)
    #expect(trial.node.dissemination.known(of: "n1") == VersionVector([a: 1, b: 1]))
  }

  @Test(
    "a scatter that does not tell what the hub holds does not make it suspected of what another has shown")
  func trusts() {
    var trial = trial("n3")
    _ = trial.receive(.client(.broadcast(7)))
    _ = trial.wake(.batch)
    let mine = Delta<JSON>(origin: trial.stream, after: 0, entries: [7])
    _ = scatter([mine], [trial.stream: 1], to: &trial)
    #expect(scatter([], [trial.stream: 1, b: 5], to: &trial).count == 1)
    #expect(trial.wake(.acknowledgement(hub: "n0", count: 1)).isEmpty)
    #expect(trial.node.hub == "n0")
  }

  @Test("digests are equal for equal vectors in whatever order they were made, and differ otherwise")
  func digests() {
    var random = Random(seed: 5)
    var digests: [Int: VersionVector] = [:]
    for _ in 0..<2000 {
      let counts = (0..<Int.random(in: 0...5, using: &random)).map {
        (
          Incarnation(name: "n\($0).\(Int.random(in: 0...1, using: &random))"),
          Int.random(in: 0...3, using: &random)
        )
      }
      var (forward, backward) = (VersionVector(), VersionVector())
      for (origin, count) in counts { forward[origin] = count }
      for (origin, count) in counts.reversed() { backward[origin] = count }
      #expect(forward.digest == backward.digest && 0..<(1 << 53) ~= forward.digest)
      #expect(digests.updateValue(forward, forKey: forward.digest) ?? forward == forward)
    }
    #expect(digests.count > 100)
  }
}
