import History
import Glomers
import Lab
import Testing

@Suite("Nemesis")
struct NemesisTests {
  private func nodes(_ count: Int) -> [NodeID] { (0..<count).map { NodeID("n\($0)") } }

  /// How many nodes each node hears, itself included.
  private func heard(_ grudge: Grudge, _ nodes: [NodeID]) -> [Int] {
    nodes.map { receiver in nodes.count { !grudge.separates(receiver: receiver, from: $0) } }
  }

  @Test("one cuts off a single node, in both directions", arguments: [2, 5, 25])
  func one(_ count: Int) {
    var random = Random(seed: 3)
    let nodes = nodes(count)
    for _ in 0..<20 {
      let heard = heard(PartitionShape.one.grudge(nodes, &random), nodes)
      #expect(heard.sorted() == [1] + Array(repeating: count - 1, count: count - 1))
    }
  }

  @Test("a majority has its half, and the others theirs", arguments: [2, 3, 5, 24, 25])
  func majority(_ count: Int) {
    var random = Random(seed: 3)
    let nodes = nodes(count)
    let heard = heard(PartitionShape.majority.grudge(nodes, &random), nodes)
    #expect(heard.count { $0 == count / 2 } >= count / 2)
    #expect(heard.allSatisfy { $0 == count / 2 || $0 == count - count / 2 })
  }

  @Test("fewer than a third are cut off; of three nodes that is none", arguments: [1, 3, 4, 7, 25])
  func minorityThird(_ count: Int) {
    var random = Random(seed: 3)
    let nodes = nodes(count)
    let heard = heard(PartitionShape.minorityThird.grudge(nodes, &random), nodes)
    let few = (count - 1) / 3
    #expect(heard.count { $0 == count - few } >= count - few)
    #expect(few * 3 < count)
    if few == 0 { #expect(heard.allSatisfy { $0 == count }) }
  }

  @Test("in a ring every node hears a majority, and no two nodes the same", arguments: [3, 4, 5])
  func ring(_ count: Int) {
    var random = Random(seed: 3)
    let nodes = nodes(count)
    for _ in 0..<20 {
      let grudge = PartitionShape.majoritiesRing.grudge(nodes, &random)
      #expect(heard(grudge, nodes).allSatisfy { $0 == count / 2 + 1 })
      let sets = nodes.map { receiver in Set(nodes.filter { !grudge.separates(receiver: receiver, from: $0) })
      }
      #expect(Set(sets).count == count)
      for (node, set) in zip(nodes, sets) { #expect(set.contains(node)) }
    }
  }

  @Test(
    "in larger rings every node hears a majority but not all, and hearing is mutual",
    arguments: [6, 7, 8, 25])
  func web(_ count: Int) {
    var random = Random(seed: 3)
    let nodes = nodes(count)
    for _ in 0..<20 {
      let grudge = PartitionShape.majoritiesRing.grudge(nodes, &random)
      #expect(heard(grudge, nodes).allSatisfy { $0 > count / 2 && $0 < count })
      for a in nodes {
        for b in nodes {
          #expect(grudge.separates(receiver: a, from: b) == grudge.separates(receiver: b, from: a))
        }
      }
    }
  }

  @Test("starts and stops follow each other, the first at once, with gaps of up to twice the interval")
  func schedule() {
    var scenario = Scenario(.broadcast)
    scenario.faults = [.partition]
    scenario.nemesisInterval = .seconds(4)
    var nemesis = Nemesis(scenario, begin: .zero, random: Random(seed: 1))
    #expect(nemesis.deadline == .zero)
    var last = Instant.zero
    var shapes: Set<PartitionShape> = []
    for turn in 0..<400 {
      let due = nemesis.deadline!
      #expect(due >= last && due - last <= .seconds(8))
      last = due
      switch nemesis.step() {
      case .startPartition(let shape):
        #expect(turn.isMultiple(of: 2))
        shapes.insert(shape)
      case .stopPartition: #expect(!turn.isMultiple(of: 2))
      case let other: Issue.record("\(other) is no partition")
      }
    }
    // 400 gaps of 4 s on average: within a tenth of that in all.
    #expect(last > Instant(nanoseconds: 1_440_000_000_000) && last < Instant(nanoseconds: 1_760_000_000_000))
    #expect(shapes == Set(PartitionShape.allCases))
    #expect(nemesis.finalSteps == [.stopPartition])
  }

  @Test("every kind of fault goes on its own, on and off in turn")
  func kinds() {
    var scenario = Scenario(.broadcast)
    scenario.faults = Set(Scenario.Fault.allCases)
    var nemesis = Nemesis(scenario, begin: .zero, random: Random(seed: 5))
    var functions: [String: Int] = [:]
    for _ in 0..<1000 { functions[nemesis.step().function, default: 0] += 1 }
    let pairs = [
      ("start-partition", "stop-partition"), ("start-one-way", "stop-one-way"), ("kill", "start"),
      ("pause", "resume"), ("start-loss", "stop-loss"), ("start-duplicate", "stop-duplicate"),
      ("start-reorder", "stop-reorder"), ("start-slow", "stop-slow"), ("start-disk", "stop-disk"),
      ("remove-members", "add-members"), ("kill-server", "start-server"),
    ]
    #expect(Set(functions.keys) == Set(pairs.flatMap { [$0, $1] } + ["skew"]))
    for (on, off) in pairs { #expect([0, 1].contains(functions[on]! - functions[off]!)) }
    #expect(Set(nemesis.finalSteps.map(\.function)) == Set(pairs.map(\.1)))
  }

  @Test("without faults there is nothing to do")
  func idle() {
    let nemesis = Nemesis(Scenario(.broadcast), begin: .zero, random: Random(seed: 1))
    #expect(nemesis.deadline == nil)
    #expect(nemesis.finalSteps.isEmpty)
  }
}
