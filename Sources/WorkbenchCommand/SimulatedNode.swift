import Glomers
import GlomersRuntime
import Lab
import Mutants
import Nodes
import Simulator
import Workloads
import History

/// A node that the simulator can run, by the name that `glomer` knows it by.
struct SimulatedNode: Sendable {
  /// Values for the node's options, by name.
  typealias Options = [String: Option.Value]
  /// Gets a line for everything that nodes are given and say.
  typealias Trace = (String) -> Void

  /// How nodes of one type are run.
  struct Kind: Sendable {
    /// Runs a whole test.
    let simulate: @Sendable (Scenario, Options, Trace?) -> SeedOutcome
    /// Begins a run that is to be played; nil where it can't be.
    var begin: (@Sendable (Scenario, Options) -> any PlayedRun)?
  }

  let name: String
  /// The workloads that it serves; the first node in the table is the one that a workload is run on by itself.
  let workloads: [Workload]
  let options: [Option]
  private let kind: Kind
  /// The value of an option that asks for nodes of another type, as in bin/glomer.
  private let other: (option: Option, value: String, kind: Kind)?

  private init(_ name: String, _ options: [Option], _ workloads: Workload..., kind: Kind) {
    self.name = name
    self.options = options
    self.workloads = workloads
    self.kind = kind
    other = nil
  }

  /// Two types of node have this name: `other` runs where the option has that value.
  private init(
    _ name: String, _ options: [Option], _ workloads: Workload..., kind: Kind, unless option: Option,
    is value: String, then other: Kind
  ) {
    self.name = name
    self.options = options
    self.workloads = workloads
    self.kind = kind
    self.other = (option, value, other)
  }

  private func kind(for options: Options) -> Kind {
    guard let other, options[other.option.name] == other.option.value(parsing: other.value) else {
      return kind
    }
    return other.kind
  }

  /// Runs a whole test of such nodes.
  func run(_ scenario: Scenario, _ options: Options, trace: Trace? = nil) -> SeedOutcome {
    kind(for: options).simulate(scenario, options, trace)
  }

  /// Begins a run of such nodes that is to be played; nil for one that can't be.
  func begin(_ scenario: Scenario, _ options: Options) -> (any PlayedRun)? {
    kind(for: options).begin?(scenario, options)
  }

  /// Each names its node's type itself: a generic function that is given the types would not be specialised, and a
  /// simulation that is not takes three times as long.
  static let all = [
    SimulatedNode(
      "echo", EchoNode.options, .echo,
      kind: Kind(
        simulate: { Simulation<EchoNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<EchoNode>($0, options: $1) })),
    SimulatedNode(
      "unique-ids", UniqueIDNode.options, .uniqueIDs,
      kind: Kind(
        simulate: { Simulation<UniqueIDNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<UniqueIDNode>($0, options: $1) })),
    SimulatedNode(
      "broadcast", BroadcastNode.options, .broadcast,
      kind: Kind(
        simulate: { Simulation<BroadcastNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<BroadcastNode>($0, options: $1) })),
    SimulatedNode(
      "g-set", GSetNode.options, .gSet,
      kind: Kind(
        simulate: { Simulation<GSetNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<GSetNode>($0, options: $1) })),
    SimulatedNode(
      "g-counter", GCounterNode.options, .gCounter,
      kind: Kind(
        simulate: { Simulation<GCounterNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<GCounterNode>($0, options: $1) }),
      unless: GCounterNode.store, is: "seq-kv",
      then: Kind(
        simulate: { Simulation<CounterOnSeqKVNode<GrowOnly>>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<CounterOnSeqKVNode<GrowOnly>>($0, options: $1) })),
    SimulatedNode(
      "pn-counter", PNCounterNode.options, .pnCounter, .gCounter,
      kind: Kind(
        simulate: { Simulation<PNCounterNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<PNCounterNode>($0, options: $1) }),
      unless: PNCounterNode.store, is: "seq-kv",
      then: Kind(
        simulate: { Simulation<CounterOnSeqKVNode<PositiveNegative>>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<CounterOnSeqKVNode<PositiveNegative>>($0, options: $1) })),
    SimulatedNode(
      "kafka", KafkaNode.options, .kafka,
      kind: Kind(
        simulate: { Simulation<KafkaNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<KafkaNode>($0, options: $1) }),
      unless: KafkaNode.store, is: "lin-kv",
      then: Kind(
        simulate: { Simulation<KafkaOnLinKVNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<KafkaOnLinKVNode>($0, options: $1) })),
    SimulatedNode(
      "txn-rw-register", TransactionNode.options, .txnRWRegister,
      kind: Kind(
        simulate: { Simulation<TransactionNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<TransactionNode>($0, options: $1) }),
      unless: TransactionNode.isolation, is: "strict-serializable",
      then: Kind(
        simulate: { Simulation<StrictTransactionNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<StrictTransactionNode>($0, options: $1) })),
    SimulatedNode(
      "txn-list-append", ListTransactionNode.options, .txnListAppend,
      kind: Kind(
        simulate: { Simulation<ListTransactionNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<ListTransactionNode>($0, options: $1) }),
      unless: Lists.store, is: "lin-kv",
      then: Kind(
        simulate: { Simulation<ListsOnLinKVNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<ListsOnLinKVNode>($0, options: $1) })),
    SimulatedNode(
      "lin-kv", LinKVNode.options, .linKV,
      kind: Kind(
        simulate: { Simulation<LinKVNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<LinKVNode>($0, options: $1) })),
    SimulatedNode(
      "lin-kv-single", LinKVSingleNode.options, .linKV,
      kind: Kind(
        simulate: { Simulation<LinKVSingleNode>.outcome($0, options: $1, trace: $2) },
        begin: { Simulation<LinKVSingleNode>($0, options: $1) })),
    SimulatedNode(
      "flood", FloodNode.options,
      kind: Kind(simulate: { Simulation<FloodNode>.outcome($0, options: $1, trace: $2) })),
  ]

  /// A node, or a mutant by its workload and name.
  static func named(_ name: String) -> SimulatedNode? {
    if let node = all.first(where: { $0.name == name }) { return node }
    guard let mutant = Mutant.all.first(where: { $0.path == name }) else { return nil }
    return SimulatedNode(
      name, [],
      kind: Kind(
        simulate: { scenario, _, trace in mutant.outcome(scenario, trace: trace) },
        begin: { scenario, _ in mutant.begin(scenario) }))
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

/// Tells every peer what a client says, and does next to nothing beside: what the simulator is measured by.
struct FloodNode: Node {
  typealias Message = Echo

  private let peers: [NodeID]
  private let names: Set<NodeID>

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    peers = cluster.peers
    names = Set(peers)
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    guard case .echo(let payload) = message, !names.contains(request.source) else { return }
    for peer in peers { context.send(message, to: peer) }
    context.reply(.echoOk(payload), to: request)
  }
}
