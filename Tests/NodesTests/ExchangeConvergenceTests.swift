import Glomers
import Testing

@testable import Nodes
@testable import Replication

/// Replicas that hold numbered entries of each origin, and the network between them, in virtual time.
private struct Gossipers {
  struct Message {
    let from: Int
    let to: Int
    let due: Instant
    let deltas: [(origin: Origin, range: Range<Int>)]
    let version: VersionVector
    let wantsAnswer: Bool
  }

  var exchanges: [Exchange] = []
  var held: [VersionVector] = []
  var timers: [Instant?] = []
  var flying: [Message] = []
  var now = Instant.zero
  var sentCount = 0
  var random: Random
  /// Whether a message from one to another arrives.
  var passes: (_ from: Int, _ to: Int, inout Random) -> Bool = { _, _, _ in true }

  init(count: Int, seed: UInt64) {
    random = Random(seed: seed)
    let nodes = (0..<count).map { NodeID("n\($0)") }
    exchanges = nodes.map { node in
      Exchange(
        Cluster(me: node, nodes: nodes), origin: Origin(name: "\(node).x"), period: .milliseconds(100),
        patience: .milliseconds(300))
    }
    held = nodes.map { _ in .init() }
    timers = nodes.map { _ in nil }
  }

  mutating func add(at place: Int) {
    held[place][exchanges[place].origin] += 1
    schedule(place)
  }

  /// Runs until all are silent, or until an instant.
  mutating func run(until end: Instant) {
    while let next = (timers.compactMap { $0 } + flying.map(\.due)).min(), next <= end {
      now = next
      for message in flying where message.due == now { deliver(message) }
      flying.removeAll { $0.due == now }
      for place in timers.indices where timers[place] == now { round(place) }
    }
    now = end
  }

  private mutating func schedule(_ place: Int) {
    if let due = exchanges[place].schedule(holding: held[place], at: now) { timers[place] = due }
  }

  private mutating func round(_ place: Int) {
    timers[place] = nil
    let nodes = exchanges.map { $0.origin.name }
    for push in exchanges[place].round(holding: held[place], at: now) {
      sentCount += 1
      let to = nodes.firstIndex { $0.hasPrefix("\(push.peer).") }!
      guard passes(place, to, &random) else { continue }
      let deltas = held[place].sorted.compactMap { origin, count -> (origin: Origin, range: Range<Int>)? in
        let after = push.since[origin]
        let isWanted = push.isRepair || origin == exchanges[place].origin
        return isWanted && after < count ? (origin, after..<count) : nil
      }
      flying.append(
        Message(
          from: place, to: to, due: now + .milliseconds(Int.random(in: 1...40, using: &random)),
          deltas: deltas, version: held[place], wantsAnswer: push.wantsAnswer))
    }
    schedule(place)
  }

  private mutating func deliver(_ message: Message) {
    for (origin, range) in message.deltas where range.lowerBound <= held[message.to][origin] {
      held[message.to][origin] = max(held[message.to][origin], range.upperBound)
    }
    exchanges[message.to].heard(
      message.version, wantsAnswer: message.wantsAnswer, from: NodeID("n\(message.from)"),
      holding: held[message.to])
    schedule(message.to)
  }

  var agree: Bool { held.allSatisfy { $0 == held[0] } }
  var isSilent: Bool { timers.allSatisfy { $0 == nil } && flying.isEmpty }
}

@Suite struct ExchangeConvergenceTests {
  /// Adds at random nodes, one every 10 ms.
  private func load(_ gossipers: inout Gossipers, count: Int) {
    for _ in 0..<count {
      gossipers.add(at: Int.random(in: gossipers.held.indices, using: &gossipers.random))
      gossipers.run(until: gossipers.now + .milliseconds(10))
    }
  }

  @Test("without loss, peers send each other one message a period, agree soon after the end, and are silent")
  func quiet() {
    var gossipers = Gossipers(count: 3, seed: 1)
    load(&gossipers, count: 500)
    #expect(gossipers.sentCount <= 6 * 51)
    gossipers.run(until: gossipers.now + .milliseconds(400))
    #expect(gossipers.agree)
    gossipers.run(until: gossipers.now + .seconds(1))
    #expect(gossipers.isSilent)
    #expect(gossipers.sentCount <= 6 * 55)
  }

  @Test(
    "with three quarters of all messages lost, replicas agree in the end and are silent",
    arguments: 1...10 as ClosedRange<UInt64>)
  func loss(seed: UInt64) {
    var gossipers = Gossipers(count: 4, seed: seed)
    gossipers.passes = { _, _, random in Int.random(in: 0..<4, using: &random) == 0 }
    load(&gossipers, count: 50)
    gossipers.run(until: gossipers.now + .seconds(600))
    #expect(gossipers.agree)
    #expect(gossipers.isSilent)
  }

  @Test("after a partition, replicas agree within seconds", arguments: 1...10 as ClosedRange<UInt64>)
  func partition(seed: UInt64) {
    var gossipers = Gossipers(count: 5, seed: seed)
    gossipers.passes = { from, to, _ in (from < 2) == (to < 2) }
    load(&gossipers, count: 300)
    #expect(!gossipers.agree)
    gossipers.passes = { _, _, _ in true }
    gossipers.run(until: gossipers.now + .seconds(3))
    #expect(gossipers.agree)
  }

  @Test("a ring in which everybody hears only one other converges, even while it is loaded")
  func oneWayRing() {
    var gossipers = Gossipers(count: 4, seed: 7)
    gossipers.passes = { from, to, _ in to == (from + 1) % 4 }
    load(&gossipers, count: 1000)
    let early = gossipers.held.allSatisfy { held in held.sorted.allSatisfy { $0.count > 50 } }
    #expect(early, "what was added early on is everywhere before the load ends")
    gossipers.run(until: gossipers.now + .seconds(10))
    #expect(gossipers.agree)
  }
}
