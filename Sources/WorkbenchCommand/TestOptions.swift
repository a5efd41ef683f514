import ArgumentParser
import Lab
import History
import Checkers

/// What runs, and how much is asked of it.
struct LoadOptions: ParsableArguments {
  @Option(
    name: [.customShort("w"), .customLong("workload")],
    help: ArgumentHelp(
      """
      What the nodes are asked to do: \(Parse.listed(Workload.allCases.map(\.rawValue))) (default: lin-kv, as in \
      Maelstrom).
      """, valueName: "name"),
    transform: Parse.workload)
  var givenWorkload: Workload?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How many nodes to run, from 1 to 1000000; they are named n0, n1, … (default: five, named n1 to n5, as in \
      Maelstrom).
      """, valueName: "number"),
    transform: Parse.positiveInteger)
  var nodeCount: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How many clients, each with one request under way: a number from 1 to 100000, or one followed by n, to multiply \
      by the number of nodes (default: 1n).
      """, valueName: "number"),
    transform: Parse.concurrency)
  var concurrency = Scenario.Concurrency.perNode(1)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Requests a second, over all clients together, on average, from 0 to 1000000 (default: 5).",
      valueName: "number"),
    transform: Parse.rate)
  var rate = 5.0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long requests are made, in seconds, above 0; recovery and final reads come on top (default: 60).",
      valueName: "seconds"),
    transform: Parse.seconds)
  var timeLimit: Duration = .seconds(60)

  @Option(
    help: ArgumentHelp(
      "The neighbours suggested to broadcast nodes: line, grid, tree, tree2, tree3, tree4 or total (default: grid).",
      valueName: "name"),
    transform: Parse.choice)
  var topology = Topology.grid

  /// The workload that was asked for, or Maelstrom's default.
  var workload: Workload { givenWorkload ?? .linKV }

  /// What is taken for granted and may surprise.
  var notes: [String] {
    givenWorkload == nil ? ["no -w: the workload is lin-kv, as in Maelstrom"] : []
  }

  /// The start of a scenario.
  var scenario: Scenario {
    var scenario = Scenario(workload)
    // Jepsen's default list counts from 1, Maelstrom's --node-count from 0.
    if let nodeCount { scenario.nodeCount = nodeCount } else { scenario.nodes = Scenario.numbered(1..<6) }
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
      "The mean latency between nodes, in milliseconds, from 0 to 3600000; clients have none (default: 0).",
      valueName: "milliseconds"),
    transform: Parse.milliseconds)
  var latency: Duration?

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
  var delivery: Scenario.Delivery?

  @Option(
    help: ArgumentHelp(
      """
      What becomes of a node that answers a client which has given up (after 5 s) and gone. silence: nothing is heard \
      of it any more until it is started again, as with Maelstrom, and the run is invalid. drop: the reply is dropped \
      with a warning (default: silence).
      """, valueName: "name"),
    transform: Parse.choice)
  var lateReplies: Scenario.LateReplies?

  @Option(
    help: ArgumentHelp(
      """
      Faults to inject, separated by commas: partition, as in Maelstrom; kill and pause, as in Maelstrom since July \
      2026 (pull request 102; 0.2.4 and before refuse them); one-way (cuts), loss, \
      duplicate, reorder, slow, disk (full or failing), membership (remove_member \
      and add_member); over NATS, server (kills a server that agents run, and starts it again); and, in the simulator, \
      skew (default: none).
      """, valueName: "faults"),
    transform: Parse.faults)
  var nemesis: Set<Scenario.Fault> = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many seconds lie between two steps of the faults, on average, above 0 (default: 10).",
      valueName: "seconds"),
    transform: Parse.seconds)
  var nemesisInterval: Duration = .seconds(10)

  func validateForSimulators() throws {
    guard nemesis.allSatisfy(\.isForSimulators) else {
      throw ValidationError(
        "there are no servers in virtual time: server is for 'workbench test --nats'; leave it out")
    }
  }

  /// What was not given stays as it is.
  func apply(to scenario: inout Scenario) {
    if let latency { scenario.latency = latency }
    scenario.latencyDistribution = latencyDist
    if let delivery { scenario.delivery = delivery }
    if let lateReplies { scenario.lateReplies = lateReplies }
    scenario.faults = nemesis
    scenario.nemesisInterval = nemesisInterval
  }
}

/// What is demanded of the nodes.
struct DemandOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The fraction of requests that must succeed: total, or a number from 0 to 1 (default: any will do).",
      valueName: "fraction"),
    transform: Parse.availability)
  var availability: Availability?

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
      What nodes must hold beyond that, separated by commas: \(Demand.names.joined(separator: ", ")); or all. A breach \
      of what is not named here is a warning (default: none).
      """, valueName: "demands"),
    transform: Parse.demands)
  var also: Set<Demand> = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How many seconds polls of kafka may lag behind what is known of a key: the realtime lag (default: any; above 5 s \
      and a third of the run there is a warning).
      """, valueName: "seconds"),
    transform: Parse.seconds)
  var maxLag: Duration?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many messages servers may send each other for each operation, a number from 0 on (default: any).",
      valueName: "number"),
    transform: Parse.rate)
  var maxMsgsPerOp: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many keys kafka and transactions use at once, at least 1; kafka stops at 62 (default: 10, or 3 with --key-dist uniform).",
      valueName: "number"),
    transform: Parse.positiveInteger)
  var keyCount: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How often each key is used: exponential, as in Maelstrom (each twice as often as the one before it), uniform, or \
      zipf, as in Jepsen since 0.3.12 (the i-th as often as 1/i², and the writes of a key are a number by Zipf's law, \
      too) (default: exponential).
      """, valueName: "name"),
    transform: Parse.choice)
  var keyDist = Scenario.KeyDistribution.exponential

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The most operations in a transaction, at least 1 (default: 4).", valueName: "number"),
    transform: Parse.positiveInteger)
  var maxTxnLength = 4

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The most writes to a key, at least 1, after which another takes its place (default: 16).",
      valueName: "number"),
    transform: Parse.positiveCount)
  var maxWritesPerKey = 16

  func apply(to scenario: inout Scenario) {
    scenario.availability = availability
    if let consistencyModels { scenario.consistencyModels = consistencyModels }
    scenario.demands = also
    scenario.lagMax = maxLag
    scenario.messagesPerOperationMax = maxMsgsPerOp
    scenario.keyCount = keyCount
    scenario.keyDistribution = keyDist
    scenario.maxTransactionLength = maxTxnLength
    scenario.maxWritesPerKey = maxWritesPerKey
  }
}

/// What is drawn, shown and kept.
struct ReportOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Fixes what the bench draws: requests, latencies, faults. A whole number from 0 on (default: drawn, and printed \
      by every run).
      """, valueName: "number"),
    transform: Parse.seed)
  var seed: UInt64?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How many times to run, from 1 to 1000000; the exit status is that of the worst run, and --seed counts on from \
      run to run (default: 1).
      """, valueName: "number"),
    transform: Parse.positiveInteger)
  var testCount = 1

  @Option(help: ArgumentHelp("Where results go.", valueName: "directory"))
  var store = "store"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How many MiB the record of messages may take, from 0, which makes none, to 65536; what comes later is left out of \
      it (default: 24).
      """, valueName: "number"),
    transform: Parse.recordLimit)
  var recordLimit = 24

  @Flag(help: "Show what nodes write to stderr, beside keeping it in node-logs/ (default: no).")
  var logStderr = false

  @Flag(help: "Show every message as it is sent (default: no).")
  var logNetSend = false

  @Flag(help: "Show every message as it is received (default: no).")
  var logNetRecv = false
}
