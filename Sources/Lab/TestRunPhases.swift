public import Checkers
public import Glomers
internal import Wire

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
    case finalOperations
    case finished
  }

  mutating func startNodes() {
    phase = .starting(waiting: nodes.count)
    for node in nodes {
      actions.append(.start(node))
      let client = openClient(node, for: .initialization)
      ask(client, .initialize, patience: Self.initializationPatience) { [nodes] body in
        body.member("type", "init")
        body.member("node_id", node.name)
        body.member("node_ids", nodes.map(\.name))
      }
    }
  }

  /// A node has answered `init`, or what it was told to prepare it.
  mutating func prepared(_ client: Int) {
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
    record?.origin(at: clock)
    let setUps = nodes.compactMap { node in load.setUp(node).map { (node, $0) } }
    guard !setUps.isEmpty else { return run() }
    phase = .settingUp(waiting: setUps.count)
    for (node, setUp) in setUps {
      ask(openClient(node, for: .preparation), .setUp(setUp.type), patience: load.patience) {
        setUp.message.write(to: &$0)
      }
    }
  }

  private mutating func run() {
    var random = choices.split()
    arrivals = Stagger(
      mean: scenario.rate > 0 ? .seconds(min(1 / scenario.rate, Self.foreverSeconds)) : .zero, begin: clock,
      random: random.split())
    nemesis = Nemesis(scenario, begin: clock, random: random.split())
    let limit = min(scenario.timeLimit, .seconds(Self.foreverSeconds))
    phase = .running(cutoff: clock + limit)
    if scenario.calmTime > .zero, !scenario.faults.isEmpty {
      calm = clock + max(limit - scenario.calmTime, .zero)
    }
    loadStart = clock
    states.awaitLines(of: nodes)
    recorder?.calm(calm.map { $0 - origin })
    guard let player else { return }
    phase = .running(cutoff: origin + player.script.end)
    calm = player.script.calm.map { origin + $0 }
    if let rule = player.rule { network.impose(rule) }
  }

  /// Thirty years: longer than any test, and sums of it are still instants.
  private static var foreverSeconds: Double { 1e9 }

  /// When the next operation is due, if a client is free; beyond all time where none are asked for.
  var nextArrival: Instant { scenario.rate > 0 ? arrivals.next : Instant(nanoseconds: .max) }

  /// Goes on to the next phase when this one is over.
  mutating func settlePhase() {
    switch phase {
    case .running(let cutoff) where player != nil:
      if player!.isDone, clock >= cutoff { drain() }
    case .running(let cutoff):
      // Jepsen's time limit ends when the earliest of the next operations would come after it.
      let next = min(nextArrival, nemesis.deadline ?? nextArrival)
      if clock >= cutoff || (next >= cutoff && scenario.rate > 0) {
        drain()
      }
    case .draining where freeWorkers.count == workers.count:
      guard load.hasFinalOperations, scenario.script?.finals?.isEmpty != true else { return finish() }
      endFaults()
      phase = .recovering(until: clock + Self.recoveryTime)
      actions.append(.note("Waiting for recovery..."))
    case .recovering(let end) where clock >= end:
      phase = .finalOperations
      stepFinals()
    case .finalOperations: stepFinals()
    default: break
    }
  }

  /// No more requests are made.
  private mutating func drain() {
    noting { $0.drained(at: $1) }
    phase = .draining
    settlePhase()
  }

  /// Every free worker does what it has to do at the end.
  private mutating func stepFinals() {
    // An operation that ends as soon as it begins leaves its worker free again.
    while let worker = freeWorkers.filter({ workers[$0].finalDue.map { $0 <= clock } ?? false }).min() {
      switch load.finalStep(for: workers[worker], after: workers[worker].finalCount, at: time) {
      case .begin(let invocation):
        workers[worker].finalCount += 1
        freeWorkers.removeAll { $0 == worker }
        begin(invocation, by: worker)
      case .wait(let due):
        precondition(due > time, "worker \(worker) waits for the past: \(due)")
        workers[worker].finalDue = origin + due
      case .done: workers[worker].finalDue = nil
      }
    }
    if workers.allSatisfy({ $0.finalDue == nil }) { finish() }
  }

  /// When the next of the workers that wait goes on.
  var nextFinal: Instant? { freeWorkers.compactMap { workers[$0].finalDue }.min() }

  /// Ends the test before its time: because it can't go on, or because the people who watch have had enough. What
  /// was seen so far can still be judged.
  ///
  /// - Parameters:
  ///   - reason: for the people.
  ///   - anomaly: the name of what is wrong, where it is the nodes' fault.
  public mutating func abandon(
    _ reason: String, as anomaly: String? = nil, severity: Anomaly.Severity = .invalid, at now: Instant
  ) {
    guard phase != .finished else { return }
    clock = max(clock, now)
    if let anomaly { report(anomaly, reason, nil, severity: severity) }
    actions.append(.note(reason))
    finish()
  }

  mutating func finish() {
    guard phase != .finished else { return }
    phase = .finished
    record?.end(at: clock)
    for node in nodes where !states.dead.contains(node) { actions.append(.stop(node)) }
  }
}
