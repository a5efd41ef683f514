import Glomers
import Support
import Testing
import Workloads

@testable import Nodes

private typealias Effects = [Effect<BroadcastNode>]

extension Effects {
  /// What goes to peers.
  fileprivate var gossip: [(gossip: Gossip, to: NodeID)] {
    compactMap { if case .send(.peer(let gossip), let node) = $0 { (gossip, node) } else { nil } }
  }

  fileprivate func instant(of timer: BroadcastNode.Timer) -> Instant? {
    for case .wake(timer, let instant) in self { return instant }
    return nil
  }
}

extension VersionVector {
  fileprivate init(_ counts: [Origin: Int]) {
    self.init()
    for (origin, count) in counts { self[origin] = count }
  }
}

private let a = Origin(name: "n1.a")
private let b = Origin(name: "n2.b")

private func read(_ trial: inout Trial<BroadcastNode>) -> [JSON] {
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
    var trial = Trial(BroadcastNode.self, nodes: ["n0"])
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
    let delta = Delta(origin: a, after: 0, values: [666])
    #expect(
      trial.receive(.peer(.sync([delta], version: .init([a: 1]), wantsAnswer: true)), from: "c9").isEmpty)
    #expect(read(&trial) == [])
  }
}

@Suite struct SpokeTests {
  private func spoke() -> Trial<BroadcastNode> { Trial(BroadcastNode.self, me: "n1") }

  /// A scatter of the hub that shows its rhythm: landed now, the next a second later, batches 200 ms ahead.
  private func scatter(_ trial: inout Trial<BroadcastNode>, version: VersionVector = .init()) -> Effects {
    trial.receive(
      .peer(
        .scatter(
          [], version: version, Rhythm(next: .seconds(1), period: .seconds(1), lead: .milliseconds(200)),
          echo: nil)),
      from: "n0", id: nil)
  }

  @Test("while the hub's rhythm is not known, a value goes to the hub at once")
  func firstValue() {
    var trial = spoke()
    #expect(trial.receive(.client(.broadcast(7))).instant(of: .batch) == trial.now)
    let gossip = trial.wake(.batch).gossip
    #expect(gossip.map(\.to) == ["n0"])
    guard case .batch(let delta, _, _, _)? = gossip.first?.gossip else {
      Issue.record("\(gossip)")
      return
    }
    #expect(delta == Delta(origin: trial.node.origin, after: 0, values: [7]))
  }

  @Test("later values go in one batch that lands just before the next scatter")
  func inStep() {
    var trial = spoke()
    _ = scatter(&trial)
    trial.now = .zero + .milliseconds(300)
    #expect(trial.receive(.client(.broadcast(1))).instant(of: .batch) == .zero + .milliseconds(800))
    #expect(trial.receive(.client(.broadcast(2))).instant(of: .batch) == nil)
    trial.now = .zero + .milliseconds(800)
    guard case .batch(let delta, _, _, _)? = trial.wake(.batch).gossip.first?.gossip else {
      Issue.record("no batch")
      return
    }
    #expect(delta.values == [1, 2])
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
    _ = scatter(&trial, version: .init([trial.node.origin: 1]))
    #expect(trial.wake(.patience(hub: "n0", count: 1)).isEmpty)
    #expect(trial.node.hub == "n0")
  }

  @Test(
    "a hub that does not is suspected, the next gets all of it, and if none is left the node serves itself")
  func suspicion() {
    var trial = Trial(BroadcastNode.self, me: "n2")
    _ = trial.receive(.client(.broadcast(7)))
    let batch = trial.wake(.batch)
    #expect(batch.instant(of: .patience(hub: "n0", count: 1)) != nil)
    #expect(trial.wake(.patience(hub: "n0", count: 1)).instant(of: .batch) == trial.now)
    let second = trial.wake(.batch).gossip
    #expect(second.map(\.to) == ["n1"])
    #expect(trial.wake(.patience(hub: "n1", count: 1)).instant(of: .scatter) == trial.now)
    #expect(Set(trial.wake(.scatter).gossip.map(\.to)) == ["n0", "n1"])
  }

  @Test("whoever is heard is trusted again")
  func trustComesBack() {
    var trial = spoke()
    _ = trial.receive(.client(.broadcast(7)))
    _ = trial.wake(.batch)
    _ = trial.wake(.patience(hub: "n0", count: 1))
    #expect(trial.node.hub == "n1")
    _ = scatter(&trial)
    #expect(trial.node.hub == "n0")
  }

  @Test("the last scatter of a burst is confirmed")
  func confirmation() {
    var trial = spoke()
    #expect(scatter(&trial).instant(of: .confirm(hub: "n0")) == .zero + .milliseconds(1500))
    let gossip = trial.wake(.confirm(hub: "n0")).gossip
    #expect(gossip.count == 1)
    #expect(gossip.first?.to == "n0")
    #expect(gossip.first?.gossip == .sync([], version: .init(), wantsAnswer: false))
  }

  @Test("what a scatter's version shows to be missing is asked for")
  func gap() {
    var trial = spoke()
    let effects = trial.receive(
      .peer(
        .scatter(
          [Delta(origin: b, after: 3, values: [9])], version: .init([b: 4]),
          Rhythm(next: .seconds(1), period: .seconds(1), lead: nil), echo: nil)), from: "n0", id: nil)
    #expect(effects.instant(of: .repair("n0")) != nil)
    #expect(read(&trial) == [])
    #expect(
      trial.wake(.repair("n0")).gossip.first?.gossip == .sync([], version: .init(), wantsAnswer: true))
  }
}

@Suite struct HubTests {
  private func batch(_ values: [JSON], of origin: Origin, after: Int = 0) -> BroadcastNode.Message {
    .peer(
      .batch(
        Delta(origin: origin, after: after, values: values),
        version: .init([origin: after + values.count]), stamp: .seconds(5), lead: .milliseconds(205)))
  }

  @Test("what batches bring is scattered to all in one message each, and is then in the hub's version")
  func scatters() {
    var trial = Trial(BroadcastNode.self)
    #expect(trial.receive(batch([1], of: a), from: "n1", id: nil).instant(of: .scatter) == trial.now)
    _ = trial.receive(batch([2, 3], of: b), from: "n2", id: nil)
    let gossip = trial.wake(.scatter).gossip
    #expect(gossip.map(\.to) == ["n1", "n2"])
    for case .scatter(let deltas, let version, _, _) in gossip.map(\.gossip) {
      #expect(deltas.map(\.values) == [[1], [2, 3]])
      #expect(version == .init([a: 1, b: 2]))
    }
    #expect(read(&trial) == [1, 2, 3])
  }

  @Test("the round trip is measured at the topology, and the first scatter waits for it")
  func measures() {
    var trial = Trial(BroadcastNode.self)
    let ping = BroadcastNode.Call.ping(sent: trial.now)
    #expect(
      trial.receive(.client(.topology([:]))).last
        == .call("n1", .peer(.ping), then: ping, .giveUp(after: .milliseconds(600))))
    #expect(trial.receive(batch([1], of: a), from: "n1", id: nil).instant(of: .scatter) == nil)
    trial.now = .zero + .milliseconds(200)
    let gossip = trial.complete(ping, .success(.peer(.pong))).gossip
    guard case .scatter(_, _, let rhythm, _)? = gossip.first?.gossip else {
      Issue.record("no scatter: \(gossip)")
      return
    }
    #expect(rhythm.lead == .milliseconds(205))
  }

  @Test("the first scatter waits no longer than for a ping to fail")
  func unmeasured() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(.client(.topology([:])))
    _ = trial.receive(.client(.broadcast(7)))
    #expect(trial.complete(.ping(sent: .zero), .failure(.timeout("late"))).gossip.count == 2)
  }

  @Test("what comes at the very instant of a scatter waits for the next one")
  func sameInstant() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    #expect(trial.receive(.client(.broadcast(7))).instant(of: .scatter) == trial.now + .milliseconds(385))
  }

  @Test("the second scatter leaves one period after the first: budget, less a sixtieth, less the lead")
  func rhythm() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    trial.now = .zero + .milliseconds(100)
    #expect(
      trial.receive(batch([2], of: b), from: "n2", id: nil).instant(of: .scatter)
        == .zero + .milliseconds(600 - 10 - 205))
  }

  @Test("no period is so short that a batch takes more than two of them")
  func shortestPeriod() {
    var trial = Trial(
      BroadcastNode.self, options: ["latency-budget": .duration(.milliseconds(300))])
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    guard case .scatter(_, _, let rhythm, _)? = trial.wake(.scatter).gossip.first?.gossip else {
      Issue.record("no scatter")
      return
    }
    #expect(rhythm.period == .milliseconds(105))
  }

  @Test("a spoke gets back its stamp, with the time that its batch lay at the hub added")
  func echo() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    trial.now = .zero + .milliseconds(30)
    var echoes: [NodeID: Duration?] = [:]
    for (gossip, node) in trial.wake(.scatter).gossip {
      if case .scatter(_, _, _, let echo) = gossip { echoes[node] = echo }
    }
    #expect(echoes == ["n1": .milliseconds(5030), "n2": nil])
  }

  @Test("a batch that brings no news is answered, for no scatter will acknowledge it")
  func oldNews() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    let effects = trial.receive(batch([1], of: a), from: "n1", id: nil)
    #expect(effects.gossip.map(\.to) == ["n1"])
    #expect(effects.instant(of: .scatter) == nil)
  }

  @Test("those that have not confirmed are asked, again and again, until they have; then all is silent")
  func beacon() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(.client(.broadcast(7)))
    #expect(trial.wake(.scatter).instant(of: .beacon) != nil)
    let version = trial.node.store.version
    _ = trial.receive(.peer(.sync([], version: version, wantsAnswer: false)), from: "n1", id: nil)
    for _ in 0..<3 {
      let effects = trial.wake(.beacon)
      #expect(effects.gossip.map(\.to) == ["n2"])
      #expect(effects.instant(of: .beacon) != nil)
    }
    _ = trial.receive(.peer(.sync([], version: version, wantsAnswer: false)), from: "n2", id: nil)
    #expect(trial.wake(.beacon).isEmpty)
  }

  @Test("a peer that asks gets what it lacks, and is asked for what it has beyond")
  func pairwiseRepair() {
    var trial = Trial(BroadcastNode.self)
    _ = trial.receive(.client(.broadcast(7)))
    let effects = trial.receive(
      .peer(.sync([], version: .init([b: 2]), wantsAnswer: true)), from: "n2", id: nil)
    #expect(
      effects.gossip.first?.gossip
        == .sync(
          [Delta(origin: trial.node.origin, after: 0, values: [7])], version: trial.node.store.version,
          wantsAnswer: true))
  }
}
