import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

private let a = Incarnation(name: "n1.a")
private let b = Incarnation(name: "n2.b")

@Suite struct HubTests {
  private func batch(_ values: [JSON], of origin: Incarnation, after: Int = 0) -> BroadcastNode.Message {
    .peer(
      .batch(
        Delta(origin: origin, after: after, entries: values),
        version: .init([origin: after + values.count]), .left(.seconds(5))))
  }

  @Test("what batches bring is scattered to all in one message each, and is then in the hub's version")
  func scatters() {
    var trial = Trial.started()
    #expect(trial.receive(batch([1], of: a), from: "n1", id: nil).instant(of: .scatter) == trial.now)
    _ = trial.receive(batch([2, 3], of: b), from: "n2", id: nil)
    let gossip = trial.wake(.scatter).gossip
    #expect(gossip.map(\.to) == ["n1", "n2"])
    for case .scatter(let deltas, let holding, _, _) in gossip.map(\.gossip) {
      #expect(deltas.map(\.entries) == [[1], [2, 3]])
      #expect(holding.content == .version(.init([a: 1, b: 2])))
    }
    #expect(read(&trial) == [1, 2, 3])
  }

  @Test("the round trip is measured at the topology, and the first scatter waits for it")
  func measures() {
    var trial = Trial(BroadcastNode.self)
    let ping = BroadcastNode.Call.ping(sent: trial.now)
    #expect(
      trial.receive(.client(.topology([:]))).contains(
        .call("n1", .peer(.ping), then: ping, .giveUp(after: .seconds(30)))))
    #expect(
      trial.receive(batch([1], of: a), from: "n1", id: nil).instant(of: .scatter) == trial.now
        + .milliseconds(600),
      "for no longer than the budget")
    trial.now = .zero + .milliseconds(200)
    let gossip = trial.complete(ping, .success(.peer(.pong))).gossip
    guard case .scatter(_, _, let rhythm, _)? = gossip.first?.gossip else {
      Issue.record("no scatter: \(gossip)")
      return
    }
    #expect(rhythm.roundTrip == .milliseconds(200))
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
    var trial = Trial.started()
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    #expect(trial.receive(.client(.broadcast(7))).instant(of: .scatter) == trial.now + .microseconds(267_500))
  }

  @Test(
    "the second scatter leaves one period after the first: budget, less a thirtieth, a round trip, margin and reserve"
  )
  func rhythm() {
    var trial = Trial.started()
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    trial.now = .zero + .milliseconds(100)
    #expect(
      trial.receive(batch([2], of: b), from: "n2", id: nil).instant(of: .scatter)
        == .zero + .milliseconds(600 - 20 - 200 - 50) - .microseconds(62_500))
  }

  @Test("no period is so short that a batch takes more than two of them")
  func shortestPeriod() {
    var trial = Trial.started(
      options: ["latency-budget": .duration(.milliseconds(300))])
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    guard case .scatter(_, _, let rhythm, _)? = trial.wake(.scatter).gossip.first?.gossip else {
      Issue.record("no scatter")
      return
    }
    #expect(rhythm.period == .microseconds(132_500))
  }

  @Test("a spoke gets back its stamp, with the time that its batch lay at the hub added")
  func echo() {
    var trial = Trial.started()
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
    var trial = Trial.started()
    _ = trial.receive(batch([1], of: a), from: "n1", id: nil)
    _ = trial.wake(.scatter)
    let effects = trial.receive(batch([1], of: a), from: "n1", id: nil)
    #expect(effects.gossip.map(\.to) == ["n1"])
    #expect(effects.instant(of: .scatter) == nil)
  }

  @Test("those that have not confirmed are asked, again and again, until they have; then all is silent")
  func beacon() {
    var trial = Trial.started()
    _ = trial.receive(.client(.broadcast(7)))
    #expect(trial.wake(.scatter).instant(of: .probe) != nil)
    let version = trial.node.store.version
    _ = trial.sync(version, from: "n1")
    for _ in 0..<3 {
      let effects = trial.wake(.probe)
      #expect(effects.gossip.map(\.to) == ["n2"])
      #expect(effects.instant(of: .probe) != nil)
    }
    _ = trial.sync(version, from: "n2")
    #expect(trial.wake(.probe).isEmpty)
  }

  @Test("a peer that asks gets what it lacks, and is asked for what it has beyond")
  func pairwiseRepair() {
    var trial = Trial.started()
    _ = trial.receive(.client(.broadcast(7)))
    let effects = trial.sync(.init([b: 2]), wantsAnswer: true, from: "n2")
    let lacking = [Delta<JSON>(origin: trial.stream, after: 0, entries: [7])]
    #expect(
      effects.gossip.first?.gossip
        == .sync(lacking, trial.says(trial.node.store.version, wantsAnswer: true)))
  }
}
