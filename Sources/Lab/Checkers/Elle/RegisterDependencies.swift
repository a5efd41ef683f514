import Glomers

/// Dependencies between transactions over registers.
///
/// Who reads from whom is plain, as each version is written once. Of the order of versions less is known: null comes
/// first; a transaction that reads a version and writes the same key writes a later one (Elle's `wfr-keys`, which
/// Maelstrom asks for); and, stricter than Elle, what every node shows in the end comes last.
struct RegisterDependencies: Dependencies {
  private(set) var cases: [AnomalyCase] = []
  private let history: TransactionHistory
  /// The transactions that read each version before they wrote its key.
  private var readers: [[Int]]
  /// For each key those that found nothing there, and those that wrote.
  private var initialReaders: [[Int]]
  private var keyWriters: [[Int]]
  /// The transaction that leaves each version behind, or -1.
  private var writer: [Int]
  /// The versions known to come next, by version.
  private var following: [[Int]]

  /// - Parameter last: for keys of which all nodes show the same in the end, that version.
  init(_ history: TransactionHistory, last: [Int: Int] = [:]) {
    self.history = history
    readers = Array(repeating: [], count: history.versions.count)
    following = readers
    initialReaders = Array(repeating: [], count: history.keys.count)
    keyWriters = initialReaders
    writer = Array(repeating: -1, count: history.versions.count)
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome != .fail {
      collect(transaction, number)
    }
    order(by: ["initial-state", "wfr-keys"], writesFollowReads())
    order(by: ["initial-state", "wfr-keys", "final-reads"], lastVersions(last))
  }

  private mutating func collect(_ transaction: TransactionHistory.Transaction, _ number: Int) {
    for write in transaction.externalWrites {
      writer[write.value] = number
      keyWriters[write.key].append(number)
    }
    guard transaction.outcome == .ok else { return }
    for read in transaction.externalReads {
      if read.value < 0 {
        initialReaders[read.key].append(number)
      } else {
        readers[read.value].append(number)
      }
    }
  }

  // MARK: Versions

  private func writesFollowReads() -> [(Int, Int)] {
    history.transactions.lazy.filter { $0.outcome == .ok }.flatMap { transaction in
      transaction.externalReads.filter { $0.value >= 0 }.flatMap { read in
        transaction.externalWrites.filter { $0.key == read.key && $0.value != read.value }
          .map { (read.value, $0.value) }
      }
    }
  }

  /// Everything that was committed for sure comes before what is there in the end.
  private func lastVersions(_ last: [Int: Int]) -> [(Int, Int)] {
    history.versions.indices.compactMap { version in
      guard let last = last[history.versions[version].key], last >= 0, last != version, writer[version] >= 0,
        history.transactions[writer[version]].outcome == .ok || !readers[version].isEmpty
      else { return nil }
      return (version, last)
    }
  }

  /// Takes in an order of versions, but for keys in which it is cyclic.
  private mutating func order(by sources: [String], _ pairs: [(Int, Int)]) {
    var graph = following
    for (a, b) in pairs where !graph[a].contains(b) { graph[a].append(b) }
    let edges = graph.indices.flatMap { a in
      graph[a].map { DependencyGraph.Edge(from: Int32(a), to: Int32($0), relation: .ww) }
    }
    let components = Components(
      Successors(edges, vertexCount: graph.count), vertexCount: graph.count, along: .ww)
    var cyclic: Set<Int> = []
    for members in components.nontrivial(below: graph.count) {
      cyclic.insert(history.versions[members[0]].key)
      cases.append(cyclicVersions(members, sources))
    }
    for (a, b) in pairs where !cyclic.contains(history.versions[a].key) && !following[a].contains(b) {
      following[a].append(b)
    }
  }

  private func cyclicVersions(_ members: [Int], _ sources: [String]) -> AnomalyCase {
    let key = EDN(history.keys[history.versions[members[0]].key])
    let values = members.map { history.value($0) }
    return AnomalyCase(
      type: "cyclic-versions",
      edn: ["key": key, "scc": .vector(values), "sources": .vector(sources.map { .keyword($0) })],
      detail: "the versions \(EDN.vector(values).text) of key \(key.text) each overwrite another",
      operations: members.compactMap { writer[$0] < 0 ? nil : writer[$0] }.flatMap { history.indices($0) }
        .sorted())
  }

  func precedes(_ a: Int, _ b: Int) -> Bool {
    guard a >= 0 else { return b >= 0 }
    var seen: Set = [a]
    var waiting = [a]
    while let next = waiting.popLast() {
      for version in following[next] {
        if version == b { return true }
        if seen.insert(version).inserted { waiting.append(version) }
      }
    }
    return false
  }

  // MARK: Transactions

  func link(_ graph: inout DependencyGraph) {
    for version in history.versions.indices {
      for next in following[version] where writer[next] >= 0 {
        if writer[version] >= 0 { graph.add(writer[version], writer[next], .ww) }
        for reader in readers[version] { graph.add(reader, writer[next], .rw) }
      }
      guard writer[version] >= 0 else { continue }
      for reader in readers[version] { graph.add(writer[version], reader, .wr) }
    }
    for key in history.keys.indices { graph.add(initialReaders[key], keyWriters[key], .rw) }
  }

  func explain(_ step: Cycle.Step) -> Dependency? {
    let (a, b) = (history.transactions[step.from], history.transactions[step.to])
    let sources = step.relation == .rw ? a.externalReads : a.externalWrites
    let targets = step.relation == .wr ? b.externalReads : b.externalWrites
    for first in sources {
      for second in targets where second.key == first.key {
        let key = history.keys[first.key]
        let value = history.value(first.value)
        if step.relation == .wr, first.value == second.value {
          return Dependency(key: key, value: value, first: first.place, second: second.place)
        }
        guard step.relation != .wr, first.value < 0 || following[first.value].contains(second.value) else {
          continue
        }
        return Dependency(
          key: key, value: value, next: history.value(second.value), first: first.place, second: second.place)
      }
    }
    return nil
  }
}
