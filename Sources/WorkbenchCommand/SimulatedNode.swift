import Glomers
import GlomersRuntime
import Lab
import Nodes
import Simulator
import Wire

/// A node that the simulator can run, by the name that `glomer` knows it by.
struct SimulatedNode: Sendable {
  /// Values for the node's options, by name.
  typealias Options = [String: Option.Value]

  let name: String
  /// The workloads that it serves; the first node in the table is the one that a workload is run on by itself.
  let workloads: [Workload]
  let options: [Option]
  let run: @Sendable (Scenario, Options) -> SeedOutcome
  let trace: @Sendable (Scenario, Options, @escaping (String) -> Void) -> SeedOutcome

  init<N: Node>(_ name: String, _ node: N.Type, _ workloads: Workload...) where N.Message: WireMessage {
    self.name = name
    self.workloads = workloads
    options = N.options
    run = { Simulation<N>.outcome($0, options: $1) }
    trace = { Simulation<N>.outcome($0, options: $1, trace: $2) }
  }

  static let all = [
    SimulatedNode("echo", EchoNode.self, .echo),
    SimulatedNode("unique-ids", UniqueIDNode.self, .uniqueIDs),
    SimulatedNode("broadcast", BroadcastNode.self, .broadcast),
    SimulatedNode("g-set", GSetNode.self, .gSet),
    SimulatedNode("g-counter", GCounterNode.self, .gCounter),
    SimulatedNode("pn-counter", PNCounterNode.self, .pnCounter, .gCounter),
    SimulatedNode("kafka", KafkaNode.self, .kafka),
    SimulatedNode("txn-rw-register", TransactionNode.self, .txnRWRegister),
    SimulatedNode("lin-kv-single", LinKVSingleNode.self, .linKV),
  ]

  /// The node that serves a workload.
  static func serving(_ workload: Workload) -> SimulatedNode? {
    all.first { $0.workloads.contains(workload) }
  }
}
