import Glomers
import Lab
import Nodes
import Simulator
import Support
import Testing
import Workloads

@Suite("Services as nodes")
struct ServiceNodeTests {
  @Test("the first node answers by itself")
  func keeper() {
    var trial = Trial(LinKVSingleNode.self, me: "n0")
    let write = KV.write(key: 1, value: 2)
    #expect(
      trial.receive(.client(write)) == [.persist(write), .reply(.client(.writeOk), to: trial.request())])
    #expect(
      trial.receive(.client(.read(key: 1))) == [.reply(.client(.readOk(value: 2)), to: trial.request())])
    let missing = RPCError.keyDoesNotExist("key does not exist")
    #expect(trial.receive(.client(.read(key: 9))) == [.fail(missing, to: trial.request())])
  }

  @Test("what no client asks of a service is refused, and changes nothing")
  func refused() {
    var store = Trial(LinKVSingleNode.self)
    var oracle = Trial(LinTSONode.self)
    for message in [KV.writeOk, .casOk, .readOk(value: 1), .tsOk(ts: 3), .ts] {
      guard case .fail(let error, _)? = store.receive(.client(message)).first else {
        Issue.record("\(message) was taken")
        continue
      }
      #expect(error.code == 10)
    }
    guard case .fail(let error, _)? = oracle.receive(.client(.read(key: 1))).first else {
      Issue.record("an oracle that reads")
      return
    }
    #expect(error.code == 10 && error.text == "a timestamp oracle does not take read")
    #expect(oracle.receive(.client(.ts)) == [.reply(.client(.tsOk(ts: 0)), to: oracle.request())])
    #expect(oracle.receive(.client(.ts)) == [.reply(.client(.tsOk(ts: 1)), to: oracle.request())])
  }

  private func scenario(nodes: Int, seed: UInt64, faults: Set<Scenario.Fault> = []) -> Scenario {
    var scenario = Scenario(.linKV)
    scenario.nodeCount = nodes
    scenario.concurrency = .perNode(2)
    scenario.rate = 100
    scenario.timeLimit = .seconds(10)
    scenario.latency = .milliseconds(20)
    scenario.latencyDistribution = .exponential
    scenario.faults = faults
    scenario.nemesisInterval = .seconds(2)
    scenario.seed = seed
    return scenario
  }

  @Test("lin-kv-single is linearizable on one node", arguments: 1...3)
  func single(seed: UInt64) {
    var simulation = Simulation<LinKVSingleNode>(scenario(nodes: 1, seed: seed))
    simulation.finish()
    #expect(simulation.test.results().verdict == .valid)
    #expect(simulation.test.journal.servers.sendCount == 0)
  }

  @Test("it is linearizable on several nodes, too, while the network is cut", arguments: 1...5)
  func partitioned(seed: UInt64) {
    var simulation = Simulation<LinKVSingleNode>(scenario(nodes: 5, seed: seed, faults: [.partition]))
    simulation.finish()
    let results = simulation.test.results()
    #expect(results.verdict == .valid, "\(results.anomalies)")
    #expect(simulation.test.history.operations.contains { $0.kind == .info && $0.isClient })
  }

  @Test("it is linearizable while messages are copied and overtaken, and nodes killed", arguments: 1...5)
  func copied(seed: UInt64) {
    let results = Simulation<LinKVSingleNode>.run(
      scenario(nodes: 3, seed: seed, faults: [.duplicate, .reorder, .kill]))
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }

  @Test("a store that is weaker than linearizable is caught by the workload for linearizable ones")
  func weaker() {
    for results in [
      Simulation<SeqKVNode>.run(scenario(nodes: 1, seed: 1)),
      Simulation<LWWKVNode>.run(scenario(nodes: 1, seed: 1)),
    ] {
      #expect(results.verdict == .invalid)
      #expect(results.anomalies.contains { $0.name == "nonlinearizable" })
    }
  }
}
