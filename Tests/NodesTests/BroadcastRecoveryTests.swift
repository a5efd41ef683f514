import Glomers
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Replication

private let a = Incarnation(name: "n0.a")
private let b = Incarnation(name: "n1.b")

@Suite struct BroadcastRecoveryTests {
  private let records = [
    Delta<JSON>(origin: a, after: 0, entries: [1, 2]), Delta<JSON>(origin: b, after: 0, entries: [3]),
    Delta<JSON>(origin: a, after: 2, entries: [4]),
  ]
  private let version = VersionVector([a: 3, b: 1])

  private func recovered(_ me: NodeID) -> Trial<BroadcastNode> {
    Trial(BroadcastNode.self, me: me, recovering: records)
  }

  /// Answers the questions with which a node seeks its stream.
  private func accept(_ trial: inout Trial<BroadcastNode>, _ version: VersionVector) {
    for _ in 0..<3 {
      trial.now = trial.now + .milliseconds(250)
      for (gossip, peer) in trial.wake(.round).gossip {
        guard case .sync(_, let said) = gossip else { continue }
        let answer = Advertisement(.first(of: peer), version: version, echo: said.challenge)
        _ = trial.receive(.peer(.sync([], answer)), from: peer, id: nil)
      }
    }
  }

  @Test("a node reads after its recovery what it read before")
  func reads() {
    var trial = recovered("n0")
    #expect(read(&trial) == [1, 2, 3, 4])
    #expect(trial.node.store.version == version)
  }

  @Test("what is added, and what is learnt, is stored, once, without what was held before")
  func stored() {
    var trial = Trial.started("n1")
    let effects =
      trial.receive(.client(.broadcast(9))) + trial.receive(.client(.broadcast(9)))
      + trial.sync([records[0]], .init([a: 2]), from: "n0")
      + trial.sync([.init(origin: a, after: 1, entries: [2, 4])], version, from: "n0")
    let stored = effects.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    #expect(stored == [.init(origin: trial.stream, after: 0, entries: [9]), records[0], records[2]])
  }

  @Test("at the first start a node says nothing as long as the hub is heard within a second")
  func firstStart() {
    for me in ["n0", "n1"] as [NodeID] {
      #expect(Trial(BroadcastNode.self, me: me).effectsOfStart.gossip.isEmpty)
    }
    var trial = Trial.started("n1")
    let rhythm = Rhythm.told()
    _ = trial.receive(.peer(.scatter([], .version(.init()), rhythm)), from: "n0", id: nil)
    #expect(trial.wake(.join).isEmpty)
  }

  @Test("a spoke that has recovered asks the hub alone, and is content when that has spoken")
  func spoke() {
    var trial = recovered("n1")
    let asked = trial.effectsOfStart.gossip
    #expect(asked.map(\.to) == ["n0"])
    #expect(asked.first?.gossip == .sync([], trial.says(version, wantsAnswer: true)))
    #expect(trial.effectsOfStart.instant(of: .answer(hub: "n0")) != nil)
    let effects = trial.sync(version, from: "n0")
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
    #expect(asked.allSatisfy { $0.gossip == .sync([], trial.says(version, wantsAnswer: true)) })
    #expect(trial.receive(.client(.broadcast(5))).instant(of: .scatter) == nil, "it has no number yet")
    accept(&trial, version)
    #expect(trial.stream == a, "the stream goes on")
    let scatters = trial.wake(.scatter).gossip
    #expect(scatters.count == 2)
    for case .scatter(let deltas, _, _, _) in scatters.map(\.gossip) {
      #expect(deltas == [Delta(origin: a, after: 3, entries: [5])])
    }
  }

  @Test("what an earlier incarnation alone held is brought to the hub when that shows that it lacks it")
  func offers() {
    var trial = recovered("n1")
    let effects = trial.sync(.init([a: 3]), wantsAnswer: true, from: "n0")
    #expect(effects.gossip.map(\.to) == ["n0"])
    #expect(effects.gossip.first?.gossip == .sync([records[1]], trial.says(version)))
    #expect(effects.instant(of: .orphans) != nil, "and again, should that be lost")
    #expect(trial.wake(.orphans).gossip.map(\.to) == ["n0"])
  }

  @Test("what one peer brings to one that is not the hub goes on to the hub soon, even if that never spoke")
  func passesOn() {
    var trial = Trial.started("n1")
    let effects = trial.sync(records, version, from: "n2")
    let offers = effects.compactMap { if case .wake(.orphans, let instant) = $0 { instant } else { nil } }
    #expect(offers.last.map { $0 <= trial.now + trial.node.spokeSchedule.acknowledgementTimeout } == true)
    let asked = trial.wake(.orphans)
    #expect(asked.gossip.map(\.to) == ["n0"])
    #expect(asked.gossip.first?.gossip == .sync([], trial.says(version, wantsAnswer: true)))
    // A hub that is gone does not keep them from the others.
    #expect(trial.wake(.answer(hub: "n0")).instant(of: .scatter) == trial.now)
    #expect(trial.wake(.scatter).gossip.map(\.to) == ["n0", "n2"])
  }

  @Test("a peer that was started again is not taken for what it was: it is challenged, and then it lacks all")
  func startedAgain() {
    var trial = Trial.started("n0")
    _ = trial.receive(.client(.broadcast(7)))
    _ = trial.wake(.scatter)
    let held = trial.node.store.version
    _ = trial.sync(held, from: "n1")
    #expect(trial.wake(.probe).gossip.map(\.to) == ["n2"])
    let again = Incarnation(name: "n1.again")
    let question = Gossip.sync([], Advertisement(again, version: .init(), wantsAnswer: true))
    let challenge = trial.receive(.peer(question), from: "n1", id: nil).gossip
    guard case .sync([], let said)? = challenge.first?.gossip, let number = said.challenge else {
      Issue.record("no challenge: \(challenge)")
      return
    }
    let echo = Advertisement(again, version: .init(), wantsAnswer: true, echo: number)
    let answer = trial.receive(.peer(.sync([], echo)), from: "n1", id: nil).gossip
    #expect(answer.map(\.to) == ["n1"])
    #expect(
      answer.first?.gossip
        == .sync([Delta(origin: trial.stream, after: 0, entries: [7])], trial.says(held)))
  }
}

/// Whole clusters, in which a node loses all that it had.
@Suite struct BroadcastRestartTests {
  private typealias Cluster = StoredCluster<BroadcastNode>

  private func cluster(
    _ count: Int, seed: UInt64, options: [String: Option.Value] = [:]
  ) -> Cluster {
    var cluster = Cluster(count: count, options: options, seed: seed)
    for place in 0..<count { _ = cluster.request(.client(.topology([:])), of: place) }
    return cluster
  }

  private func values(_ place: Int, _ cluster: inout Cluster) -> Set<JSON> {
    guard case .client(.readOk(let values))? = cluster.answer(to: .client(.read), of: place) else {
      return []
    }
    return Set(values)
  }

  @Test("a cluster in which nobody broadcasts is silent after one question and one answer a spoke")
  func idle() {
    var cluster = cluster(5, seed: 1)
    cluster.run(for: .seconds(30))
    #expect(cluster.messageCount == 2 + 2 * 4, "the measured round trip and these")
    #expect(cluster.lastMessage < .zero + .seconds(2))
  }

  @Test(
    "a node that comes back empty into an idle cluster shows all within two seconds and two periods",
    arguments: 1...20 as ClosedRange<UInt64>)
  func comesBackEmpty(seed: UInt64) {
    let count = [2, 3, 5][Int(seed % 3)]
    for victims in (0..<count).map({ [$0] }) + [[0, 1]] where victims.count < count {
      var cluster = cluster(count, seed: seed)
      for value in 0..<20 { _ = cluster.request(.client(.broadcast(.integer(value))), of: value % count) }
      cluster.run(for: .seconds(10))
      for place in victims {
        cluster.kill(place)
        cluster.forget(place)
        cluster.start(place)
      }
      cluster.run(for: .seconds(2) + .milliseconds(600) * 2)
      for place in victims { #expect(values(place, &cluster).count == 20, "node \(place) of \(count)") }
      cluster.run(for: .seconds(10))
      let silence = cluster.now - cluster.lastMessage
      #expect(silence > .seconds(5), "all are silent in the end")
    }
  }

  @Test(
    "the version vector has one entry a node, however often a node was started again, with its data or without",
    arguments: [true, false])
  func boundedVectors(keepsLog: Bool) {
    var cluster = cluster(3, seed: 4)
    nonisolated(unsafe) var longest = 0
    cluster.observe = { envelope in
      if case .message(.peer(.sync(_, let said))) = envelope.body {
        longest = max(longest, said.version.origins.count)
      }
    }
    for place in 0..<3 { _ = cluster.request(.client(.broadcast(.integer(place))), of: place) }
    cluster.run(for: .seconds(3))
    for value in 3..<40 {
      cluster.kill(2)
      if !keepsLog { cluster.forget(2) }
      cluster.start(2)
      _ = cluster.request(.client(.broadcast(.integer(value))), of: 2)
      cluster.run(for: .seconds(3))
    }
    for place in 0..<3 { #expect(values(place, &cluster).count == 40) }
    #expect(longest == 3)
  }

  @Test("a node far behind gets all, in messages of no more than their share of bytes", arguments: [0, 20])
  func bounded(lossPercent: Int) {
    let options: [String: Option.Value] = [
      "message-bytes": .integer(1024, in: 1...1024), "window-bytes": .integer(4096, in: 1...4096),
    ]
    var cluster = cluster(3, seed: 5, options: options)
    nonisolated(unsafe) var longest = 0
    cluster.observe = { envelope in
      if case .message(.peer(let gossip)) = envelope.body { longest = max(longest, gossip.entryBytes) }
    }
    cluster.kill(1)
    for value in 0..<2000 {
      _ = cluster.request(.client(.broadcast(.string("a value that is long: \(value)"))), of: value % 2 * 2)
    }
    cluster.run(for: .seconds(20))
    cluster.lossPercent = lossPercent
    cluster.start(1)
    cluster.run(for: .seconds(30))
    cluster.lossPercent = 0
    cluster.run(for: .seconds(30))
    for place in 0..<3 { #expect(values(place, &cluster).count == 2000, "node \(place)") }
    #expect(longest <= 1024)
  }

  @Test("a peer that acknowledges nothing is sent no more entries than the window has room for")
  func window() {
    var trial = Trial.started(options: [
      "message-bytes": .integer(1024, in: 1...1024), "window-bytes": .integer(4096, in: 1...4096),
    ])
    _ = trial.sync(.init(), from: "n1")
    var bytes: [NodeID: Int] = [:]
    for value in 0..<20 {
      let text = String(repeating: "x", count: 500) + "\(value)"
      let effects = trial.receive(.client(.broadcast(.string(text)))) + trial.wake(.scatter)
      for (gossip, peer) in effects.gossip { bytes[peer, default: 0] += gossip.entryBytes }
    }
    // One has spoken, the other never has.
    for peer in ["n1", "n2"] as [NodeID] { #expect((2048...4096).contains(bytes[peer]!), "\(bytes)") }
  }
}

extension Gossip {
  /// The bytes of the entries that it carries.
  fileprivate var entryBytes: Int {
    let deltas: [Delta<JSON>]
    switch self {
    case .batch(let delta, _, _), .mail(let delta, _, _): deltas = [delta]
    case .sync(let all, _), .scatter(let all, _, _, _): deltas = all
    case .ping, .pong: deltas = []
    }
    return deltas.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.encodedBytes } }
  }
}
