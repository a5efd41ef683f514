import History
import Checkers
import Glomers
import Lab
import Testing
import Wire
import Workloads

@testable import Simulator

@Suite("Simulation")
struct SimulationTests {
  private var partitioned: Scenario {
    var scenario = Scenario(.broadcast)
    scenario.rate = 20
    scenario.timeLimit = .seconds(20)
    scenario.latency = .milliseconds(50)
    scenario.latencyDistribution = .exponential
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(4)
    scenario.seed = 7
    return scenario
  }

  @Test("a broadcast that tells everybody until they answer is valid under partitions")
  func floodIsValid() {
    let results = Simulation<FloodNode>.run(partitioned)
    #expect(results.verdict == .valid, "\(results.tree)")
    #expect(results.anomalies.isEmpty)
  }

  @Test("one seed gives one run, and another seed another")
  func determinism() {
    func digest(_ seed: UInt64) -> Digest {
      var scenario = partitioned
      scenario.seed = seed
      var simulation = Simulation<FloodNode>(scenario)
      simulation.finish()
      return simulation.digest
    }
    #expect(digest(1) == digest(1))
    #expect(digest(1) != digest(2))
  }

  @Test("a broadcast that tells nobody is found out")
  func silenceIsInvalid() {
    var scenario = partitioned
    scenario.faults = []
    let results = Simulation<FloodNode>.run(scenario, options: ["tells": .flag(false)])
    #expect(results.verdict == .invalid)
  }

  @Test("virtual time stops where it is told to, and goes on from there to the same end")
  func pieces() {
    var whole = Simulation<FloodNode>(partitioned)
    whole.finish()
    var pieces = Simulation<FloodNode>(partitioned)
    for second in 1...8 {
      let instant = Instant(nanoseconds: Int64(second) * 1_000_000_000)
      pieces.run(until: instant)
      #expect(pieces.now == instant && !pieces.test.isFinished)
    }
    pieces.finish()
    #expect(pieces.digest == whole.digest)
    #expect(pieces.test.history == whole.test.history)
  }

  @Test("nodes that answer each other for ever end the test instead of time")
  func endlessTalk() {
    var simulation = Simulation<ChatteringNode>(stage(.echo, nodes: 2))
    simulation.finish()
    #expect(simulation.test.anomalies.map(\.name) == ["endless-talk"])
    #expect(simulation.test.results().verdict == .invalid)
  }

  @Test("a node whose timer is always due ends the test instead of time")
  func endlessTimer() {
    var simulation = Simulation<ImpatientNode>(stage(.echo, nodes: 2))
    simulation.finish()
    #expect(simulation.test.anomalies.map(\.name) == ["endless-talk"])
  }

  @Test("a run ends where an invariant of its nodes no longer holds, and says which")
  func invariants() {
    var simulation = Simulation<CountedNode>(stage(.echo, nodes: 2))
    simulation.finish()
    #expect(simulation.test.anomalies.map(\.name) == ["too-many"])
    #expect(simulation.test.anomalies[0].detail == "the nodes have taken 4 together")
    #expect(simulation.test.history.operations.count < 20 && simulation.test.results().verdict == .invalid)
  }

  @Test("nodes' clocks have run for anything from nothing to ten years")
  func clockAges() {
    var ages: [Instant] = []
    for seed in 1...40 {
      var scenario = stage(.echo, nodes: 1)
      scenario.seed = UInt64(seed)
      ages.append(Simulation<PlainNode>(scenario).members[0].clock(at: .zero))
    }
    let year = Duration.seconds(365 * 86_400)
    #expect(ages.min()! >= .zero && ages.min()! < .zero + year)
    #expect(ages.max()! > .zero + year * 9 && ages.max()! < .zero + year * 10)
  }

  @Test("a node of another workload is refused at the set-up, with its own words")
  func wrongWorkload() {
    var simulation = Simulation<PlainNode>(stage(.broadcast, nodes: 1))
    simulation.finish()
    // It does not know topology, says so, and the set-up fails.
    #expect(simulation.test.anomalies.map(\.name) == ["setup-failed"])
    #expect(simulation.test.anomalies[0].detail.contains("unknown message type"))
  }
}

/// Echoes, and knows nothing else.
private struct PlainNode: Node {
  typealias Message = Echo

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {}

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Self>) {
    guard case .echo(let value) = message else { return }
    context.reply(.echoOk(value), to: request)
  }
}

/// Wakes itself at once, whenever it is woken.
private struct ImpatientNode: Node {
  typealias Message = Echo
  enum Timer { case now }

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    context.wake(.now, at: context.now)
  }

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Self>) {}

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) { context.wake(.now, at: context.now) }
}

/// Goes on for ever with its peers, who ask for no answer.
private struct ChatteringNode: Node {
  typealias Message = Echo

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    for peer in cluster.peers { context.send(.echo(1), to: peer) }
  }

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Self>) {
    guard case .echo(let value) = message else { return }
    if request.id == nil { context.send(message, to: request.source) }
    context.reply(.echoOk(value), to: request)
  }
}

/// Echoes, and counts; all of these nodes together may take three requests.
private struct CountedNode: Node {
  typealias Message = Echo

  struct Invariants: ClusterInvariants {
    private var counts: [NodeID: Int] = [:]

    mutating func look(at node: CountedNode, isStored: Bool, keepsRecords: Bool) -> Breach? {
      counts[node.me] = node.count
      let sum = counts.values.reduce(0, +)
      return sum > 3 ? Breach("too-many", "the nodes have taken \(sum) together") : nil
    }
  }

  private let me: NodeID
  private var count = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) { me = cluster.me }

  mutating func receive(_ message: Echo, _ request: Request, _ context: inout Context<Self>) {
    count += 1
    if case .echo(let payload) = message { context.reply(.echoOk(payload), to: request) }
  }
}
