import Checkers
import Glomers
import Nodes
import Simulator
import Testing

@testable import Lab
@testable import History

@Suite("Faults")
struct FaultTests {
  private func scenario(_ workload: Workload, _ faults: Scenario.Fault..., seed: UInt64) -> Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = 3
    scenario.rate = 20
    scenario.timeLimit = .seconds(20)
    scenario.faults = Set(faults)
    scenario.nemesisInterval = .seconds(2)
    scenario.seed = seed
    scenario.probeInterval = nil
    return scenario
  }

  private func parcel(_ id: Int, from source: NodeID = "n0", to destination: NodeID = "n1") -> Parcel {
    Parcel(id: id, source: source, destination: destination, line: [])
  }

  @Test(
    "the same seed degrades the same messages, and only those between nodes", arguments: Degradation.allCases)
  func degradation(_ kind: Degradation) {
    let nodes: Set<NodeID> = ["n0", "n1"]
    var (one, two) = (Random(seed: 4), Random(seed: 4))
    let rules = [kind.rule(between: nodes, &one), kind.rule(between: nodes, &two)]
    let decisions = rules.map { rule in (0..<2000).map { rule.decide(parcel($0)) } }
    #expect(decisions[0] == decisions[1])
    #expect(decisions[0].contains { $0 != .pass })
    #expect((kind == .slow) == !decisions[0].contains(.pass))
    #expect((0..<2000).allSatisfy { rules[0].decide(parcel($0, from: "c1")) == .pass })
    #expect((0..<2000).allSatisfy { rules[0].decide(parcel($0, to: "lin-kv")) == .pass })
  }

  @Test("what was held back once gets through, in order of its new time, and copies come twice")
  func heldBack() {
    var network = Network(["n0", "n1"], .independent)
    network.impose(Rule("late") { $0.id == 0 && !$0.isDelayed ? .deliver(after: .seconds(2)) : .pass })
    network.impose(Rule("twice") { $0.id == 1 && !$0.isDelayed ? .deliverTwice(after: .seconds(3)) : .pass })
    for id in 0..<3 { network.send(parcel(id), due: .zero + .seconds(1)) }
    var arrivals: [Int] = []
    while let parcel = network.popDue(by: .zero + .seconds(9)) { arrivals.append(parcel.id) }
    #expect(arrivals == [1, 2, 0, 1])
  }

  @Test(
    "what is on its way to a node that is killed is lost, and nothing else",
    arguments: Scenario.Delivery.allCases)
  func discarded(_ delivery: Scenario.Delivery) {
    var network = Network(["n0", "n1"], delivery)
    for id in 0..<4 {
      network.send(parcel(id, from: "n0", to: id.isMultiple(of: 2) ? "n1" : "n0"), due: .zero + .seconds(id))
    }
    network.discard(for: "n1")
    var arrivals: [Int] = []
    while let parcel = network.popDue(by: .zero + .seconds(9)) { arrivals.append(parcel.id) }
    #expect(arrivals == [1, 3])
  }

  @Test("a node that is killed starts again with init, and ids stay unique", arguments: 1...5)
  func killed(seed: UInt64) {
    var simulation = Simulation<UniqueIDNode>(scenario(.uniqueIDs, .kill, seed: seed))
    simulation.finish()
    let results = simulation.test.results()
    let functions = Set(simulation.test.history.operations.filter { $0.process == .nemesis }.map(\.function))
    #expect(functions == ["kill", "start"])
    #expect(results.anomalies.isEmpty)
    #expect(results.verdict == .valid)
    #expect(simulation.test.progress(at: simulation.now).infoCount > 0)
  }

  @Test("a paused node loses nothing and does nothing, and answers nobody who has gone", arguments: 1...2)
  func paused(seed: UInt64) {
    func longPauses(_ workload: Workload) -> Scenario {
      var scenario = scenario(workload, .pause, seed: seed)
      // Many last for longer than clients wait.
      scenario.nemesisInterval = .seconds(8)
      scenario.timeLimit = .seconds(60)
      return scenario
    }
    let results = Simulation<BroadcastNode>.run(longPauses(.broadcast))
    #expect(results.anomalies == [])
    #expect(results.verdict == .valid)
    #expect(Simulation<KafkaNode>.run(longPauses(.kafka)).anomalies == [])
  }

  @Test(
    "a drawn run leaves a client that waited in vain from the start time to ask again",
    arguments: [10, 12, 20, 60])
  func calm(seconds: Int) {
    var scenario = scenario(.broadcast, seed: 1)
    scenario.timeLimit = .seconds(seconds)
    scenario.draw()
    #expect(scenario.calmTime >= .seconds(5))
    #expect(scenario.calmTime >= scenario.timeLimit / 3 && scenario.calmTime <= scenario.timeLimit / 2)
  }

  @Test(
    """
    broadcast bears partitions, one-way cuts, loss, duplicates, reordering, slow links, kills, pauses, broken disks and \
    clocks that jump
    """, arguments: 1...6)
  func swarm(seed: UInt64) {
    var scenario = scenario(.broadcast, seed: seed)
    scenario.faults = Set(Scenario.Fault.allCases.filter(\.isForSimulators))
    scenario.draw()
    let results = Simulation<BroadcastNode>.run(scenario)
    #expect(results.verdict == .valid, "seed \(seed): \(results.anomalies)")
  }
}
