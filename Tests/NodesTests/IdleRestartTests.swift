import Glomers
import History
import Lab
import Nodes
import Replication
import Testing
import Wire

@testable import Simulator

/// A node that is started again without anything that it had, while nobody writes: no news of the others reminds them of it.
@Suite("Restarts without data into an idle cluster")
struct IdleRestartTests {
  /// Whether the node holds what the others hold two seconds and two periods after its start.
  private func check<N: ReplicatingNode>(
    _ node: N.Type, _ workload: Workload, period: Duration, _ requests: [(function: String, value: JSON)]
  ) where N.Message: WireMessage, N.Record: StorableRecord {
    for (seed, latency) in [(1, 0), (2, 10), (3, 100)] as [(UInt64, Int)] {
      for victim in 0..<3 {
        var script = Script()
        var scenario = Scenario.brief(workload)
        script.clients = scenario.nodes
        script.requests = requests.enumerated().map { place, request in
          .init(at: .milliseconds(200 * place), client: place % 3, request.function, request.value)
        }
        let restart = Duration.seconds(15)
        script.faults = [.init(.kill([scenario.nodes[victim]]), from: restart - .seconds(3), to: restart)]
        script.end = restart + .seconds(10)
        scenario.script = script
        scenario.latency = .milliseconds(latency)
        scenario.seed = seed
        var simulation = Simulation<N>(scenario)
        simulation.run(until: Instant.zero + .seconds(1))
        let origin = simulation.test.origin
        simulation.run(until: origin + restart + .seconds(2) + period * 2)
        let held = simulation.members.map { $0.host.state?.held }
        #expect(
          held[victim] == held[(victim + 1) % 3] && held[victim].map { $0.total > 0 } ?? false,
          "\(workload), \(latency) ms, n\(victim): \(held)")
      }
    }
  }

  private func values(_ function: String) -> [(function: String, value: JSON)] {
    (1...9).map { (function, .integer($0)) }
  }

  @Test("broadcast")
  func broadcast() {
    check(BroadcastNode.self, .broadcast, period: .milliseconds(600), values("broadcast"))
  }

  @Test("g-set")
  func set() { check(GSetNode.self, .gSet, period: .seconds(1), values("add")) }

  @Test("g-counter and pn-counter")
  func counters() {
    check(GCounterNode.self, .gCounter, period: .seconds(1), values("add"))
    check(PNCounterNode.self, .pnCounter, period: .seconds(1), values("add"))
  }

  @Test("kafka")
  func kafka() {
    check(
      KafkaNode.self, .kafka, period: .milliseconds(40),
      (1...9).map { ("send", [["send", .string("\($0 % 2)"), .integer($0)]]) })
  }

  @Test("txn-rw-register")
  func transactions() {
    check(
      TransactionNode.self, .txnRWRegister, period: .milliseconds(50),
      (1...9).map { ("txn", [["w", .integer($0 % 2), .integer($0)]]) })
  }
}
