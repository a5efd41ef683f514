import ArgumentParser
import Lab

/// What runs, and how much is asked of it.
struct LoadOptions: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("What the nodes are asked to do: broadcast, echo or unique-ids.", valueName: "name"),
    transform: Parse.workload)
  var workload: Workload

  @Option(help: ArgumentHelp("The program that runs one node.", valueName: "file"))
  var bin: String

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
    transform: Parse.nonNegativeNumber)
  var rate = 5.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How long requests are made, in seconds (default: 60).", valueName: "seconds"),
    transform: Parse.positiveNumber)
  var timeLimit = 60.0

  @Option(
    help: ArgumentHelp(
      "The neighbours suggested to broadcast nodes: line, grid, tree, tree2, tree3, tree4 or total (default: grid).",
      valueName: "name"),
    transform: Parse.choice)
  var topology = Topology.grid
}

/// How the network between the nodes behaves, and what is done to it.
struct NetworkOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The mean latency between nodes, in milliseconds; clients have none (default: 0).",
      valueName: "milliseconds"),
    transform: Parse.nonNegativeNumber)
  var latency = 0.0

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
    help: ArgumentHelp("Faults to inject, separated by commas. There is: partition.", valueName: "faults"),
    transform: Parse.faults)
  var nemesis: Set<Scenario.Fault> = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many seconds lie between faults, on average (default: 10).", valueName: "seconds"),
    transform: Parse.positiveNumber)
  var nemesisInterval = 10.0
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
      "Consistency models to check, separated by commas. No workload here has any yet.", valueName: "models"))
  var consistencyModels: String?

  @Option(
    help: ArgumentHelp("Keys used at once. No workload here has keys yet.", valueName: "number"),
    transform: Parse.positiveInteger)
  var keyCount: Int?

  @Option(
    help: ArgumentHelp(
      "The most operations in a transaction. No workload here has transactions yet.", valueName: "number"),
    transform: Parse.positiveInteger)
  var maxTxnLength = 4

  @Option(
    help: ArgumentHelp(
      "The most writes to a key. No workload here has keys yet.", valueName: "number"),
    transform: Parse.positiveInteger)
  var maxWritesPerKey = 16
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
