public import Glomers
public import History
public import Checkers

/// One test, described completely: what runs, under which load, network and faults. The same scenario and seed give
/// the same draws of the bench: operations, their times, latencies and partitions.
public struct Scenario: Equatable, Sendable {
  /// How the delays of messages between servers are drawn.
  public enum LatencyDistribution: String, CaseIterable, Sendable {
    /// Always the mean.
    case constant
    /// From nothing to twice the mean.
    case uniform
    /// With many short ones, and few very long ones.
    case exponential
  }

  /// How often kafka and transactions use each of their keys. Elle's names; Maelstrom draws exponentially.
  public enum KeyDistribution: String, CaseIterable, Sendable {
    /// Each key twice as often as the one before it.
    case exponential
    /// All keys alike.
    case uniform
    /// The i-th as often as 1 / i²; and the numbers of writes to the keys follow 1 / i, up to the most.
    case zipf
  }

  /// In which order a node gets what waits for it.
  public enum Delivery: String, CaseIterable, Sendable {
    /// As Maelstrom does it: whatever waits for a node waits behind the message that its courier has in hand.
    case inOrder = "in-order"
    /// Each message when it is due, whatever else is under way.
    case independent
  }

  /// What the nemesis does; Maelstrom has the first three.
  public enum Fault: String, CaseIterable, Sendable {
    /// The network is cut; nodes are killed and started again; nodes are stopped and go on.
    case partition, kill, pause
    /// Some nodes no longer hear some others.
    case oneWay = "one-way"
    /// Messages are lost, come twice, overtake each other, or take longer, each by itself.
    case loss, duplicate, reorder, slow
    /// Disks of nodes are full, or fail.
    case disk
    /// Clocks of nodes jump; in the simulator only. The clock on the wall jumps either way. A node of ours has only a
    /// monotonic clock, which jumps ahead; either way while the node is down, since its host may be started again.
    case skew
    /// Nodes are removed from the cluster, and added again, by requests that they may not know: Maelstrom's pull
    /// request 101.
    case membership
    /// A server that carries messages between hosts is killed and started again; over NATS only.
    case server

    /// Whether real processes can be made to suffer it.
    public var isForProcesses: Bool { self != .skew }
    /// Whether nodes in virtual time can be made to suffer it.
    public var isForSimulators: Bool { self != .server }
    /// Whether it makes something of single messages, as only the simulated network can.
    public var needsSimulatedNetwork: Bool { [.loss, .duplicate, .reorder, .slow].contains(self) }
  }

  /// What carries messages between nodes.
  public enum Carrier: String, CaseIterable, Sendable {
    /// This bench, whose network has latency and faults as Maelstrom's.
    case simulated
    /// The hosts of the nodes, past the bench, which hears of each message afterwards.
    case real
  }

  /// What becomes of a node that writes to a client that has given up, and has left its place to a new one.
  public enum LateReplies: String, CaseIterable, Sendable {
    /// Nothing is heard of the node any more until it is started again, as with Maelstrom.
    case silence
    /// What it wrote is dropped, and it goes on.
    case drop
  }

  /// How many clients there are.
  public enum Concurrency: Equatable, Sendable {
    /// So many in all.
    case clients(Int)
    /// So many for each node.
    case perNode(Int)
  }

  /// What clients do, and how the history is judged.
  public var workload: Workload
  /// The nodes' names; at least one, no two the same.
  public var nodes: [NodeID] = Scenario.numbered(0..<5)
  /// How many clients there are.
  public var concurrency: Concurrency = .perNode(1)
  /// Requests a second, over all clients together; 0 makes none.
  public var rate = 5.0
  /// How long requests are made; recovery and final reads come on top.
  public var timeLimit: Duration = .seconds(60)
  /// The mean delay between servers.
  public var latency: Duration = .zero
  /// How delays between servers are drawn.
  public var latencyDistribution: LatencyDistribution = .constant
  /// What the nemesis does.
  public var faults: Set<Fault> = []
  /// The mean time between two steps of the nemesis.
  public var nemesisInterval: Duration = .seconds(10)
  /// How long before the end of requests all faults end: what is asked for in this time shows whether nodes recover.
  /// Maelstrom has faults to the end.
  public var calmTime: Duration = .zero
  /// The neighbours that broadcast suggests to its nodes.
  public var topology: Topology = .grid
  /// Nil asks for nothing.
  public var availability: Availability?
  /// For transactional workloads: Maelstrom's names.
  public var consistencyModels: [String] = ["strict-serializable"]
  /// What nodes are held to beyond the workload's contract.
  public var demands: Set<Demand> = []
  /// The longest that polls of a log may lag behind what is known of it; nil allows any lag.
  public var lagMax: Duration?
  /// The most messages between servers for each operation; nil allows any number.
  public var messagesPerOperationMax: Double?
  /// How many keys are in use at a time; nil is the workload's own number.
  public var keyCount: Int?
  /// How often each key is used.
  public var keyDistribution: KeyDistribution = .exponential
  /// The most operations in one transaction.
  public var maxTransactionLength = 4
  /// How often a key is written to before another takes its place.
  public var maxWritesPerKey = 16
  /// Whether what nodes write to stderr is shown.
  public var logNodeErrors = false
  /// Whether each message is shown as it is sent.
  public var logNetworkSends = false
  /// Whether each message is shown as it arrives.
  public var logNetworkReceives = false
  /// How many bytes the record of messages may take; 0: none is made.
  public var recordBytesMax = 0
  /// In which order messages are delivered.
  public var delivery: Delivery = .inOrder
  /// What becomes of answers to clients that have gone.
  public var lateReplies: LateReplies = .silence
  /// Over NATS only, if it is real.
  public var carrier: Carrier = .simulated
  /// How many servers between the hosts can be killed, for ``Fault/server``.
  public var serverCount = 0
  /// How late the computer is. In the simulator only.
  public var machine: Machine.Kind = .ideal
  /// Decides all that is drawn.
  public var seed: UInt64 = 0
  /// How often a node that may lack an acknowledged value is asked what it has, past the network. Nil: never.
  public var probeInterval: Duration? = .milliseconds(20)
  /// What happens, instead of what is drawn; nil draws everything. In the simulator only.
  public var script: Script?
  /// Whether a run is to be written down as a script, with its history.
  public var isRecorded = false

  /// Maelstrom's defaults, with this workload.
  public init(_ workload: Workload) { self.workload = workload }

  /// What tests of one seed begin with: 3 nodes, 50 requests a second for 10 s, 10 ms, no faults.
  package static func brief(_ workload: Workload) -> Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = 3
    scenario.rate = 50
    scenario.timeLimit = .seconds(10)
    scenario.latency = .milliseconds(10)
    scenario.latencyDistribution = .exponential
    scenario.delivery = .independent
    scenario.nemesisInterval = .seconds(2)
    scenario.probeInterval = nil
    return scenario
  }

  /// How many nodes there are; setting it names them `n0`, `n1`, ….
  public var nodeCount: Int {
    get { nodes.count }
    set { nodes = Self.numbered(0..<newValue) }
  }

  /// `n` and a number, for each of these numbers.
  public static func numbered(_ numbers: Range<Int>) -> [NodeID] { numbers.map { NodeID("n\($0)") } }

  /// Whether nodes are given a place for what must survive a kill.
  public var keepsRecords: Bool { faults.contains(.kill) || faults.contains(.disk) }

  /// How many clients there are, over all nodes.
  public var clientCount: Int {
    if let script { return script.clients.count }
    return switch concurrency {
    case .clients(let count): count
    case .perNode(let count): count * nodeCount
    }
  }

  /// The arguments that make Maelstrom's `test` command run this; what it has no word for is left out.
  ///
  /// - Parameter bin: the node's executable.
  /// - Parameter arguments: what is passed on to each node.
  public func maelstromArguments(bin: String, arguments: [String] = []) -> [String] {
    var words = ["test", "-w", workload.rawValue, "--bin", bin]
    words +=
      nodes == Self.numbered(0..<nodeCount)
      ? ["--node-count", "\(nodeCount)"] : ["--nodes", nodes.map(\.name).joined(separator: ",")]
    switch concurrency {
    case .clients(let count): words += ["--concurrency", "\(count)"]
    case .perNode(let count): words += ["--concurrency", "\(count)n"]
    }
    words += ["--rate", Self.plain(rate), "--time-limit", Self.plain(timeLimit.seconds)]
    if latency != .zero {
      words += [
        "--latency", Self.plain(latency.milliseconds), "--latency-dist", latencyDistribution.rawValue,
      ]
    }
    if !faults.isEmpty {
      words += ["--nemesis", faults.map(\.rawValue).sorted().joined(separator: ",")]
      words += ["--nemesis-interval", Self.plain(nemesisInterval.seconds)]
    }
    if workload == .broadcast { words += ["--topology", topology.rawValue] }
    switch availability {
    case .total: words += ["--availability", "total"]
    case .fraction(let share): words += ["--availability", Self.plain(share)]
    case nil: break
    }
    words += demandArguments
    if logNodeErrors { words.append("--log-stderr") }
    if logNetworkSends { words.append("--log-net-send") }
    if logNetworkReceives { words.append("--log-net-recv") }
    return arguments.isEmpty ? words : words + ["--"] + arguments
  }

  /// The arguments that make this bench's `test` command run this.
  public func arguments(bin: String, arguments: [String] = []) -> [String] {
    let words = maelstromArguments(bin: bin)
    var own = demands.isEmpty ? [] : ["--also", demands.map(\.rawValue).sorted().joined(separator: ",")]
    if keyDistribution != .exponential { own += ["--key-dist", keyDistribution.rawValue] }
    return words + own + (arguments.isEmpty ? [] : ["--"] + arguments)
  }

  /// What differs from Maelstrom's defaults.
  private var demandArguments: [String] {
    let usual = Scenario(workload)
    var words: [String] = []
    if consistencyModels != usual.consistencyModels {
      words += ["--consistency-models", consistencyModels.joined(separator: ",")]
    }
    if let keyCount { words += ["--key-count", "\(keyCount)"] }
    if maxTransactionLength != usual.maxTransactionLength {
      words += ["--max-txn-length", "\(maxTransactionLength)"]
    }
    if maxWritesPerKey != usual.maxWritesPerKey { words += ["--max-writes-per-key", "\(maxWritesPerKey)"] }
    return words
  }

  /// How many keys are in use at any time, at least 1: what was asked for, or Elle's numbers.
  var poolSize: Int { max(1, keyCount ?? (keyDistribution == .uniform ? 3 : 10)) }

  /// Without a needless `.0`.
  private static func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
  }
}

/// Swarm testing: each seed has a mix of faults and a network of its own, so that rare combinations come up that a
/// fixed mix, however harsh, would never show (Groce et al.: *Swarm testing*, ISSTA 2012).
extension Scenario {
  /// Draws faults among those that are set, how often they come, latency, its kind and the delivery from the seed.
  /// Safety is looked at all the time; liveness in the last third, from which on there are no faults. In a run of less than
  /// 18 s that begins earlier, after half of it or 6 s before its end: clients wait 5 s for an answer, and one whose node was
  /// down from the start would not ask again before the run is over.
  public mutating func draw() {
    var random = Random(seed: seed ^ 0x7377_6172_6D)
    faults = Set(Fault.allCases.filter { faults.contains($0) && Bool.random(using: &random) })
    nemesisInterval = .milliseconds(Int.random(in: 500...10_000, using: &random))
    calmTime = max(timeLimit / 3, min(timeLimit / 2, .seconds(6)))
    latency = .milliseconds([0, 1, 10, 100].randomElement(using: &random)!)
    latencyDistribution = LatencyDistribution.allCases.randomElement(using: &random)!
    delivery = Delivery.allCases.randomElement(using: &random)!
  }
}
