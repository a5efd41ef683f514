import ArgumentParser
import Lab

/// What runs, and how much is asked of it.
struct LoadOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "What the nodes are asked to do: \(Parse.listed(Workload.allCases.map(\.rawValue))).", valueName: "name"
    ),
    transform: Parse.workload)
  var workload: Workload

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many nodes to run (default: 5).", valueName: "number"),
    transform: Parse.positiveInteger)
  var nodeCount = 5

  @Option(
    help: ArgumentHelp(
      "How many clients: a number, or one followed by n, to multiply by the number of nodes (default: 1n).",
      valueName: "number"),
    transform: Parse.concurrency)
  var concurrency = Scenario.Concurrency.perNode(1)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Requests a second, over all clients together, on average (default: 5).", valueName: "number"),
    transform: Parse.rate)
  var rate = 5.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long requests are made, in seconds (default: 60).", valueName: "seconds"),
    transform: Parse.seconds)
  var timeLimit: Duration = .seconds(60)

  @Option(
    help: ArgumentHelp(
      "The neighbours suggested to broadcast nodes: line, grid, tree, tree2, tree3, tree4 or total (default: grid).",
      valueName: "name"),
    transform: Parse.choice)
  var topology = Topology.grid

  /// The start of a scenario.
  var scenario: Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = nodeCount
    scenario.concurrency = concurrency
    scenario.rate = rate
    scenario.timeLimit = timeLimit
    scenario.topology = topology
    return scenario
  }
}

/// How the network between the nodes behaves, and what is done to it.
struct NetworkOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The mean latency between nodes, in milliseconds; clients have none (default: 0).",
      valueName: "milliseconds"),
    transform: Parse.milliseconds)
  var latency: Duration = .zero

  @Option(
    help: ArgumentHelp(
      "How latency varies: constant, uniform or exponential (default: constant).", valueName: "name"),
    transform: Parse.choice)
  var latencyDist = Scenario.LatencyDistribution.constant

  @Option(
    help: ArgumentHelp(
      """
      in-order: a node's next message waits for the one before it, as in Maelstrom. independent: each message \
      comes when it is due (default: in-order).
      """, valueName: "name"),
    transform: Parse.choice)
  var delivery = Scenario.Delivery.inOrder

  @Option(
    help: ArgumentHelp(
      """
      Faults to inject, separated by commas: partition, kill and pause, as in Maelstrom; one-way (cuts), loss, \
      duplicate, reorder, slow, disk (full or failing); and, in the simulator, skew.
      """, valueName: "faults"),
    transform: Parse.faults)
  var nemesis: Set<Scenario.Fault> = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many seconds lie between faults, on average (default: 10).", valueName: "seconds"),
    transform: Parse.seconds)
  var nemesisInterval: Duration = .seconds(10)

  func apply(to scenario: inout Scenario) {
    scenario.latency = latency
    scenario.latencyDistribution = latencyDist
    scenario.delivery = delivery
    scenario.faults = nemesis
    scenario.nemesisInterval = nemesisInterval
  }
}

/// What is demanded of the nodes.
struct DemandOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The fraction of requests that must succeed: total, or a number from 0 to 1.", valueName: "fraction"),
    transform: Parse.availability)
  var availability: Scenario.Availability?

  @Option(
    help: ArgumentHelp(
      """
      What txn-rw-register and txn-list-append must hold, separated by commas, from read-uncommitted to \
      strict-serializable (default: strict-serializable).
      """, valueName: "models"),
    transform: Parse.consistencyModels)
  var consistencyModels: [String]?

  @Option(
    help: ArgumentHelp(
      """
      What nodes must hold beyond that, separated by commas: \(Demand.names.joined(separator: ", ")). A breach of what \
      is not named here is a warning (default: none).
      """, valueName: "demands"),
    transform: Parse.demands)
  var also: Set<Demand> = []

  @Option(
    help: ArgumentHelp(
      "How many keys kafka and transactions use at once (default: 10).", valueName: "number"),
    transform: Parse.positiveInteger)
  var keyCount: Int?

  @Option(
    help: ArgumentHelp("The most operations in a transaction (default: 4).", valueName: "number"),
    transform: Parse.positiveInteger)
  var maxTxnLength = 4

  @Option(
    help: ArgumentHelp(
      "The most writes to a key, after which another takes its place (default: 16).", valueName: "number"),
    transform: Parse.positiveInteger)
  var maxWritesPerKey = 16

  func apply(to scenario: inout Scenario) {
    scenario.availability = availability
    if let consistencyModels { scenario.consistencyModels = consistencyModels }
    scenario.demands = also
    scenario.keyCount = keyCount
    scenario.maxTransactionLength = maxTxnLength
    scenario.maxWritesPerKey = maxWritesPerKey
  }
}

/// What is drawn, shown and kept.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fixes what the bench draws: requests, latencies, faults. Printed by every run.", valueName: "number"))
  var seed: UInt64?

  @Option(help: ArgumentHelp("Where results go.", valueName: "directory"))
  var store = "store"

  @Flag(help: "Show what nodes write to stderr, beside keeping it in node-logs/.")
  var logStderr = false

  @Flag(help: "Show every message as it is sent.")
  var logNetSend = false

  @Flag(help: "Show every message as it is received.")
  var logNetRecv = false
}
