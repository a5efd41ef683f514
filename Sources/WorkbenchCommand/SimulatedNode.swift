import Glomers
import GlomersRuntime
import Lab
import Mutants
import Nodes
import Simulator

/// A node that the simulator can run, by the name that `glomer` knows it by.
struct SimulatedNode: Sendable {
  /// Values for the node's options, by name.
  typealias Options = [String: Option.Value]
  /// Gets a line for everything that nodes are given and say.
  typealias Trace = (String) -> Void

  let name: String
  /// The workloads that it serves; the first node in the table is the one that a workload is run on by itself.
  let workloads: [Workload]
  let options: [Option]
  private let simulate: @Sendable (Scenario, Options, Trace?) -> SeedOutcome

  init(
    _ name: String, _ options: [Option], _ workloads: Workload...,
    simulate: @escaping @Sendable (Scenario, Options, Trace?) -> SeedOutcome
  ) {
    self.name = name
    self.options = options
    self.workloads = workloads
    self.simulate = simulate
  }

  /// Runs a whole test of such nodes.
  func run(_ scenario: Scenario, _ options: Options, trace: Trace? = nil) -> SeedOutcome {
    simulate(scenario, options, trace)
  }

  /// Each names its node's type itself: a generic function that is given the types would not be specialised, and a
  /// simulation that is not takes three times as long.
  static let all = [
    SimulatedNode("echo", EchoNode.options, .echo) {
      Simulation<EchoNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("unique-ids", UniqueIDNode.options, .uniqueIDs) {
      Simulation<UniqueIDNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("broadcast", BroadcastNode.options, .broadcast) {
      Simulation<BroadcastNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("g-set", GSetNode.options, .gSet) {
      Simulation<GSetNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("g-counter", GCounterNode.options, .gCounter) {
      // Two kinds of node have this name, as in bin/glomer.
      $1[GCounterNode.store.name] == GCounterNode.store.value(parsing: "seq-kv")
        ? Simulation<CounterOnSeqKVNode<GrowOnly>>.outcome($0, options: $1, trace: $2)
        : Simulation<GCounterNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("pn-counter", PNCounterNode.options, .pnCounter, .gCounter) {
      // Two kinds of node have this name, as in bin/glomer.
      $1[PNCounterNode.store.name] == PNCounterNode.store.value(parsing: "seq-kv")
        ? Simulation<CounterOnSeqKVNode<PositiveNegative>>.outcome($0, options: $1, trace: $2)
        : Simulation<PNCounterNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("kafka", KafkaNode.options, .kafka) {
      $1[KafkaNode.store.name] == KafkaNode.store.value(parsing: "lin-kv")
        ? Simulation<KafkaOnLinKVNode>.outcome($0, options: $1, trace: $2)
        : Simulation<KafkaNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("txn-rw-register", TransactionNode.options, .txnRWRegister) {
      // Two kinds of node have this name, as in bin/glomer.
      $1[TransactionNode.isolation.name] == TransactionNode.isolation.value(parsing: "strict-serializable")
        ? Simulation<StrictTransactionNode>.outcome($0, options: $1, trace: $2)
        : Simulation<TransactionNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("txn-list-append", ListTransactionNode.options, .txnListAppend) {
      // Two kinds of node have this name, as in bin/glomer.
      $1[Lists.store.name] == Lists.store.value(parsing: "lin-kv")
        ? Simulation<ListsOnLinKVNode>.outcome($0, options: $1, trace: $2)
        : Simulation<ListTransactionNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("lin-kv", LinKVNode.options, .linKV) {
      Simulation<LinKVNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("lin-kv-single", LinKVSingleNode.options, .linKV) {
      Simulation<LinKVSingleNode>.outcome($0, options: $1, trace: $2)
    },
    SimulatedNode("flood", FloodNode.options) {
      Simulation<FloodNode>.outcome($0, options: $1, trace: $2)
    },
  ]

  /// A node, or a mutant by its workload and name.
  static func named(_ name: String) -> SimulatedNode? {
    if let node = all.first(where: { $0.name == name }) { return node }
    guard let mutant = Mutant.all.first(where: { $0.path == name }) else { return nil }
    return SimulatedNode(name, []) { scenario, _, trace in mutant.outcome(scenario, trace: trace) }
  }

  /// In words, that there is no such node.
  static func unknown(_ name: String) -> String {
    "there is no node '\(name)' here; choose \(Parse.listed(all.map(\.name))), or a mutant of bench/MUTANTS.md"
  }

  /// The node that serves a workload.
  static func serving(_ workload: Workload) -> SimulatedNode? {
    all.first { $0.workloads.contains(workload) }
  }
}
