public import Glomers
internal import Wire
internal import Workloads

extension TestRun {
  enum Phase: Equatable {
    case idle
    /// How many nodes have yet to answer `init`.
    case starting(waiting: Int)
    case settingUp(waiting: Int)
    /// Operations begin until the cutoff.
    case running(cutoff: Instant)
    case draining
    case recovering(until: Instant)
    case finalReads
    case finished
  }

  mutating func startNodes() {
    phase = .starting(waiting: nodes.count)
    for node in nodes {
      actions.append(.start(node))
      let client = openClient(node)
      ask(client, .initialize, patience: Self.initializationPatience) { [nodes] body in
        body.member("type", "init")
        body.member("node_id", node.name)
        body.member("node_ids", nodes.map(\.name))
      }
    }
  }

  /// A node has answered `init`, or the topology.
  mutating func prepared(_ client: NodeID) {
    closeClient(client)
    switch phase {
    case .starting(1): setUp()
    case .starting(let waiting): phase = .starting(waiting: waiting - 1)
    case .settingUp(1): run()
    case .settingUp(let waiting): phase = .settingUp(waiting: waiting - 1)
    default: break
    }
  }

  private mutating func setUp() {
    origin = clock
    guard scenario.workload == .broadcast else { return run() }
    phase = .settingUp(waiting: nodes.count)
    let topology = scenario.topology.neighbours(nodes)
    for node in nodes {
      let client = openClient(node)
      ask(client, .setUp, patience: Self.operationPatience) { body in
        Broadcast.topology(
          Dictionary(uniqueKeysWithValues: topology.map { ($0.name, $1.map(\.name)) })
        ).write(to: &body)
      }
    }
  }

  private mutating func run() {
    var random = choices.split()
    arrivals = Stagger(
      mean: scenario.rate > 0 ? .seconds(min(1 / scenario.rate, Self.foreverSeconds)) : .zero, begin: clock,
      random: random.split())
    nemesis = Nemesis(scenario, begin: clock, random: random.split())
    phase = .running(cutoff: clock + min(scenario.timeLimit, .seconds(Self.foreverSeconds)))
  }

  /// Thirty years: longer than any test, and sums of it are still instants.
  private static var foreverSeconds: Double { 1e9 }

  /// When the next operation is due, if a client is free; beyond all time where none are asked for.
  var nextArrival: Instant { scenario.rate > 0 ? arrivals.next : Instant(nanoseconds: .max) }

  /// Goes on to the next phase when this one is over.
  mutating func settlePhase() {
    switch phase {
    case .running(let cutoff):
      // Jepsen's time limit ends when the earliest of the next operations would come after it.
      let next = min(nextArrival, nemesis.deadline ?? nextArrival)
      if clock >= cutoff || (next >= cutoff && scenario.rate > 0) {
        phase = .draining
        settlePhase()
      }
    case .draining where freeWorkers.count == workers.count:
      guard scenario.workload.hasFinalReads else { return finish() }
      for step in nemesis.finalSteps { carryOut(step) }
      phase = .recovering(until: clock + Self.recoveryTime)
      actions.append(.note("Waiting for recovery..."))
    case .recovering(let end) where clock >= end:
      phase = .finalReads
      for worker in workers.indices { begin(Invocation(function: "read", isFinal: true), by: worker) }
      freeWorkers.removeAll()
    case .finalReads where freeWorkers.count == workers.count:
      finish()
    default: break
    }
  }

  /// Ends the test before its time: because it can't go on, or because the people who watch have had enough. What
  /// was seen so far can still be judged.
  ///
  /// - Parameters:
  ///   - reason: for the people.
  ///   - anomaly: the name of what is wrong, where it is the nodes' fault.
  public mutating func abandon(_ reason: String, as anomaly: String? = nil, at now: Instant) {
    guard phase != .finished else { return }
    clock = max(clock, now)
    if let anomaly { report(anomaly, reason, nil) }
    actions.append(.note(reason))
    finish()
  }

  mutating func finish() {
    guard phase != .finished else { return }
    phase = .finished
    for node in nodes where !dead.contains(node) { actions.append(.stop(node)) }
  }

  // MARK: Faults

  mutating func stepNemesis() { carryOut(nemesis.step()) }

  private mutating func carryOut(_ step: Nemesis.Step) {
    record(step, step.value)
    switch step {
    case .startPartition(let shape):
      let grudge = nemesis.grudge(shape, nodes)
      network.impose(.partition(grudge))
      counts.faults = ["partition (\(shape.rawValue))"]
      record(step, ["isolated", grudge.json])
    case .stopPartition:
      network.lift("partition")
      if !counts.faults.isEmpty { visibility.healed(at: clock) }
      counts.faults = []
      record(step, "network-healed")
    }
  }

  private mutating func record(_ step: Nemesis.Step, _ value: JSON) {
    history.append(
      Operation(time: time, kind: .info, process: .nemesis, function: step.function, value: value))
  }
}
