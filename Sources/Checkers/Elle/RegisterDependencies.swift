import Glomers
import History

/// Dependencies between transactions over registers.
///
/// Who reads from whom is plain, as each version is written once. Of the order of versions less is known: null comes
/// first; and a transaction that reads or writes a version of a key, and then writes the key, writes a later one (Elle's
/// `wfr-keys`, which Maelstrom asks for; Elle looks only at the first read and the last write). Versions that their own
/// transaction overwrites count: who writes between two writes of another transaction has made a dirty write.
///
/// What every node shows in the end is taken for the last version only where that is asked for: a model without real
/// time, and without convergence, does not say so.
struct RegisterDependencies: Dependencies {
  private(set) var cases: [AnomalyCase] = []
  private let history: TransactionHistory
  /// The transactions that read each version before they wrote its key.
  private let readers: Rows
  /// For each key those that found nothing there, and those that wrote.
  private var initialReaders: [[Int]]
  private var keyWriters: [[Int]]
  /// The transaction that leaves each version behind, or -1.
  private var writer: [Int]
  /// The transaction that writes each version, and may overwrite it itself, or -1.
  private var author: [Int]
  /// The versions known to come next, by version.
  private var following: [[Int]]

  /// - Parameter last: for keys of which all nodes show the same in the end, what they show.
  init(_ history: TransactionHistory, last: [Int: FinalReads.Last] = [:]) {
    self.history = history
    following = Array(repeating: [], count: history.versionCount)
    initialReaders = Array(repeating: [], count: history.keys.count)
    keyWriters = initialReaders
    writer = Array(repeating: -1, count: history.versionCount)
    author = writer
    var readers = Rows.Builder()
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome != .fail {
      let isOk = transaction.outcome == .ok
      for operation in history.operations(of: transaction) {
        if !operation.isRead {
          author[operation.value] = number
          guard operation.isExternal else { continue }
          writer[operation.value] = number
          keyWriters[operation.key].append(number)
        } else if isOk, operation.isExternal {
          if operation.value < 0 {
            initialReaders[operation.key].append(number)
          } else {
            readers.add(operation.value, number)
          }
        }
      }
    }
    self.readers = readers.rows(history.versionCount)
    order(by: ["initial-state", "wfr-keys"], writesFollowReads())
    if !last.isEmpty { end(with: last) }
  }

  /// The same where what all nodes show of these keys in the end is the last version.
  func ending(with last: [Int: FinalReads.Last]) -> RegisterDependencies {
    var ending = self
    ending.end(with: last)
    return ending
  }

  private mutating func end(with last: [Int: FinalReads.Last]) {
    order(by: ["initial-state", "wfr-keys", "final-reads"], lastVersions(last))
  }

  // MARK: Versions

  /// Within a transaction, what it writes comes after what it has read or written of the key before.
  private func writesFollowReads() -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    // By key, what the transaction at hand knows; and the keys of which it knows something.
    var known: [[Int]] = Array(repeating: [], count: history.keys.count)
    var keys: [Int] = []
    for transaction in history.transactions where transaction.outcome == .ok && transaction.returnsToKeys {
      for key in keys { known[key].removeAll(keepingCapacity: true) }
      keys.removeAll(keepingCapacity: true)
      for operation in history.operations(of: transaction) where operation.value >= 0 {
        let key = operation.key
        if known[key].isEmpty { keys.append(key) }
        if !operation.isRead {
          for version in known[key] where version != operation.value {
            pairs.append((version, operation.value))
          }
          known[key].removeAll(keepingCapacity: true)
        }
        known[key].append(operation.value)
      }
    }
    return pairs
  }

  /// Everything that was committed for sure when the final reads began comes before what they show.
  private func lastVersions(_ last: [Int: FinalReads.Last]) -> [(Int, Int)] {
    var pairs: [(Int, Int)] = []
    var lasts: [FinalReads.Last?] = Array(repeating: nil, count: history.keys.count)
    for (key, last) in last { lasts[key] = last }
    for version in 0..<history.versionCount {
      guard let last = lasts[history.key(of: version)], last.version != version, writer[version] >= 0 else {
        continue
      }
      func isWitness(_ number: Int) -> Bool {
        let transaction = history.transactions[number]
        return transaction.outcome == .ok && transaction.end < last.begin
      }
      if isWitness(writer[version]) || readers[version].contains(where: { isWitness(Int($0)) }) {
        pairs.append((version, last.version))
      }
    }
    return pairs
  }

  /// Takes in an order of versions, but for keys in which it is cyclic.
  private mutating func order(by sources: [String], _ pairs: [(Int, Int)]) {
    var cyclic: Set<Int> = []
    var edges = pairs.map { DependencyGraph.Edge(from: Int32($0), to: Int32($1), relation: .ww) }
    for version in following.indices {
      for next in following[version] {
        edges.append(DependencyGraph.Edge(from: Int32(version), to: Int32(next), relation: .ww))
      }
    }
    let successors = Successors(edges, vertexCount: following.count)
    if !successors.isAcyclic {
      let components = Components(successors, vertexCount: following.count, along: .ww)
      for members in components.nontrivial(below: following.count) {
        cyclic.insert(history.key(of: members[0]))
        cases.append(cyclicVersions(members, sources))
      }
    }
    for (a, b) in pairs where !following[a].contains(b) {
      if cyclic.isEmpty || !cyclic.contains(history.key(of: a)) { following[a].append(b) }
    }
  }

  private func cyclicVersions(_ members: [Int], _ sources: [String]) -> AnomalyCase {
    let key = EDN(history.keys[history.key(of: members[0])])
    let values = members.map { history.value($0) }
    return AnomalyCase(
      type: "cyclic-versions",
      edn: ["key": key, "scc": .vector(values), "sources": .vector(sources.map { .keyword($0) })],
      detail: "the versions \(EDN.vector(values).shown) of key \(key.shown) each overwrite another",
      operations: members.compactMap { author[$0] < 0 ? nil : author[$0] }.flatMap { history.indices($0) }
        .sorted())
  }

  func precedes(_ a: Int, _ b: Int) -> Bool {
    guard a >= 0 else { return b >= 0 }
    if following[a].allSatisfy({ following[$0].isEmpty }) { return following[a].contains(b) }
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
    for version in 0..<history.versionCount {
      for next in following[version] where author[next] >= 0 {
        if author[version] >= 0 { graph.add(author[version], author[next], .ww) }
        for reader in readers[version] { graph.add(Int(reader), author[next], .rw) }
      }
      guard writer[version] >= 0 else { continue }
      for reader in readers[version] { graph.add(writer[version], Int(reader), .wr) }
    }
    for key in history.keys.indices { graph.add(initialReaders[key], keyWriters[key], .rw) }
  }

  func explain(_ step: Cycle.Step) -> Dependency? {
    let (a, b) = (history.transactions[step.from], history.transactions[step.to])
    let sources =
      switch step.relation {
      case .rw: Array(history.externalReads(of: a))
      case .wr: Array(history.externalWrites(of: a))
      default: history.operations(of: a).filter { !$0.isRead }
      }
    let targets =
      step.relation == .wr
      ? Array(history.externalReads(of: b)) : history.operations(of: b).filter { !$0.isRead }
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
