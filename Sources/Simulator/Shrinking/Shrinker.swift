internal import Glomers
public import Lab
import Checkers

/// Makes a script that fails smaller until a person can read it: fewer requests, fewer and shorter faults, fewer
/// nodes and clients, simpler latencies and times. Each step is kept if the run still shows the same anomaly.
///
/// The same scenario and the same nodes give the same result, unless `isOver` says that time is up.
public struct Shrinker {
  /// How far it is.
  public struct Progress: Sendable {
    /// How many runs were tried.
    public let runCount: Int
    /// Requests that are left.
    public let requestCount: Int
    /// Faults, and messages that are lost, doubled or held up.
    public let faultCount: Int
    /// Nodes that are left.
    public let nodeCount: Int
    /// Clients that are left.
    public let clientCount: Int
    /// Messages that are left which don't take the scenario's latency.
    public let delayCount: Int

    /// - Parameter shrinker: how far it is now.
    public init(_ shrinker: Shrinker) {
      runCount = shrinker.runCount
      requestCount = shrinker.script.requests.count
      faultCount = shrinker.script.faults.count + shrinker.script.strikes.count
      nodeCount = shrinker.scenario.nodeCount
      clientCount = shrinker.script.clients.count
      delayCount = shrinker.script.delays.count
    }

    /// One line for people.
    public var words: String {
      func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
      let parts = [
        count(requestCount, "request"), count(faultCount, "fault"), count(nodeCount, "node"),
        count(clientCount, "client"),
      ]
      return (parts + (delayCount == 0 ? [] : [count(delayCount, "delay")])).joined(separator: ", ")
        + " after \(count(runCount, "run"))"
    }
  }

  /// After so many runs the smallest so far is good enough: most failures need a few hundred.
  public static var runsMax: Int { 5000 }

  /// So many delays are renumbered with each attempt: each costs as much as its link has messages.
  private static var movedDelaysMax: Int { 200 }

  private let anomaly: String
  private let run: (Scenario) -> SeedOutcome
  private let isOver: () -> Bool
  private let show: (Progress) -> Void
  /// The smallest so far, and its run.
  public private(set) var scenario: Scenario
  /// What became of it.
  public private(set) var outcome: SeedOutcome
  /// How many runs were tried.
  public private(set) var runCount = 0

  /// - Parameters:
  ///   - outcome: a run that was recorded, and that shows the anomaly.
  ///   - anomaly: its name must be among the failures of all that is kept.
  ///   - isOver: whether to stop with what there is.
  ///   - progress: gets news of each step that was kept.
  public init(
    _ outcome: SeedOutcome, shows anomaly: String, isOver: @escaping () -> Bool = { false },
    progress: @escaping (Progress) -> Void = { _ in }, run: @escaping (Scenario) -> SeedOutcome
  ) {
    precondition(outcome.scripted != nil, "only a run that was recorded can be shrunk")
    self.outcome = outcome
    scenario = outcome.scripted!.scenario
    self.anomaly = anomaly
    self.isOver = isOver
    self.run = run
    show = progress
  }

  private var script: Script { scenario.script! }

  /// Shrinks as far as it goes.
  public mutating func shrink() {
    takeBigSteps()
    var last: Scenario?
    while last != scenario, mayGoOn {
      last = scenario
      dropFaults()
      dropRequests()
      dropNodes()
      dropClients()
      narrowFaults()
      simplifyMessages()
    }
    roundTimes()
    dropRequests()
    tidy()
  }

  // MARK: Attempts

  private var mayGoOn: Bool { runCount < Self.runsMax && !isOver() }

  /// Keeps a change if the run still fails alike. Returns whether it does; a change of nothing is none.
  @discardableResult
  private mutating func attempt(
    withoutOthers: Bool = false, _ change: (inout Scenario) -> Void
  ) -> Bool {
    var candidate = scenario
    change(&candidate)
    return candidate != scenario && keep(candidate, withoutOthers: withoutOthers)
  }

  /// - Parameter withoutOthers: whether anomalies of kinds that the run did not show before speak against it.
  private mutating func keep(_ candidate: Scenario, withoutOthers: Bool) -> Bool {
    guard mayGoOn else { return false }
    runCount += 1
    var candidate = candidate
    candidate.concurrency = .clients(candidate.clientCount)
    var recorded = candidate
    recorded.isRecorded = true
    let outcome = run(recorded)
    let names = Set(outcome.failures.map(\.name))
    guard names.contains(anomaly), !withoutOthers || names.isSubset(of: self.outcome.failures.map(\.name))
    else {
      return false
    }
    self.outcome = outcome
    scenario = candidate
    show(Progress(self))
    return true
  }

  /// Drops elements of a list that are not needed.
  private mutating func minimize<Element>(_ list: WritableKeyPath<Script, [Element]>) {
    guard !script[keyPath: list].isEmpty else { return }
    _ = ddmin(script[keyPath: list]) { part in
      attempt { $0.script![keyPath: list] = part }
    }
  }

  // MARK: Steps

  /// What often succeeds at once, and makes all further runs cheaper.
  private mutating func takeBigSteps() {
    let evidence = outcome.scripted!.evidence
    let isSimple = attempt {
      $0.script!.delays = []
      $0.script!.strikes = []
      $0.script!.faults = []
      $0.machine = .ideal
    }
    if !isSimple {
      attempt { $0.machine = .ideal }
      attempt { $0.script!.delays = [] }
      attempt { $0.script!.strikes = [] }
      attempt { $0.script!.faults = [] }
    }
    attempt { scenario in
      let requests = scenario.script!.requests
      scenario.script!.requests = evidence.map { requests[$0] }
    }
    // What else is demanded would only show more than is wanted.
    if !attempt({ $0.demands = [] }) {
      for demand in Demand.allCases where scenario.demands.contains(demand) {
        if attempt({ $0.demands = [demand] }) { break }
      }
    }
  }

  private mutating func dropFaults() {
    minimize(\.faults)
    minimize(\.strikes)
    // Nodes keep nothing on disks where nothing happens to them.
    attempt { scenario in
      let left = scenario.script!.faults.map(\.harm.fault)
      scenario.faults = scenario.faults.intersection(left)
    }
  }

  private mutating func dropRequests() {
    _ = ddmin(script.requests) { part in
      // Without requests their messages are missing too, and later ones have other numbers.
      let sendTimes = outcome.scripted!.sendTimes
      let isNumbered = !script.strikes.isEmpty || 1...Self.movedDelaysMax ~= script.delays.count
      return isNumbered && attempt { $0.script!.keep(part, sendTimes) }
        || attempt { $0.script!.requests = part }
    }
    attempt { $0.script!.end = .zero }
    // Final operations are left out where nobody misses them: no anomaly of another kind may come of it.
    if script.finals == nil { attempt(withoutOthers: true) { $0.script!.finals = [] } }
  }

  private mutating func dropNodes() {
    for node in scenario.nodes.reversed() where scenario.nodeCount > 1 {
      if attempt({ $0.drop(node, movingRequests: false) }) { continue }
      attempt { $0.drop(node, movingRequests: true) }
    }
  }

  private mutating func dropClients() {
    for client in script.clients.indices.reversed() where script.clients.count > 1 {
      if attempt({ $0.script!.drop(client: client, into: nil) }) { continue }
      // Another client of the same node, or of any, may ask for it instead.
      let others = script.clients.indices.filter { $0 != client }
      let order = others.filter { script.clients[$0] == script.clients[client] } + others.prefix(3)
      for other in order {
        if attempt({ $0.script!.drop(client: client, into: other) }) { break }
      }
    }
  }

  /// Fewer nodes that a fault hits, for a shorter time.
  private mutating func narrowFaults() {
    for place in script.faults.indices {
      _ = ddmin(script.faults[place].harm.targets) { part in
        !part.isEmpty
          && attempt { scenario in
            let harm = scenario.script!.faults[place].harm
            scenario.script!.faults[place].harm = harm.limited(to: part)
          }
      }
      // Halves what is left, at either side.
      for _ in 0..<8 {
        guard let end = script.faults[place].end, end > script.faults[place].start else { break }
        let half = (end - script.faults[place].start) / 2
        guard half >= .milliseconds(1) else { break }
        let isShorter =
          attempt { $0.script!.faults[place].end! -= half }
          || attempt { $0.script!.faults[place].start += half }
        if !isShorter { break }
      }
    }
  }

  /// Constant latency; where that does not do, as few messages as possible that take another time.
  private mutating func simplifyMessages() {
    guard !script.delays.isEmpty else { return }
    guard !attempt({ $0.script!.delays = [] }) else { return }
    // Messages that are no longer sent need no delays.
    let sent = outcome.scripted!.scenario.script!.delays
    attempt { $0.script!.delays = sent }
    minimize(\.delays)
    for place in script.delays.indices {
      for milliseconds in [0, 1, 10, 100, 1000] {
        if attempt({ $0.script!.delays[place].delay = .milliseconds(milliseconds) }) { break }
      }
    }
  }

  /// Times that are easy to read: all at even distances, or each as round as it can be.
  private mutating func roundTimes() {
    for step in [Duration.seconds(1), .milliseconds(100), .milliseconds(10), .milliseconds(1)] {
      let times = script.times
      let map = Dictionary(uniqueKeysWithValues: times.enumerated().map { ($1, step * ($0 + 1)) })
      if attempt({ $0.script!.moveTimes { map[$0]! } }) { return }
    }
    if let first = script.times.first {
      attempt { $0.script!.moveTimes { $0 - first } }
    }
    for step in [
      Duration.seconds(1), .milliseconds(100), .milliseconds(10), .milliseconds(1), .microseconds(1),
    ] {
      let round = { (time: Duration) in
        .nanoseconds(time.nanoseconds / step.nanoseconds * step.nanoseconds) as Duration
      }
      if attempt({ $0.script!.moveTimes(round) }) { break }
    }
    for time in script.times {
      for step in [Duration.seconds(1), .milliseconds(100), .milliseconds(10)] {
        let rounded = Duration.nanoseconds(time.nanoseconds / step.nanoseconds * step.nanoseconds)
        if attempt({ $0.script!.moveTimes { $0 == time ? rounded : $0 } }) { break }
      }
    }
  }

  private mutating func tidy() {
    for latency in [Duration.zero, .milliseconds(1), .milliseconds(10), .milliseconds(100)]
    where latency < scenario.latency {
      if attempt({ $0.latency = latency }) { break }
    }
    attempt { $0.delivery = .inOrder }
    attempt { $0.script!.calm = nil }
    if scenario.keyCount != nil { attempt { $0.keyCount = 1 } }
    attempt { scenario in
      let keys = scenario.script!.requests.compactMap { $0.value.array }.joined().compactMap {
        $0.array?.dropFirst().first?.integer
      }
      if let last = keys.max(), scenario.keyCount != nil { scenario.keyCount = last + 1 }
    }
  }
}
