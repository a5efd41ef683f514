public import Glomers
internal import HeapModule
import Wire
public import History
public import Checkers

/// A whole test as one state machine: nodes are started and initialized, clients load them over the simulated
/// network, the nemesis cuts it, and at the end everybody is asked what it has. It follows Maelstrom step by step.
///
/// Sans-IO: what nodes print, and the time, come in as arguments; what is to be done comes out of ``drain(_:)``. So
/// processes in real time and hosts in virtual time run the same test. The driver hands over what came in, advances to
/// the present, drains, and sleeps until ``deadline``.
public struct TestRun {
  /// What the driver is to do, in this order.
  public enum Action: Equatable, Sendable {
    /// Starts a node; it will be initialized by a message.
    case start(NodeID)
    /// A line for a node's standard input, its newline included.
    case deliver([UInt8], to: NodeID)
    /// Ends a node at once: SIGKILL. It may be started again.
    case kill(NodeID)
    /// Stops a node from doing anything, until it is resumed: SIGSTOP.
    case pause(NodeID)
    /// SIGCONT.
    case resume(NodeID)
    /// A node's disk is full, or fails, or works again. Nodes that keep nothing have none.
    case setDisk(NodeID, DiskCondition)
    /// Moves a node's clock. Only a simulator can.
    case skew(NodeID, by: Duration)
    /// The test is over for this node, whatever it is doing.
    case stop(NodeID)
    /// One line for the people who watch.
    case note(String)
  }

  /// The wait for the answer to `init`: Maelstrom's.
  public static var initializationPatience: Duration { .seconds(10) }
  /// Between the end of faults and the final reads: Maelstrom's.
  public static var recoveryTime: Duration { .seconds(10) }

  /// What is tested, and under which conditions.
  public let scenario: Scenario
  /// The nodes' names, in their order.
  public let nodes: [NodeID]
  /// Everything that clients and the nemesis did.
  public internal(set) var history = History()
  /// The traffic so far, probes not counted.
  public internal(set) var journal = Journal()
  /// How long acknowledged values take to reach every node; for workloads that ask for it.
  public internal(set) var visibility: Visibility
  /// When the last message between servers was sent, since the test's start; nil if none was.
  public var lastServerMessage: Duration? { lastServerSend.map { $0 - origin } }

  var phase: Phase = .idle
  var clock: Instant = .zero
  /// When every node was initialized: times in the history count from here.
  public internal(set) var origin: Instant = .zero
  var actions: [Action] = []
  var orders: [HostOrder] = []
  /// Partitions in force, by their rules' names.
  var cuts: [String: Grudge] = [:]
  /// Messages that hosts carry past the bench.
  var carried = CarriedMessages()
  var serverDown: Int?
  /// When all faults are to end, if that is before the end of requests.
  var calm: Instant?
  var lastServerSend: Instant?

  var network: Network
  var latencies: LatencyGenerator
  var nextMessageID = 0
  let desk = LineDesk()
  var services: ServiceDesk

  /// All there have been, by number.
  var clients: [Client] = []
  var workers: [Worker]
  var freeWorkers: [Int]
  /// When a worker became free after a time in which none was.
  var latestRelease: Instant = .zero
  var patience = Heap<Patience>()

  var load: any Load
  /// Its own, which it makes anew each time that it is asked.
  let replyMembers: [String: String]
  let checker: any Checker
  var arrivals: Stagger
  var nemesis: Nemesis
  var choices: Random

  var prober: Prober
  var anomalyLog = AnomalyLog()
  /// What became of each message; nil where nobody asks for it.
  var record: MessageRecord?
  /// What has become of the nodes.
  var states = NodeStates()
  /// What nodes have printed before the load begins.
  var openings: [NodeID: Opening] = [:]
  var membership: MembershipChanges
  /// Faults under way, in words.
  var faults: [Scenario.Fault: String] = [:]
  var counts = Progress()

  /// What the nodes have come across.
  public internal(set) var encounters = Encounters()
  /// Nil where nobody is killed.
  var tellings: Tellings?
  /// When requests began.
  var loadStart: Instant?

  /// Nil where everything is drawn.
  var player: ScriptPlayer?
  /// Nil where nobody wants a script.
  var recorder: ScriptRecorder?
  /// Nil where nobody asks for a message by its number.
  var counter: MessageCounter?
  /// What became of single messages, of a run that is recorded.
  public internal(set) var strikes: [SeenStrike] = []

  /// A test of one of Maelstrom's workloads.
  public init(_ scenario: Scenario) {
    self.init(scenario, checker: scenario.workload.checker(scenario)) {
      scenario.workload.load.init(scenario, random: $0)
    }
  }

  /// A test of a workload that is none of Maelstrom's: the scenario's own is not used.
  public init(_ scenario: Scenario, workload: some OwnWorkload) {
    self.init(scenario, checker: OwnChecker(workload)) { OwnLoad(workload, random: $0) }
  }

  private init(_ scenario: Scenario, checker: any Checker, load makeLoad: (Random) -> any Load) {
    var random = Random(seed: scenario.seed)
    self.scenario = scenario
    nodes = scenario.nodes
    network = Network(
      nodes + ServiceDesk.names, scenario.delivery,
      machine: Machine(scenario.machine, nodeCount: nodes.count, seed: scenario.seed))
    latencies = LatencyGenerator(scenario, random: random.split())
    let load = makeLoad(random.split())
    self.load = load
    replyMembers = load.replyMembers
    self.checker = checker
    arrivals = Stagger(mean: .zero, begin: .zero, random: random.split())
    nemesis = Nemesis(scenario, begin: .zero, random: random.split())
    choices = random.split()
    membership = MembershipChanges(seed: scenario.seed)
    services = ServiceDesk(random: random.split())
    let clients =
      scenario.script?.clients ?? (0..<scenario.clientCount).map { [nodes] in nodes[$0 % nodes.count] }
    var served: Set<NodeID> = []
    workers = clients.enumerated().map { Worker(number: $0, node: $1, isFirst: served.insert($1).inserted) }
    freeWorkers = Array(workers.indices)
    prober = Prober(interval: load.probe == nil ? nil : scenario.probeInterval)
    visibility = Visibility(nodes: nodes)
    if scenario.recordBytesMax > 0 {
      record = MessageRecord(limit: scenario.recordBytesMax)
      network.keepsMishaps = true
    }
    if scenario.faults.contains(.kill), nodes.count > 1 { tellings = Tellings(nodeCount: nodes.count) }
    player = scenario.script.map { ScriptPlayer($0) }
    if scenario.isRecorded { recorder = ScriptRecorder(clients: clients) }
    if player != nil || recorder != nil { counter = MessageCounter() }
    if let finals = scenario.script?.finals {
      for place in workers.indices where !finals.contains(place) { workers[place].finalDue = nil }
    }
  }

  // MARK: Events

  /// Starts the nodes.
  public mutating func begin(at now: Instant) {
    precondition(phase == .idle, "a test begins once")
    clock = now
    let scenario = scenario
    record?.begin(scenario, at: now)
    startNodes()
  }

  /// Does everything that is due by `now`, earliest first.
  public mutating func advance(to now: Instant) {
    clock = max(clock, now)
    while let (due, event) = nextEvent, due <= clock {
      switch event {
      case .delivery: deliverDue()
      case .patience: giveUpDue()
      case .arrival: beginOperation()
      case .nemesis: stepNemesis()
      case .membership: stepMembership()
      case .calm: endFaults()
      case .probe: probe()
      case .phase: break
      }
      settlePhase()
    }
  }

  /// When ``advance(to:)`` is next needed; nil when the test only waits for nodes, or is over.
  public var deadline: Instant? { nextEvent?.due }

  /// Hands out what is to be done.
  public mutating func drain(_ carryOut: (Action) -> Void) {
    // Taken out and put back, so that its memory is used again.
    var batch: [Action] = []
    swap(&batch, &actions)
    for action in batch { carryOut(action) }
    batch.removeAll(keepingCapacity: true)
    swap(&batch, &actions)
  }

  /// Hands out what is to be done in exchange for memory to use again: a list that is empty.
  public mutating func drain(into list: inout [Action]) {
    precondition(list.isEmpty, "what was to be done would be lost")
    swap(&list, &actions)
  }

  /// Whether the verdict is there.
  public var isFinished: Bool { phase == .finished }

  /// When a timer of a node that is due now reaches it: later on a machine that is late.
  public mutating func turn(ofNodeAt place: Int, due: Instant) -> Instant {
    network.turn(of: place, due: due)
  }

  /// The place of a node in ``nodes``.
  public func place(of node: NodeID) -> Int? { network.place(of: node) }

  /// The anomalies seen so far, without what the checkers will find.
  public var anomalies: [Anomaly] { anomalyLog.anomalies }

  /// Since the test's start.
  var time: Duration { clock - origin }

  // MARK: What is next

  enum Event { case delivery, patience, arrival, nemesis, membership, calm, probe, phase }

  /// The earliest thing to do. Of several at one instant, a delivery goes first.
  private var nextEvent: (due: Instant, event: Event)? {
    var next: (due: Instant, event: Event)?
    func consider(_ due: Instant?, _ event: Event) {
      guard let due, next.map({ due < $0.due }) ?? true else { return }
      next = (due, event)
    }
    guard phase != .idle, phase != .finished else { return nil }
    consider(network.deadline, .delivery)
    consider(patience.min?.due, .patience)
    consider(membership.due, .membership)
    if case .running(let cutoff) = phase {
      if let player {
        consider(player.nextRequest(of: freeWorkers).map { origin + $0.time }, .arrival)
        consider(player.nextEdge.map { origin + $0 }, .nemesis)
      } else {
        if nextArrival < cutoff, !freeWorkers.isEmpty { consider(nextArrival, .arrival) }
        if let step = nemesis.deadline, step < cutoff { consider(step, .nemesis) }
      }
      if let calm { consider(calm, .calm) }
      if player?.isDone ?? true { consider(cutoff, .phase) }
    }
    if case .recovering(let end) = phase { consider(end, .phase) }
    if phase == .finalOperations { consider(nextFinal, .phase) }
    consider(prober.due, .probe)
    return next
  }
}

/// A thread of Jepsen's: does one operation at a time, at one node, as one process after the other.
struct Worker: Sendable {
  /// They count from 0.
  let number: Int
  let node: NodeID
  /// Whether it is the first of those at its node.
  let isFirst: Bool
  /// Rises by the number of workers whenever nobody knows how an operation ended.
  var process: Int
  /// Opened with the first operation of a process, and the process that opened it.
  var client: Int?
  var clientProcess: Int?
  /// How many final operations it has done, and when it goes on with them; nil when it has done all.
  var finalCount = 0
  var finalDue: Instant? = .zero
  /// How many messages its node had sent to others when its request went out; 0 where nobody is killed.
  var tellings = 0

  init(number: Int, node: NodeID, isFirst: Bool = true) {
    self.number = number
    self.node = node
    self.isFirst = isFirst
    process = number
  }
}

/// When a client gives up on a question.
struct Patience: Comparable, Sendable {
  let due: Instant
  let client: Int
  let question: Int

  static func < (a: Patience, b: Patience) -> Bool {
    (a.due, a.question, a.client) < (b.due, b.question, b.client)
  }
}
