import Glomers
import Lab
import Simulator
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

@Suite("TransactionNode")
struct TransactionNodeTests {
  private typealias Message = TransactionNode.Message

  /// Nodes that tell each other when a test says so.
  private struct Cluster {
    var trials: [NodeID: Trial<TransactionNode>]
    var now: Instant = .zero

    init(_ nodes: [NodeID]) {
      trials = Dictionary(
        uniqueKeysWithValues: nodes.enumerated().map { number, node in
          (node, Trial(TransactionNode.self, me: node, nodes: nodes, seed: UInt64(number)))
        })
      // All have spoken at the start, and hold nothing.
      for (source, other) in nodes.flatMap({ a in nodes.map { (a, $0) } }) where source != other {
        let incarnation = trials[source]!.node.dissemination.incarnation
        give(.init([], Advertisement(incarnation, version: .init())), from: source, to: other)
      }
    }

    /// What a node answers to a transaction.
    mutating func txn(_ node: NodeID, _ operations: [MicroOperation]) -> [MicroOperation]? {
      trials[node]!.now = now
      for effect in trials[node]!.receive(.client(.txn(operations))) {
        if case .reply(.client(.txnOk(let answer)), _) = effect { return answer }
      }
      return nil
    }

    /// What a node has to say to its peers now.
    mutating func round(_ node: NodeID) -> [(NodeID, TransactionNode.Update)] {
      now = now + .seconds(1)
      trials[node]!.now = now
      return trials[node]!.wake(.round).compactMap {
        if case .send(.update(let update), let peer) = $0 { (peer, update) } else { nil }
      }
    }

    mutating func give(_ update: TransactionNode.Update, from source: NodeID, to node: NodeID) {
      trials[node]!.now = now
      _ = trials[node]!.receive(.update(update), from: source, id: nil)
    }

    /// Lets two nodes talk until neither has anything to say.
    mutating func settle(_ a: NodeID, _ b: NodeID) {
      for _ in 0..<6 {
        for (from, to) in [(a, b), (b, a)] {
          for (peer, update) in round(from) where peer == to { give(update, from: from, to: to) }
        }
      }
    }

    mutating func read(_ node: NodeID, _ keys: JSON...) -> [JSON] {
      txn(node, keys.map { .read(key: $0, value: .null) })!.map { $0.json.array![2] }
    }
  }

  @Test("a transaction reads what is there and what it has itself written")
  func execution() {
    var cluster = Cluster(["n0"])
    #expect(
      cluster.txn(
        "n0",
        [
          .read(key: 1, value: .null), .write(key: 1, value: 6), .read(key: 1, value: .null),
          .write(key: 1, value: 7), .write(key: "1", value: .null),
        ])
        == [
          .read(key: 1, value: .null), .write(key: 1, value: 6), .read(key: 1, value: 6),
          .write(key: 1, value: 7), .write(key: "1", value: .null),
        ])
    #expect(cluster.read("n0", 1, "1", 1.0) == [7, .null, .null])
    #expect(cluster.txn("n0", []) == [])
  }

  @Test("keys are of any kind")
  func anyKeys() {
    var cluster = Cluster(["n0", "n1"])
    let keys: [JSON] = [.null, true, 0, 0.5, "x", [1, [2]], ["a": [1], "b": .null]]
    for (value, key) in keys.enumerated() {
      #expect(cluster.txn("n0", [.write(key: key, value: .integer(value))]) != nil)
    }
    cluster.settle("n0", "n1")
    #expect(keys.map { cluster.read("n1", $0)[0] } == keys.indices.map { .integer($0) })
  }

  @Test("what makes no sense is refused as a whole")
  func refused() throws {
    var trial = Trial(TransactionNode.self)
    let effects = trial.receive(.client(.txn([.write(key: 1, value: 1), .append(key: 1, value: 2)])))
    guard case .fail(let error, _) = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(error.code == 10 && error.isDefinite && effects.count == 1)
    let read = trial.receive(.client(.txn([.read(key: 1, value: .null)])))
    #expect(read == [.reply(.client(.txnOk([.read(key: 1, value: .null)])), to: trial.request())])
    #expect(trial.receive(.client(.txnOk([]))).count == 1)
  }

  @Test("transactions that only read are nobody's business")
  func readsAreLocal() {
    var trial = Trial(TransactionNode.self)
    for peer in ["n1", "n2"] as [NodeID] {
      let hello = Advertisement(Incarnation(name: "\(peer).x"), version: .init())
      _ = trial.receive(.update(.init([], hello)), from: peer, id: nil)
    }
    _ = trial.wake(.round)
    #expect(trial.receive(.client(.txn([.read(key: 1, value: .null)]))).count == 1)
    // A record, the answer, and a timer.
    #expect(trial.receive(.client(.txn([.write(key: 1, value: 1)]))).count == 3)
  }

  @Test(
    "before a node knows what its peers hold, its writes stand above all others, and then get a later stamp")
  func unstamped() {
    var trial = Trial(TransactionNode.self, nodes: ["n0", "n1"])
    var stored: [CommitRecord] = []
    func keep(_ effects: [Effect<TransactionNode>]) {
      for case .persist(let record) in effects { stored.append(record) }
    }
    keep(trial.receive(.client(.txn([.write(key: 1, value: 1), .write(key: 2, value: 1)]))))
    let stream = Incarnation(name: "n1.x")
    let delta = CommitDelta(
      origin: stream, after: 0,
      entries: [Commit(time: 70, writes: [.init(key: 1, value: 9), .init(key: 3, value: 9)])])
    let version = VersionVector(origins: [stream], counts: [70])
    keep(trial.receive(.update(.init([delta], Advertisement(stream, version: version))), from: "n1", id: nil))
    #expect((1...3).map { trial.node.store[.integer($0)] } == [1, 1, 9])
    #expect(trial.node.dissemination.stream == nil && trial.node.store.version == version)
    trial.now = .zero + .seconds(1)
    keep(trial.wake(.round))
    let own = trial.node.dissemination.stream!
    #expect(trial.node.store.version[own] == 71)
    #expect((1...3).map { trial.node.store[.integer($0)] } == [1, 1, 9])
    var count = stored.count
    while count > 0 {
      let recovered = Trial(
        TransactionNode.self, nodes: ["n0", "n1"], recovering: Array(stored.prefix(count)))
      #expect(recovered.node.store[1] == 1 && recovered.node.store[2] == 1)
      count -= 1
    }
  }

  @Test("the later stamp wins on every key, whichever way the news travels")
  func lastWriterWins() {
    var cluster = Cluster(["n0", "n1"])
    _ = cluster.txn("n0", [.write(key: "x", value: 1), .write(key: "y", value: 1)])
    _ = cluster.txn("n1", [.write(key: "x", value: 2), .write(key: "y", value: 2)])
    cluster.settle("n0", "n1")
    let end = cluster.read("n0", "x", "y")
    #expect(end == cluster.read("n1", "x", "y") && end[0] == end[1])
    // One that has seen another is later.
    _ = cluster.txn("n0", [.write(key: "x", value: 3)])
    cluster.settle("n1", "n0")
    _ = cluster.txn("n1", [.write(key: "x", value: 4)])
    cluster.settle("n0", "n1")
    #expect(cluster.read("n0", "x", "y") == [4, end[1]] && cluster.read("n1", "x", "y") == [4, end[1]])
    #expect(cluster.round("n0").isEmpty && cluster.round("n1").isEmpty)
  }

  @Test("an update waits for what its sender had seen when it wrote")
  func causalOrder() {
    var cluster = Cluster(["n0", "n1", "n2"])
    _ = cluster.txn("n0", [.write(key: "cause", value: 1)])
    let causes = cluster.round("n0")
    cluster.give(causes.first { $0.0 == "n1" }!.1, from: "n0", to: "n1")
    _ = cluster.txn("n1", [.read(key: "cause", value: .null), .write(key: "effect", value: 1)])
    let effects = cluster.round("n1")
    cluster.give(effects.first { $0.0 == "n2" }!.1, from: "n1", to: "n2")
    #expect(cluster.read("n2", "effect", "cause") == [.null, .null])
    cluster.give(causes.first { $0.0 == "n2" }!.1, from: "n0", to: "n2")
    #expect(cluster.read("n2", "effect", "cause") == [1, 1])
  }

  @Test("what was lost is brought by whoever has it")
  func relay() {
    var cluster = Cluster(["n0", "n1", "n2"])
    for value in 1...100 { _ = cluster.txn("n0", [.write(key: .integer(value % 7), value: .integer(value))]) }
    cluster.settle("n0", "n1")
    // n2 never hears n0.
    cluster.settle("n1", "n2")
    #expect((0..<7).map { cluster.read("n2", .integer($0))[0] } == [98, 99, 100, 94, 95, 96, 97])
  }

  @Test("an update of somebody who is no peer is ignored")
  func stranger() {
    var trial = Trial(TransactionNode.self)
    var version = VersionVector()
    version[Incarnation(name: "evil")] = 1
    let delta = CommitDelta(
      origin: Incarnation(name: "evil"), after: 0,
      entries: [Commit(time: 1, writes: [.init(key: 1, value: 1)])])
    let update = TransactionNode.Update([delta], Advertisement(Incarnation(name: "n1.x"), version: version))
    #expect(trial.receive(.update(update), from: "c9").isEmpty)
    let read = trial.receive(.client(.txn([.read(key: 1, value: .null)])))
    #expect(read == [.reply(.client(.txnOk([.read(key: 1, value: .null)])), to: trial.request())])
  }

  @Test("updates survive the wire, and malformed ones do not pass")
  func coding() throws {
    var version = VersionVector()
    version[Incarnation(name: "n0.a")] = 9
    version[Incarnation(name: "n1.b")] = 4
    let update = TransactionNode.Update(
      [
        CommitDelta(
          origin: Incarnation(name: "n0.a"), after: 3,
          entries: [
            Commit(time: 5, writes: [.init(key: [1], value: .null), .init(key: 2, value: "x")]),
            Commit(time: 9, writes: []),
          ]), CommitDelta(origin: Incarnation(name: "n1.b"), after: 0, entries: []),
      ], Advertisement(Incarnation(name: "n0.a"), version: version, wantsAnswer: true, challenge: 7, echo: 8))
    let envelope = Envelope<TransactionNode>(from: "n0", to: "n1", .message(.update(update)))
    let codec = Codec<TransactionNode>()
    let line = codec.encode(envelope)
    #expect(codec.decode(line, isAsk: { _ in false }) == .envelope(envelope))
    let text = String(decoding: line, as: UTF8.self)
    for (old, new) in [
      ("[5,", "[2,"), ("[5,", "[10,"), ("[9]", "[9,1]"), ("[9]", "[\"9\"]"), ("\"n0.a\",3", "\"n0.a\",-1"),
      ("\"n0.a\":9", "\"n0.a\":9007199254740992"), ("\"wants_answer\":true", "\"wants_answer\":1"),
    ] {
      let spoiled = text.replacing(old, with: new)
      #expect(spoiled != text)
      if case .envelope = codec.decode(Array(spoiled.utf8), isAsk: { _ in false }) {
        Issue.record("\(spoiled)")
      }
    }
  }

  // MARK: Simulated

  private func scenario(nodes: Int, seed: UInt64) -> Scenario {
    var scenario = Scenario(.txnRWRegister)
    scenario.nodeCount = nodes
    scenario.concurrency = .perNode(2)
    scenario.rate = 200
    scenario.timeLimit = .seconds(5)
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(1)
    scenario.availability = .total
    scenario.consistencyModels = ["read-committed"]
    scenario.seed = seed
    return scenario
  }

  @Test(
    "partitions leave it valid, totally available, and the same everywhere in the end", arguments: [2, 3, 5])
  func partitions(_ nodes: Int) {
    var scenario = scenario(nodes: nodes, seed: 1)
    if nodes > 2 {
      scenario.latency = .milliseconds(40)
      scenario.latencyDistribution = .exponential
      scenario.delivery = .independent
    }
    let results = Simulation<TransactionNode>.run(scenario)
    #expect(results.verdict == .valid && results.anomalies.isEmpty, "\(results.edn)")
  }

  @Test("two nodes say little to each other, and nothing once they agree")
  func quiet() throws {
    var scenario = scenario(nodes: 2, seed: 1)
    scenario.faults = []
    scenario.rate = 1000
    var simulation = Simulation<TransactionNode>(scenario)
    simulation.finish()
    let operations = simulation.test.history.operations.count { $0.isClient && $0.kind == .invoke }
    let messages = simulation.test.journal.servers.messageCount
    #expect(Double(messages) / Double(operations) < 0.05)
    let last = try #require(simulation.test.lastServerMessage)
    #expect(last < .seconds(6), "the load ends after 5 s, the final reads come after 15 s")
  }

  @Test("one node alone is strict serializable")
  func alone() {
    var scenario = scenario(nodes: 1, seed: 1)
    scenario.faults = []
    scenario.consistencyModels = ["strict-serializable"]
    #expect(Simulation<TransactionNode>.run(scenario).verdict == .valid)
  }
}
