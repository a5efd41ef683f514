import Glomers
import Lab
import Raft
import Simulator
import Support
import Testing
import Workloads
@testable import History

@testable import Nodes

@Suite("Replicated state machines as nodes")
struct RaftNodeTests {
  /// A node alone, which leads once it has been woken.
  private func alone<Machine>(_ node: RaftNode<Machine>.Type) -> Trial<RaftNode<Machine>> {
    var trial = Trial(node, nodes: ["n0"])
    _ = trial.wake(.tick)
    return trial
  }

  private func ask<Machine>(
    _ trial: inout Trial<RaftNode<Machine>>, _ message: Machine.Message
  ) -> [Effect<RaftNode<Machine>>] {
    let effects = trial.receive(.client(message)) + trial.wake(.flush)
    return effects.filter {
      switch $0 {
      case .reply, .fail: true
      default: false
      }
    }
  }

  @Test("keys and values are any JSON; errors are those of Maelstrom's services")
  func keysAndValues() {
    var trial = alone(LinKVNode.self)
    let keys: [JSON] = [1, "1", nil, [1, "a"], ["k": nil], 1.5, true]
    for key in keys {
      #expect(ask(&trial, .write(key: key, value: [key])) == [.reply(.client(.writeOk), to: trial.request())])
    }
    for key in keys {
      #expect(
        ask(&trial, .read(key: key)) == [.reply(.client(.readOk(value: [key])), to: trial.request())])
    }
    let request = trial.request()
    #expect(
      ask(&trial, .cas(key: 9, from: 1, to: 2, createIfNotExists: false))
        == [.fail(.keyDoesNotExist("key does not exist"), to: request)])
    #expect(
      ask(&trial, .cas(key: 9, from: 1, to: 2, createIfNotExists: true))
        == [.reply(.client(.casOk), to: request)])
    #expect(
      ask(&trial, .cas(key: 9, from: 1, to: 3, createIfNotExists: false))
        == [.fail(.preconditionFailed("current value 2 is not 1"), to: request)])
    #expect(
      ask(&trial, .cas(key: 9, from: 2, to: 3, createIfNotExists: true))
        == [.reply(.client(.casOk), to: request)])
  }

  @Test("what waits is bounded: by its number, and by how many later commands have overtaken it")
  func pendingBounds() {
    typealias Pending = PendingRequests<KeyValues>
    let (command, request) = (KV.write(key: 1, value: 2), Request(from: "c1", id: 1))
    var full = Pending()
    var taken = 0
    for _ in 0...Pending.countMax where full.add(command, request, at: .zero) { taken += 1 }
    #expect(taken == Pending.countMax)
    let settled = [full.settle(1), full.settle(1), full.settle(9_999)]
    #expect(settled == [request, nil, nil])
    let isTakenAgain = full.add(command, request, at: .zero)
    #expect(isTakenAgain)

    // The first one waits, and all others are answered.
    var overtaken = Pending()
    var answered = 0
    for number in 1...Pending.overtakingMax where overtaken.add(command, request, at: .zero) && number > 1 {
      if overtaken.settle(number) == request { answered += 1 }
    }
    let isRefused = !overtaken.add(command, request, at: .zero)
    #expect(answered == Pending.overtakingMax - 1 && isRefused && overtaken.isWaiting)
    let sent = [overtaken.nextToSend(at: .zero)?.number, overtaken.nextToSend(at: .zero)?.number]
    let last = overtaken.settle(1)
    #expect(sent == [1, nil] && last == request && !overtaken.isWaiting)
    let isTaken = overtaken.add(command, request, at: .zero)
    let next = overtaken.nextToSend(at: .zero)?.number
    #expect(isTaken && next == Pending.overtakingMax + 1)
  }

  @Test("a replica that nobody waits at does the same as the one that answers")
  func replays() {
    var random = Random(seed: 5)
    var (answering, silent) = (KeyValues(), KeyValues())
    for _ in 0..<500 {
      let (key, value) = (
        JSON.integer(.random(in: 0..<4, using: &random)), JSON.integer(.random(in: 0..<3, using: &random))
      )
      let other = JSON.integer(.random(in: 0..<3, using: &random))
      let command: KV =
        Bool.random(using: &random)
        ? .write(key: key, value: value)
        : .cas(key: key, from: value, to: other, createIfNotExists: Bool.random(using: &random))
      _ = answering.apply(command)
      silent.replay(command)
      for key in 0..<4 {
        #expect(answering.answer(.read(key: .integer(key))) == silent.answer(.read(key: .integer(key))))
      }
    }
  }

  @Test("a transaction on lists reads its own appends, and what a list holds")
  func lists() {
    var trial = alone(ListTransactionNode.self)
    let request = trial.request()
    #expect(
      ask(
        &trial,
        .txn([
          .read(key: 1, value: nil), .append(key: 1, value: 7), .read(key: 1, value: nil),
          .append(key: "1", value: 8),
        ]))
        == [
          .reply(
            .client(
              .txnOk([
                .read(key: 1, value: nil), .append(key: 1, value: 7), .read(key: 1, value: [7]),
                .append(key: "1", value: 8),
              ])), to: request)
        ])
    #expect(
      ask(&trial, .txn([.read(key: 1, value: nil), .read(key: "1", value: nil)]))
        == [
          .reply(.client(.txnOk([.read(key: 1, value: [7]), .read(key: "1", value: [8])])), to: request)
        ])
    let refused = RPCError.notSupported("lists can be read and appended to, not written")
    #expect(ask(&trial, .txn([.write(key: 1, value: 2)])) == [.fail(refused, to: request)])
  }

  @Test("an answer leaves only with its record stored before it")
  func logBeforeAnswer() {
    var trial = alone(LinKVNode.self)
    let effects = trial.receive(.client(.write(key: 1, value: 2))) + trial.wake(.flush)
    let record = effects.firstIndex { if case .persist(.entries) = $0 { true } else { false } }
    let answer = effects.firstIndex { if case .reply = $0 { true } else { false } }
    #expect(record != nil && answer != nil && record! < answer!)
  }

  @Test(
    "what was written is there in the node's next life, from its log or from a checkpoint",
    arguments: [false, true])
  func nextLife(fromCheckpoint: Bool) {
    var trial = alone(LinKVNode.self)
    var records: [RaftRecord<KeyValues>] = []
    for event in [
      trial.effectsOfStart, trial.wake(.tick), trial.receive(.client(.write(key: 1, value: 2))),
      trial.wake(.flush),
    ] {
      for case .persist(let record) in event { records.append(record) }
    }
    // The election was before the first event of these.
    records.insert(.vote(term: 1, candidate: "n0"), at: 1)
    records.insert(.entries(after: 0, [Entry(term: 1, .nothing)]), at: 2)
    var next = Trial(
      LinKVNode.self, nodes: ["n0"], recovering: fromCheckpoint ? trial.node.checkpoint! : records)
    _ = next.wake(.tick)
    #expect(ask(&next, .read(key: 1)) == [.reply(.client(.readOk(value: 2)), to: next.request())])
  }

  @Test("a data directory of another cluster is refused in words")
  func otherCluster() {
    let configuration = Configuration(voters: ["n0", "m1"])
    var trial = Trial(
      LinKVNode.self, nodes: ["n0"],
      recovering: [.entries(after: 0, [Entry(term: 1, .configuration(configuration))])])
    guard case .fail(let error, _)? = trial.receive(.client(.read(key: 1))).first else {
      Issue.record("it was taken")
      return
    }
    #expect(error.code == 14 && error.text.contains("m1"))
  }

  @Test(
    "a log of a smaller cluster is refused, and one whose other nodes were removed is taken",
    arguments: [
      (["n0"], ["n0", "n1", "n2"], true), (["n0"], ["a", "b", "n0"], true),
      (["n0", "n1", "n2"], ["n0"], true), (["n0", "n1"], ["n0", "n1"], false), ([], ["n0", "n1"], false),
    ])
  func grownCluster(_ recorded: [String], _ nodes: [String], isRefused: Bool) {
    let records: [RaftRecord<KeyValues>] = [
      .life(1, cluster: recorded.map { NodeID($0) }), .vote(term: 1, candidate: "n0"),
      .entries(after: 0, [Entry(term: 1, .nothing)]),
    ]
    var trial = Trial(LinKVNode.self, nodes: nodes.map { NodeID($0) }, recovering: records)
    var error: RPCError?
    if case .fail(let refusal, _)? = trial.receive(.client(.read(key: 1))).first { error = refusal }
    #expect((error?.code == 14) == isRefused, "\(error as Any)")
    if isRefused { #expect(error?.text.contains("cluster of \(recorded.joined(separator: ", ")):") == true) }
    // What it goes on to store does not change whose the directory is.
    guard isRefused else { return }
    var kept = trial.node.checkpoint!
    for case .persist(let record) in trial.effectsOfStart { kept.append(record) }
    let own = Trial(LinKVNode.self, nodes: recorded.map { NodeID($0) }, recovering: kept)
    #expect(own.node.raft.otherCluster == nil)
  }

  @Test("a cluster may leave out the nodes that it has removed")
  func shrunkCluster() {
    let trial = Trial(
      LinKVNode.self, nodes: ["n0", "n1"],
      recovering: [
        .life(1, cluster: ["n0", "n1", "n2"]),
        .entries(after: 0, [Entry(term: 1, .configuration(Configuration(voters: ["n0", "n1"])))]),
      ])
    #expect(trial.node.raft.otherCluster == nil)
  }

  @Test("without a leader a command certainly did not happen: error 11, in less than a second")
  func noLeader() {
    var trial = Trial(LinKVNode.self)
    #expect(
      !trial.receive(.client(.write(key: 1, value: 2))).contains {
        if case .fail = $0 { true } else { false }
      })
    let request = trial.request()
    trial.now = .zero + .milliseconds(950)
    let codes = trial.wake(.tick).compactMap { effect in
      if case .fail(let error, request) = effect { error.code } else { nil }
    }
    #expect(codes == [11])
  }

  @Test("a node takes the options of all nodes that have its name")
  func options() {
    #expect(LinKVNode.options.map(\.name) == ["election-timeout"])
    let names = Set(StrictTransactionNode.options.map(\.name))
    #expect(names.isSuperset(of: TransactionNode.options.map(\.name)) && names.contains("election-timeout"))
  }

  @Test("only nodes of the cluster are peers, and only its nodes can be members")
  func strangers() {
    var trial = alone(LinKVNode.self)
    let peer = trial.receive(.peer(.timeoutNow(term: 9)), from: "c1")
    #expect(peer == [.fail(.notSupported("only nodes of this cluster say that"), to: trial.request())])
    let effects = trial.receive(.change(MembershipChange("n7", isMember: true)))
    #expect(effects == [.fail(.nodeNotFound("n7 is none of [n0]"), to: trial.request())])
  }

  private func scenario(
    _ workload: Workload, nodes: Int, seed: UInt64, faults: Set<Scenario.Fault> = []
  ) -> Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = nodes
    scenario.concurrency = .perNode(2)
    scenario.rate = 50
    scenario.timeLimit = .seconds(10)
    scenario.latency = .milliseconds(10)
    scenario.latencyDistribution = .exponential
    scenario.faults = faults
    scenario.nemesisInterval = .seconds(2)
    scenario.lateReplies = .drop
    scenario.seed = seed
    return scenario
  }

  @Test("lin-kv is linearizable under kills, cuts and copies", arguments: 1...4 as ClosedRange<UInt64>)
  func linearizable(seed: UInt64) {
    let results = Simulation<LinKVNode>.run(
      scenario(.linKV, nodes: 3, seed: seed, faults: [.kill, .partition, .duplicate, .reorder, .loss]))
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }

  @Test("transactions are strict-serializable under kills and cuts", arguments: 1...3 as ClosedRange<UInt64>)
  func strictSerializable(seed: UInt64) {
    let faults: Set<Scenario.Fault> = [.kill, .partition, .pause]
    let lists = Simulation<ListTransactionNode>.run(
      scenario(.txnListAppend, nodes: 3, seed: seed, faults: faults))
    #expect(lists.verdict == .valid, "\(lists.anomalies)")
    let registers = Simulation<StrictTransactionNode>.run(
      scenario(.txnRWRegister, nodes: 3, seed: seed, faults: faults))
    #expect(registers.verdict == .valid, "\(registers.anomalies)")
  }

  @Test("without faults nothing fails, whatever the latency", arguments: [0, 10, 100])
  func noFailures(latencyMilliseconds: Int) {
    var scenario = scenario(.linKV, nodes: 5, seed: 1)
    // Clients wait 1 s: four hops that have no bound would now and then take longer.
    scenario.latencyDistribution = .constant
    scenario.latency = .milliseconds(latencyMilliseconds)
    var simulation = Simulation<LinKVNode>(scenario)
    simulation.finish()
    let operations = simulation.test.history.operations.filter(\.isClient)
    // The first second or two elect a leader.
    var begins: [Operation.Process: Duration] = [:]
    for operation in operations {
      if operation.kind == .invoke { begins[operation.process] = operation.time }
      if operation.kind == .info { #expect(begins[operation.process, default: .zero] < .seconds(3)) }
    }
    #expect(operations.contains { $0.kind == .ok && $0.time > .seconds(3) })
  }
}
