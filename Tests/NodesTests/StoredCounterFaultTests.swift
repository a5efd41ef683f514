import Glomers
import Lab
import Simulator
import Support
import Testing
import Workloads

@testable import Nodes
@testable import Services

/// Nodes and their service, with every message delayed at random, requests delivered up to three times, answers lost,
/// and nodes killed and started anew while what they sent is still under way.
private struct Cluster3 {
  private static let names: [NodeID] = ["n0", "n1", "n2"]
  private static let options: [String: Option.Value] = [
    "store": .choice("seq-kv", of: ["local", "seq-kv"])
  ]

  private enum Event {
    case arrives(KV, ask: Int)
    case answered(Outcome<KV>, ask: Int)
  }

  private struct Ask {
    let node: Int
    let life: Int
    let then: CounterOnSeqKVNode<PositiveNegative>.Ask
    var isOpen = true
  }

  enum Fate { case unknown, done, refused }

  private var random: Random
  private var store = SequentialKV()
  private var trials: [Trial<CounterOnSeqKVNode<PositiveNegative>>] = []
  private var lives = [0, 0, 0]
  private var asks: [Ask] = []
  private var events: [(due: Int, event: Event)] = []
  private var now = 0
  private var lastRequest = 0
  private(set) var adds: [Int: (delta: Int, fate: Fate)] = [:]
  private(set) var reads: [Int: Int] = [:]

  init(seed: UInt64) {
    random = Random(seed: seed)
    for place in 0..<3 { trials.append(start(place)) }
  }

  private mutating func start(_ place: Int) -> Trial<CounterOnSeqKVNode<PositiveNegative>> {
    Trial(
      CounterOnSeqKVNode<PositiveNegative>.self, me: Self.names[place], nodes: Self.names,
      options: Self.options,
      seed: random.next())
  }

  mutating func add(_ delta: Int, at place: Int) {
    lastRequest += 1
    adds[lastRequest] = (delta, .unknown)
    carryOut(trials[place].receive(.add(delta), id: lastRequest), of: place)
  }

  /// Returns the request, under which the value will be found in ``reads``.
  mutating func read(at place: Int) -> Int {
    lastRequest += 1
    carryOut(trials[place].receive(.read, id: lastRequest), of: place)
    return lastRequest
  }

  mutating func kill(_ place: Int) {
    lives[place] += 1
    trials[place] = start(place)
  }

  private mutating func carryOut(_ effects: [Effect<CounterOnSeqKVNode<PositiveNegative>>], of place: Int) {
    for effect in effects {
      switch effect {
      case .ask(_, let request, let then, _):
        asks.append(Ask(node: place, life: lives[place], then: then))
        // One copy comes through and is answered in any case: the host asks until it is.
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          events.append((later(), .arrives(request, ask: asks.count - 1)))
        }
      case .reply(.addOk, let request): adds[request.id!]!.fate = .done
      case .reply(.readOk(let value), let request): reads[request.id!] = value
      case .fail(let error, let request) where error.isDefinite: adds[request.id!]?.fate = .refused
      default: break
      }
    }
  }

  private mutating func later() -> Int { now + Int.random(in: 1...100, using: &random) }

  /// Runs for a time, or with nil until nothing is under way.
  mutating func run(for time: Int?) {
    let end = time.map { now + $0 } ?? .max
    while let place = events.indices.min(by: { events[$0].due < events[$1].due }), events[place].due <= end {
      let (due, event) = events.remove(at: place)
      now = due
      switch event {
      case .arrives(let request, let ask):
        let outcome = store.handle(request, from: Self.names[asks[ask].node], &random)
        let isLast = !events.contains { if case .arrives(_, ask) = $0.event { true } else { false } }
        if isLast || Bool.random(using: &random) { events.append((later(), .answered(outcome, ask: ask))) }
      case .answered(let outcome, let ask):
        let node = asks[ask].node
        guard asks[ask].isOpen, asks[ask].life == lives[node] else { continue }
        asks[ask].isOpen = false
        carryOut(trials[node].complete(asks[ask].then, outcome), of: node)
      }
    }
    if time != nil { now = end }
  }
}

@Suite struct StoredCounterFaultTests {
  /// Every sum of what was certainly added and some of what may have been.
  private func acceptable(_ cluster: Cluster3) -> Set<Int> {
    var sums: Set<Int> = [0]
    for (delta, fate) in cluster.adds.values where fate != .refused {
      sums = fate == .done ? Set(sums.map { $0 + delta }) : sums.union(sums.map { $0 + delta })
    }
    return sums
  }

  @Test("nothing is lost and nothing counted twice, whatever is repeated or delayed", arguments: 1...40)
  func repeated(seed: Int) {
    var cluster = Cluster3(seed: UInt64(seed))
    var random = Random(seed: UInt64(seed))
    for _ in 0..<40 {
      cluster.add(Int.random(in: -50...100, using: &random), at: Int.random(in: 0..<3, using: &random))
      cluster.run(for: Int.random(in: 1...60, using: &random))
    }
    cluster.run(for: nil)
    #expect(cluster.adds.values.allSatisfy { $0.fate == .done })
    let sum = cluster.adds.values.reduce(0) { $0 + $1.delta }
    for place in 0..<3 {
      let read = cluster.read(at: place)
      cluster.run(for: nil)
      #expect(cluster.reads[read] == sum)
    }
  }

  @Test("nor when nodes are killed and come back without their memory", arguments: 1...40)
  func killed(seed: Int) {
    var cluster = Cluster3(seed: UInt64(seed))
    var random = Random(seed: UInt64(seed))
    for step in 1...60 {
      cluster.add(1 << Int.random(in: 0...12, using: &random), at: Int.random(in: 0..<3, using: &random))
      cluster.run(for: Int.random(in: 1...400, using: &random))
      if step.isMultiple(of: 7) { cluster.kill(Int.random(in: 0..<3, using: &random)) }
    }
    cluster.run(for: nil)
    let possible = acceptable(cluster)
    for place in 0..<3 {
      let read = cluster.read(at: place)
      cluster.run(for: nil)
      let value = cluster.reads[read]
      #expect(value.map { possible.contains($0) } == true, "\(String(describing: value))")
    }
  }

  @Test("under partitions, with the workbench's service, every counter is valid", arguments: 1...3)
  func simulated(seed: Int) {
    var scenario = Scenario(.gCounter)
    scenario.nodeCount = 3
    scenario.rate = 100
    scenario.timeLimit = .seconds(6)
    scenario.latency = .milliseconds(20 * seed)
    scenario.latencyDistribution = .exponential
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(2)
    scenario.seed = UInt64(seed)
    let results = Simulation<CounterOnSeqKVNode<GrowOnly>>.run(
      scenario, options: ["store": .choice("seq-kv", of: ["local", "seq-kv"])])
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }
}
