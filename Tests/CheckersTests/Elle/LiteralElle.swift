import Glomers
import struct History.Operation

@testable import Lab
@testable import History
@testable import Checkers

/// Adya's definitions word for word, for histories of a few transactions: all dependencies by looking at all pairs,
/// all cycles by walking all simple paths.
struct LiteralElle {
  struct Transaction {
    let begin: Int
    let end: Int
    let kind: Operation.Kind
    let process: Operation.Process
    let operations: [(function: String, key: JSON, value: JSON)]

    /// First operations that are reads.
    var reads: [JSON: JSON] {
      var reads: [JSON: JSON] = [:]
      var touched: Set<JSON> = []
      for operation in operations {
        if touched.insert(operation.key).inserted, operation.function == "r" {
          reads[operation.key] = operation.value
        }
      }
      return kind == .ok ? reads : [:]
    }

    /// What it leaves behind.
    var writes: [JSON: JSON] {
      Dictionary(
        operations.filter { $0.function == "w" }.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Everything that it writes to a key.
    func written(to key: JSON) -> [JSON] {
      operations.filter { $0.function == "w" && $0.key == key }.map(\.value)
    }
  }

  typealias Edge = Cycle.Step

  let transactions: [Transaction]
  private(set) var edges: [Edge] = []

  init(registers history: History, _ sessions: Relation) {
    transactions = Self.transactions(history)
    let orders = versionOrders()
    for (a, first) in transactions.enumerated() {
      for (b, second) in transactions.enumerated() where a != b && first.kind != .fail && second.kind != .fail
      {
        for (key, written) in first.writes where second.reads[key] == written {
          edges.append(Edge(from: a, to: b, relation: .wr))
        }
        for key in Set(second.operations.map(\.key)) {
          let before = orders[key, default: []]
          for written in second.written(to: key) {
            for old in first.written(to: key) where before.contains([old, written]) {
              edges.append(Edge(from: a, to: b, relation: .ww))
            }
            if let old = first.reads[key],
              old == .null ? written == second.writes[key] : before.contains([old, written])
            {
              edges.append(Edge(from: a, to: b, relation: .rw))
            }
          }
        }
      }
    }
    addSessions(sessions)
  }

  init(lists history: History, _ sessions: Relation) {
    transactions = Self.transactions(history)
    var longest: [JSON: [JSON]] = [:]
    for transaction in transactions where transaction.kind == .ok {
      for read in transaction.operations where read.function == "r" {
        let list = read.value.array ?? []
        if list.count > longest[read.key]?.count ?? 0 { longest[read.key] = list }
      }
    }
    for (a, first) in transactions.enumerated() {
      for (b, second) in transactions.enumerated() where a != b && first.kind != .fail && second.kind != .fail
      {
        for later in second.operations {
          let order = longest[later.key] ?? []
          let end = order.firstIndex(of: later.value) ?? order.count
          // What the later operation follows: the state that it read, or the one that it appended to.
          let state = later.function == "r" ? (later.value.array ?? []) : Array(order[..<end])
          if later.function == "r", second.kind != .ok { continue }
          for earlier in first.operations where earlier.key == later.key {
            if earlier.function == "append", state.last == earlier.value {
              edges.append(Edge(from: a, to: b, relation: later.function == "r" ? .wr : .ww))
            }
            if earlier.function == "r", first.kind == .ok, later.function == "append",
              (earlier.value.array ?? []).last == state.last
            {
              edges.append(Edge(from: a, to: b, relation: .rw))
            }
          }
        }
      }
    }
    addSessions(sessions)
  }

  private static func transactions(_ history: History) -> [Transaction] {
    history.operations.filter { $0.kind == .invoke }.map { begun in
      let end = history.completion(of: begun.index)
      let value = (end?.kind == .ok ? end!.value : begun.value).array!
      return Transaction(
        begin: begun.index, end: end?.index ?? .max, kind: end?.kind ?? .info, process: begun.process,
        operations: value.map { ($0.array![0].string!, $0.array![1], $0.array![2]) })
    }
  }

  /// By key the pairs of which the second overwrites the first; none where that runs in circles.
  private func versionOrders() -> [JSON: Set<[JSON]>] {
    var orders: [JSON: Set<[JSON]>] = [:]
    for transaction in transactions where transaction.kind == .ok {
      for (place, later) in transaction.operations.enumerated() where later.function == "w" {
        // What stands before it, back to the last write.
        for earlier in transaction.operations[..<place].reversed() where earlier.key == later.key {
          if earlier.value != .null, earlier.value != later.value {
            orders[later.key, default: []].insert([earlier.value, later.value])
          }
          if earlier.function == "w" { break }
        }
      }
    }
    return orders.filter { _, pairs in
      var closure = pairs
      var isGrowing = true
      while isGrowing {
        isGrowing = false
        for a in closure {
          for b in closure where a[1] == b[0] && closure.insert([a[0], b[1]]).inserted { isGrowing = true }
        }
      }
      return !closure.contains { $0[0] == $0[1] }
    }
  }

  private mutating func addSessions(_ sessions: Relation) {
    for (a, first) in transactions.enumerated() where first.kind == .ok {
      for (b, second) in transactions.enumerated() where a != b && second.kind != .fail {
        if sessions.contains(.realtime), first.end < second.begin {
          edges.append(Edge(from: a, to: b, relation: .realtime))
        }
        if sessions.contains(.process), second.kind == .ok, first.process == second.process,
          first.end < second.begin
        {
          edges.append(Edge(from: a, to: b, relation: .process))
        }
      }
    }
  }

  // MARK: Cycles

  /// Every cycle that visits no transaction twice.
  var cycles: [Cycle] {
    var found: [Cycle] = []
    for start in transactions.indices { extend([], from: start, to: start, &found) }
    return found
  }

  private func extend(_ path: [Edge], from vertex: Int, to start: Int, _ found: inout [Cycle]) {
    for edge in Set(edges.filter { $0.from == vertex }.map { [$0.to, Int($0.relation.rawValue)] }) {
      let step = Edge(from: vertex, to: edge[0], relation: Relation(rawValue: UInt8(edge[1])))
      if step.to == start {
        found.append(Cycle(steps: path + [step]))
      } else if step.to > start, !path.contains(where: { $0.from == step.to }) {
        extend(path + [step], from: step.to, to: start, &found)
      }
    }
  }

  /// For each strongly connected component, by its smallest transaction, the cycles in it.
  var components: [Int: [Cycle]] {
    var reach = Array(repeating: Set<Int>(), count: transactions.count)
    for edge in edges { reach[edge.from].insert(edge.to) }
    for middle in transactions.indices {
      for from in transactions.indices where reach[from].contains(middle) {
        reach[from].formUnion(reach[middle])
      }
    }
    return Dictionary(grouping: cycles) { cycle in
      let vertex = cycle.steps[0].from
      return transactions.indices.first { reach[vertex].contains($0) && reach[$0].contains(vertex) }!
    }
  }
}
