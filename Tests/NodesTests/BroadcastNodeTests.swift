import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

private typealias Effects = [Effect<BroadcastNode>]

extension [Effect<BroadcastNode>] {
  /// What goes to peers.
  var gossip: [(gossip: Gossip, to: NodeID)] {
    compactMap { if case .send(.peer(let gossip), let node) = $0 { (gossip, node) } else { nil } }
  }

  func instant(of timer: BroadcastNode.Timer) -> Instant? {
    for case .wake(timer, let instant) in self { return instant }
    return nil
  }
}

extension BatchTiming {
  /// A batch that left at this reading of its sender's clock.
  static func left(
    _ stamp: Duration, age: Duration = .zero, roundTrip: Duration? = .milliseconds(200),
    lateness: Duration = .zero
  ) -> BatchTiming {
    BatchTiming(stamp: stamp, age: age, roundTrip: roundTrip, lateness: lateness)
  }
}

extension Rhythm {
  /// That of a scatter that left at this reading of the hub's clock.
  static func told(
    _ sent: Duration = .zero, next: Duration = .seconds(1), period: Duration = .seconds(1),
    roundTrip: Duration? = .milliseconds(200), margin: Duration = .zero, mailPeriod: Duration? = nil
  ) -> Rhythm {
    Rhythm(
      sent: sent, next: next, period: period, roundTrip: roundTrip, margin: margin, mailPeriod: mailPeriod)
  }
}

extension Trial<BroadcastNode> {
  /// At the first start of a cluster, whose round trip is not known yet.
  static func started(
    _ me: NodeID = "n0", nodes: [NodeID] = ["n0", "n1", "n2"], options: [String: Option.Value] = [:]
  ) -> Trial {
    var trial = Trial(BroadcastNode.self, me: me, nodes: nodes, options: options)
    _ = trial.receive(.client(.topology([:])))
    if me == nodes[0] { _ = trial.complete(.ping(sent: trial.now), .failure(.timeout("lost"))) }
    return trial
  }

  var stream: Incarnation { node.dissemination.stream! }

  /// What the node says of itself.
  func says(_ version: VersionVector, wantsAnswer: Bool = false, isPartial: Bool = false) -> Advertisement {
    Advertisement(
      node.dissemination.incarnation, version: version, wantsAnswer: wantsAnswer, isPartial: isPartial)
  }

  /// A sync from the first incarnation of a peer.
  mutating func sync(
    _ deltas: [Delta<JSON>], _ version: VersionVector, wantsAnswer: Bool = false, from peer: NodeID
  ) -> [Effect<BroadcastNode>] {
    let said = Advertisement(.first(of: peer), version: version, wantsAnswer: wantsAnswer)
    return receive(.peer(.sync(deltas, said)), from: peer, id: nil)
  }

  mutating func sync(
    _ version: VersionVector, wantsAnswer: Bool = false, from peer: NodeID
  ) -> [Effect<BroadcastNode>] {
    sync([], version, wantsAnswer: wantsAnswer, from: peer)
  }
}

extension Incarnation {
  static func first(of node: NodeID) -> Incarnation { Incarnation(name: "\(node).first") }
}

extension Gossip {
  static func batch(_ delta: Delta<JSON>, version: VersionVector, _ timing: BatchTiming) -> Gossip {
    .batch(delta, Advertisement(.first(of: delta.origin.node), version: version), timing)
  }

  static func mail(_ delta: Delta<JSON>, version: VersionVector, _ timing: BatchTiming) -> Gossip {
    .mail(delta, Advertisement(.first(of: delta.origin.node), version: version), timing)
  }

  static func scatter(
    _ deltas: [Delta<JSON>], _ content: Holding.Content, _ rhythm: Rhythm, by hub: NodeID = "n0",
    echo: Duration? = nil
  ) -> Gossip {
    .scatter(
      deltas, Holding(incarnation: .first(of: hub), content: content, isPartial: false), rhythm, echo: echo)
  }
}

extension VersionVector {
  init(_ counts: [Incarnation: Int]) {
    self.init()
    for (origin, count) in counts { self[origin] = count }
  }
}

private let a = Incarnation(name: "n1.a")
private let b = Incarnation(name: "n2.b")

func read(_ trial: inout Trial<BroadcastNode>) -> [JSON] {
  if case .reply(.client(.readOk(let values)), _)? = trial.receive(.client(.read)).first {
    values
  } else {
    []
  }
}

@Suite struct BroadcastClientTests {
  @Test("a broadcast is acknowledged at once and can be read at once, once")
  func acknowledged() {
    var trial = Trial(BroadcastNode.self)
    for _ in 0..<2 {
      #expect(
        trial.receive(.client(.broadcast(7))).first == .reply(.client(.broadcastOk), to: trial.request()))
    }
    #expect(read(&trial) == [7])
  }

  @Test("a node without peers sends nothing")
  func alone() {
    var trial = Trial.started(nodes: ["n0"])
    let effects = trial.receive(.client(.broadcast(7))) + trial.wake(.scatter)
    #expect(effects.gossip.isEmpty)
  }

  @Test("a topology is acknowledged, unless it names a stranger")
  func topology() {
    var trial = Trial(BroadcastNode.self)
    #expect(
      trial.receive(.client(.topology(["n0": ["n1"], "n1": ["n0"]]))).first
        == .reply(.client(.topologyOk), to: trial.request()))
    guard case .fail(let error, _)? = trial.receive(.client(.topology(["n0": ["n7"]]))).first else {
      Issue.record("not refused")
      return
    }
    #expect(error.code == 12)
  }

  @Test("gossip from outside the cluster is not listened to")
  func strangers() {
    var trial = Trial(BroadcastNode.self)
    let delta = Delta<JSON>(origin: a, after: 0, entries: [666])
    #expect(trial.sync([delta], .init([a: 1]), wantsAnswer: true, from: "c9").isEmpty)
    #expect(read(&trial) == [])
  }
}

@Suite struct SpokeTests {
  private func spoke() -> Trial<BroadcastNode> { .started("n1") }

  /// A scatter of the hub that shows its rhythm: landed now, the next a second later, batches 200 ms ahead.
  private func scatter(_ trial: inout Trial<BroadcastNode>, version: VersionVector = .init()) -> Effects {
    trial.receive(
      .peer(
        .scatter(
          [], .version(version), .told(trial.now - .zero))),
      from: "n0", id: nil)
  }

  @Test("while the hub's rhythm is not known, a value goes to the hub at once")
  func firstValue() {
    var trial = spoke()
    #expect(trial.receive(.client(.broadcast(7))).instant(of: .batch) == trial.now)
    let gossip = trial.wake(.batch).gossip
    #expect(gossip.map(\.to) == ["n0"])
    guard case .batch(let delta, _, _)? = gossip.first?.gossip else {
      Issue.record("\(gossip)")
      return
    }
    #expect(delta == Delta(origin: trial.stream, after: 0, entries: [7]))
  }

  @Test("later values go in one batch that lands just before the next scatter")
  func inStep() {
    var trial = spoke()
    _ = scatter(&trial)
    trial.now = .zero + .milliseconds(300)
    #expect(trial.receive(.client(.broadcast(1))).instant(of: .batch) == .zero + .milliseconds(800))
    #expect(trial.receive(.client(.broadcast(2))).instant(of: .batch) == nil)
    trial.now = .zero + .milliseconds(800)
    guard case .batch(let delta, _, _)? = trial.wake(.batch).gossip.first?.gossip else {
      Issue.record("no batch")
      return
    }
    #expect(delta.entries == [1, 2])
    #expect(trial.wake(.batch).isEmpty)
    trial.now = .zero + .milliseconds(900)
    #expect(trial.receive(.client(.broadcast(3))).instant(of: .batch) == .zero + .milliseconds(1800))
  }

  @Test("a scatter that lands at about the time of the slot does not put the batch off")
  func notStarved() {
    var trial = spoke()
    _ = scatter(&trial)
    #expect(trial.receive(.client(.broadcast(1))).instant(of: .batch) == .zero + .milliseconds(800))
    trial.now = .zero + .milliseconds(801)
    #expect(scatter(&trial).instant(of: .batch) == nil)
    #expect(trial.wake(.batch).gossip.map(\.to) == ["n0"])
  }

  @Test("a hub that shows the values in its version keeps the spoke's trust")
  func acknowledgedInTime() {
    var trial = spoke()
    _ = trial.receive(.client(.broadcast(7)))
    _ = trial.wake(.batch)
    _ = scatter(&trial, version: .init([trial.stream: 1]))
    #expect(trial.wake(.acknowledgement(hub: "n0", count: 1)).isEmpty)
    #expect(trial.node.hub == "n0")
  }

  @Test(
    "a hub that does not is suspected, the next gets all of it, and if none is left the node serves itself")
  func suspicion() {
    var trial = Trial.started("n2")
    _ = trial.receive(.client(.broadcast(7)))
    let batch = trial.wake(.batch)
    #expect(batch.instant(of: .acknowledgement(hub: "n0", count: 1)) != nil)
    #expect(trial.wake(.acknowledgement(hub: "n0", count: 1)).instant(of: .batch) == trial.now)
    let second = trial.wake(.batch).gossip
    #expect(second.map(\.to) == ["n1"])
    #expect(trial.wake(.acknowledgement(hub: "n1", count: 1)).instant(of: .scatter) == trial.now)
    #expect(Set(trial.wake(.scatter).gossip.map(\.to)) == ["n0", "n1"])
  }

  @Test("whoever is heard is trusted again")
  func trustComesBack() {
    var trial = spoke()
    _ = trial.receive(.client(.broadcast(7)))
    _ = trial.wake(.batch)
    _ = trial.wake(.acknowledgement(hub: "n0", count: 1))
    #expect(trial.node.hub == "n1")
    _ = scatter(&trial)
    #expect(trial.node.hub == "n0")
  }

  @Test("the last scatter of a burst is confirmed")
  func confirmation() {
    var trial = spoke()
    #expect(scatter(&trial).instant(of: .delayedAcknowledgement(to: "n0")) == .zero + .milliseconds(1500))
    let gossip = trial.wake(.delayedAcknowledgement(to: "n0")).gossip
    #expect(gossip.count == 1)
    #expect(gossip.first?.to == "n0")
    #expect(gossip.first?.gossip == .sync([], trial.says(.init())))
  }

  @Test("what a scatter's version shows to be missing is asked for")
  func gap() {
    var trial = spoke()
    let effects = trial.receive(
      .peer(
        .scatter(
          [Delta(origin: b, after: 3, entries: [9])], .version(.init([b: 4])),
          .told(roundTrip: nil))), from: "n0", id: nil)
    #expect(effects.instant(of: .round) == trial.now + .milliseconds(10))
    #expect(read(&trial) == [])
    trial.now = trial.now + .milliseconds(10)
    #expect(trial.wake(.round).gossip.first?.gossip == .sync([], trial.says(.init(), wantsAnswer: true)))
  }
}
