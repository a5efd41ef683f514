import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

private let a = Origin(name: "n0.a")
private let b = Origin(name: "n1.b")

@Suite struct BroadcastRecoveryTests {
  private let records = [
    Delta<JSON>(origin: a, after: 0, entries: [1, 2]), Delta<JSON>(origin: b, after: 0, entries: [3]),
    Delta<JSON>(origin: a, after: 2, entries: [4]),
  ]
  private let version = VersionVector([a: 3, b: 1])

  private func recovered(_ me: NodeID) -> Trial<BroadcastNode> {
    Trial(BroadcastNode.self, me: me, recovering: records)
  }

  @Test("a node reads after its recovery what it read before, and is another origin")
  func reads() {
    var trial = recovered("n0")
    #expect(read(&trial) == [1, 2, 3, 4])
    #expect(trial.node.store.version == version)
    _ = trial.receive(.client(.broadcast(5)))
    #expect(trial.node.store.version[trial.node.origin] == 1)
    #expect(trial.node.origin != a)
  }

  @Test("what is added, and what is learnt, is stored, once, without what was held before")
  func stored() {
    var trial = Trial(BroadcastNode.self, me: "n1")
    let effects =
      trial.receive(.client(.broadcast(9))) + trial.receive(.client(.broadcast(9)))
      + trial.receive(.peer(.sync([records[0]], version: .init([a: 2]), wantsAnswer: false)), from: "n0")
      + trial.receive(
        .peer(.sync([.init(origin: a, after: 1, entries: [2, 4])], version: version, wantsAnswer: false)),
        from: "n0")
    let stored = effects.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    #expect(stored == [.init(origin: trial.node.origin, after: 0, entries: [9]), records[0], records[2]])
  }

  @Test("at its first start a node says nothing, and sets no timer")
  func firstStart() {
    #expect(Trial(BroadcastNode.self, me: "n0").effectsOfStart.isEmpty)
    #expect(Trial(BroadcastNode.self, me: "n1").effectsOfStart.isEmpty)
  }

  @Test("a spoke that has recovered asks the hub alone, and is content when that has spoken")
  func spoke() {
    var trial = recovered("n1")
    let asked = trial.effectsOfStart.gossip
    #expect(asked.map(\.to) == ["n0"])
    #expect(asked.first?.gossip == .sync([], version: version, wantsAnswer: true))
    #expect(trial.effectsOfStart.instant(of: .answer(hub: "n0")) != nil)
    let effects = trial.receive(.peer(.sync([], version: version, wantsAnswer: false)), from: "n0")
    #expect(effects == [.cancel(.answer(hub: "n0"))])
    #expect(trial.wake(.answer(hub: "n0")).isEmpty, "even if the timer was faster")
    #expect(trial.node.hub == "n0")
  }

  @Test("a spoke that gets no answer asks the next in order, and if nobody is there it asks all as their hub")
  func deadHub() {
    var trial = Trial(BroadcastNode.self, me: "n2", recovering: records)
    let second = trial.wake(.answer(hub: "n0"))
    #expect(second.gossip.map(\.to) == ["n1"])
    let third = trial.wake(.answer(hub: "n1"))
    #expect(trial.node.hub == "n2")
    #expect(third.gossip.map(\.to) == ["n0", "n1"])
    #expect(third.instant(of: .probe) != nil, "again and again, until they have answered")
  }

  @Test("a hub that has recovered asks all, and does not scatter what they are likely to hold")
  func hub() {
    var trial = recovered("n0")
    let asked = trial.effectsOfStart.gossip
    #expect(asked.map(\.to) == ["n1", "n2"])
    #expect(asked.allSatisfy { $0.gossip == .sync([], version: version, wantsAnswer: true) })
    _ = trial.receive(.client(.broadcast(5)))
    for case .scatter(let deltas, _, _, _) in trial.wake(.scatter).gossip.map(\.gossip) {
      #expect(deltas.map(\.entries) == [[5]])
    }
  }

  @Test("what an earlier life alone held is brought to the hub when that shows that it lacks it")
  func offers() {
    var trial = recovered("n1")
    let effects = trial.receive(
      .peer(.sync([], version: .init([a: 3]), wantsAnswer: true)), from: "n0", id: nil)
    #expect(effects.gossip.map(\.to) == ["n0"])
    #expect(effects.gossip.first?.gossip == .sync([records[1]], version: version, wantsAnswer: false))
    #expect(effects.instant(of: .orphans) != nil, "and again, should that be lost")
    #expect(trial.wake(.orphans).gossip.map(\.to) == ["n0"])
  }

  @Test("what one peer brings to one that is not the hub goes on to the hub soon, even if that never spoke")
  func passesOn() {
    var trial = Trial(BroadcastNode.self, me: "n1")
    let effects = trial.receive(.peer(.sync(records, version: version, wantsAnswer: false)), from: "n2")
    let offers = effects.compactMap { if case .wake(.orphans, let instant) = $0 { instant } else { nil } }
    #expect(offers.last.map { $0 <= trial.now + trial.node.spokeSchedule.acknowledgementTimeout } == true)
    let asked = trial.wake(.orphans)
    #expect(asked.gossip.map(\.to) == ["n0"])
    #expect(asked.gossip.first?.gossip == .sync([], version: version, wantsAnswer: true))
    // A hub that is gone does not keep them from the others.
    #expect(trial.wake(.answer(hub: "n0")).instant(of: .scatter) == trial.now)
    #expect(trial.wake(.scatter).gossip.map(\.to) == ["n0", "n2"])
  }
}
