import Glomers
import struct History.Operation
import Testing

@testable import Lab
@testable import History
@testable import Checkers

@Suite("Cycles against their definition")
struct CycleTwinTests {
  private static let order = ["", "-process", "-realtime"].flatMap { suffix in
    ["G0", "G1c", "G-single-item", "G-nonadjacent-item", "G2-item"].map { $0 + suffix }
  }

  /// Up to six transactions of which nothing needs to make sense.
  private static func history(_ model: TransactionHistory.Model, _ random: inout Random) -> History {
    var written: [Int: [Int]] = [:]
    var record = TransactionRecord()
    var open: [Int: Operation.Kind] = [:]
    var process = Int.random(in: 0...1, using: &random)
    let texts = (0..<Int.random(in: 3...6, using: &random)).map { _ in
      (0..<Int.random(in: 2...3, using: &random)).map { _ -> (Bool, Int, Int) in
        let key = Int.random(in: 0...1, using: &random)
        guard Bool.random(using: &random) else { return (true, key, 0) }
        written[key, default: []].append(written[key, default: []].count + 1)
        return (false, key, written[key]!.count)
      }
    }
    // Lists are prefixes of one order, now and then of another. The order of the keys is that of the dice.
    var orders: [Int: [Int]] = [:]
    for key in written.keys.sorted() { orders[key] = written[key]!.shuffled(using: &random) }
    for operations in texts {
      while !open.isEmpty, Bool.random(using: &random) { endOne(&record, &open) }
      let words = operations.map { isRead, key, value -> String in
        if !isRead { return "\(model == .lists ? "a" : "w"):\(key)=\(value)" }
        let order = orders[key] ?? []
        let count = min(order.count, Int.random(in: 0...order.count + 1, using: &random))
        if model == .lists {
          return "r:\(key)=[\(order.prefix(count).map(String.init).joined(separator: ","))]"
        }
        return "r:\(key)=\(count == 0 ? "" : String(order[count - 1]))"
      }
      // A few processes, each of which does one thing at a time and ends with what nobody knows.
      while open[process] != nil { process += 1 }
      let kinds: [Operation.Kind] = [.ok, .ok, .ok, .ok, .info, .fail]
      open[process] = kinds.randomElement(using: &random)!
      record.begin(process, words.joined(separator: " "))
      process = open[process] == .info ? process + 3 : Int.random(in: 0...2, using: &random)
    }
    while !open.isEmpty { endOne(&record, &open) }
    return record.history
  }

  private static func endOne(_ record: inout TransactionRecord, _ open: inout [Int: Operation.Kind]) {
    let process = open.keys.min()!
    record.end(process, open.removeValue(forKey: process)!)
  }

  private func compare(_ model: TransactionHistory.Model, _ sessions: Relation, _ seed: UInt64) -> Int {
    var random = Random(seed: seed)
    let history = Self.history(model, &random)
    let transactions = TransactionHistory(history, model)
    var graph = DependencyGraph(transactionCount: transactions.transactions.count)
    let twin: LiteralElle
    switch model {
    case .registers:
      RegisterDependencies(transactions).link(&graph)
      twin = LiteralElle(registers: history, sessions)
    case .lists:
      ListDependencies(transactions).link(&graph)
      twin = LiteralElle(lists: history, sessions)
    }
    if sessions.contains(.realtime) { graph.addRealtimeOrder(transactions) }
    if sessions.contains(.process) { graph.addProcessOrder(transactions) }
    let found = graph.cycles()
    let text = transactions.transactions.indices.map { transactions.text($0) }

    let components = twin.components
    var expectedCount = 0
    for (smallest, cycles) in components {
      let lengths = Dictionary(cycles.map { ($0.anomaly, $0.steps.count) }, uniquingKeysWith: min)
      var implied: Set<String> = []
      let expected = Self.order.filter { name in
        guard lengths[name] != nil, !implied.contains(name) else { return false }
        implied.formUnion(ConsistencyModel.implied(byAnomalies: [name]))
        return true
      }
      let members = Set(cycles.flatMap { $0.steps.map(\.from) })
      #expect(members.contains(smallest))
      let mine = found.filter { members.contains($0.steps[0].from) }
      #expect(mine.map(\.anomaly) == expected, "seed \(seed): \(text)")
      for cycle in mine {
        #expect(Set(cycle.steps).isSubset(of: Set(twin.edges)), "seed \(seed): \(text) \(cycle)")
        if !cycle.anomaly.hasPrefix("G-nonadjacent") {
          #expect(cycle.steps.count == lengths[cycle.anomaly], "seed \(seed): \(text) \(cycle)")
        }
      }
      expectedCount += expected.count
    }
    #expect(found.count == expectedCount, "seed \(seed): \(text)")
    return expectedCount
  }

  @Test(
    "the kinds of cycles, and the lengths of the shortest, are those of the definition",
    arguments: [
      (TransactionHistory.Model.registers, Relation()), (.registers, .process), (.registers, .realtime),
      (.lists, Relation()), (.lists, .process), (.lists, .realtime),
    ])
  func twin(_ model: TransactionHistory.Model, _ sessions: Relation) {
    var count = 0
    for seed in 0..<100 { count += compare(model, sessions, UInt64(seed)) }
    #expect(count > 12)
  }

  @Test("where all transactions can be put in one order, and only there, no cycle of any kind is looked for")
  func acyclic() {
    var counts = [false: 0, true: 0]
    for seed in 0..<100 {
      var random = Random(seed: UInt64(seed))
      let model: TransactionHistory.Model = seed.isMultiple(of: 2) ? .lists : .registers
      let transactions = TransactionHistory(Self.history(model, &random), model)
      let isAcyclic: Bool
      var graph = DependencyGraph(transactionCount: transactions.transactions.count)
      if model == .lists {
        let lists = ListDependencies(transactions)
        isAcyclic = DependencyGraph.isAcyclic(transactions, lists)
        lists.link(&graph)
        #expect(CycleExistence(transactions, lists, isAcyclic: false).cases.isEmpty || !isAcyclic)
      } else {
        let registers = RegisterDependencies(transactions)
        isAcyclic = DependencyGraph.isAcyclic(transactions, registers)
        registers.link(&graph)
        #expect(CycleExistence(transactions, registers, isAcyclic: false).cases.isEmpty || !isAcyclic)
      }
      graph.addRealtimeOrder(transactions)
      graph.addProcessOrder(transactions)
      #expect(graph.cycles().isEmpty == isAcyclic, "seed \(seed)")
      counts[isAcyclic]! += 1
    }
    #expect(counts[true]! > 3 && counts[false]! > 3)
  }

  @Test("hubs lead from every source to every target but itself")
  func hubs() {
    var random = Random(seed: 1)
    for _ in 0..<50 {
      let sources = Array((0..<40).shuffled(using: &random).prefix(Int.random(in: 1...40, using: &random)))
      let targets = Array((0..<40).shuffled(using: &random).prefix(Int.random(in: 1...40, using: &random)))
      var graph = DependencyGraph(transactionCount: 40)
      graph.add(sources, targets, .rw)
      #expect(graph.edges.count <= max(8 * (sources.count + targets.count), 4))
      for source in 0..<40 {
        var reached: Set<Int> = []
        var waiting = graph.edges.filter { $0.from == source }
        #expect(waiting.allSatisfy { $0.relation == .rw })
        while let edge = waiting.popLast() {
          if edge.to < 40 {
            reached.insert(Int(edge.to))
          } else {
            waiting += graph.edges.filter { $0.from == edge.to }
          }
        }
        #expect(reached == (sources.contains(source) ? Set(targets).subtracting([source]) : []))
      }
    }
  }
}

extension Cycle.Step: Hashable {
  public func hash(into hasher: inout Hasher) {
    hasher.combine(from)
    hasher.combine(to)
    hasher.combine(relation)
  }
}
