import Glomers
import History

/// Dependencies between transactions over lists: a list shows in which order its elements were appended.
struct ListDependencies: Dependencies {
  private(set) var cases: [AnomalyCase] = []
  private let history: TransactionHistory
  /// For each key its longest list, without repetitions.
  private var orders: [[Int]]
  /// Where each version stands in its order, or -1.
  private var positions: [Int]
  /// The transactions that read a list with this element last.
  private var readers: [[Int]]
  private var initialReaders: [[Int]]

  init(_ history: TransactionHistory) {
    self.history = history
    orders = Array(repeating: [], count: history.keys.count)
    initialReaders = orders
    positions = Array(repeating: -1, count: history.versions.count)
    readers = Array(repeating: [], count: history.versions.count)
    var lists: [[[Int]]] = Array(repeating: [], count: history.keys.count)
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      for read in transaction.operations where read.isRead {
        let list = history.list(read)
        if let last = list.last {
          if readers[last].last != number { readers[last].append(number) }
          lists[read.key].append(list)
        } else if initialReaders[read.key].last != number {
          initialReaders[read.key].append(number)
        }
      }
    }
    for key in lists.indices {
      let longest = lists[key].max { $0.count < $1.count } ?? []
      for version in longest where positions[version] < 0 {
        positions[version] = orders[key].count
        orders[key].append(version)
      }
      if let wrong = incompatible(key, lists[key], longest) { cases.append(wrong) }
    }
    for key in orders.indices { cases += dirtyUpdates(key) }
  }

  /// Two lists of which neither begins the other: of the shortest such pair.
  private func incompatible(_ key: Int, _ lists: [[Int]], _ longest: [Int]) -> AnomalyCase? {
    guard let wrong = lists.filter({ !longest.starts(with: $0) }).min(by: { $0.count < $1.count }) else {
      return nil
    }
    let other = lists.filter { $0.count >= wrong.count && !$0.starts(with: wrong) }
      .min { $0.count < $1.count }!
    let values = [wrong, other].map { EDN.vector($0.map { history.value($0) }) }
    let shown = [wrong, other].compactMap { list in
      readers[list.last!].first { reader in
        history.transactions[reader].operations.contains { $0.isRead && history.list($0) == list }
      }
    }
    return AnomalyCase(
      type: "incompatible-order", edn: ["key": EDN(history.keys[key]), "values": .vector(values)],
      detail: "key \(EDN(history.keys[key]).text) was read as \(values[0].text) and as \(values[1].text): "
        + "neither begins the other",
      operations: shown.flatMap { history.indices($0) }.sorted())
  }

  /// An element of a transaction that certainly failed, and after it one of a transaction that succeeded.
  private func dirtyUpdates(_ key: Int) -> [AnomalyCase] {
    var found: [AnomalyCase] = []
    var aborted: (transaction: Int, values: [EDN])?
    for version in orders[key] {
      guard let writer = history.writer(of: version) else { continue }
      aborted?.values.append(history.value(version))
      switch history.transactions[writer].outcome {
      case .info: continue
      case .fail: aborted = aborted ?? (writer, [history.value(version)])
      case .ok:
        guard let (first, values) = aborted else { continue }
        aborted = nil
        found.append(
          AnomalyCase(
            type: "dirty-update",
            edn: [
              "key": EDN(history.keys[key]), "values": .vector(values),
              "txns": [history.operation(first).edn, .keyword("..."), history.operation(writer).edn],
            ],
            detail:
              "\(history.text(writer)) appended to key \(EDN(history.keys[key]).text) after the aborted "
              + history.text(first),
            operations: (history.indices(first) + history.indices(writer)).sorted()))
      }
    }
    return found
  }

  func precedes(_ a: Int, _ b: Int) -> Bool {
    guard a >= 0, b >= 0 else { return a < 0 && b >= 0 }
    return positions[a] >= 0 && positions[b] >= 0 && positions[a] < positions[b]
  }

  // MARK: Transactions

  /// What was certainly appended before a version: the element before it, or the last that anybody saw.
  private func previous(_ version: Int) -> Int {
    let order = orders[history.versions[version].key]
    let position = positions[version] < 0 ? order.count : positions[version]
    return position == 0 ? TransactionHistory.unborn : order[position - 1]
  }

  private func committer(of version: Int) -> Int? {
    history.writer(of: version).flatMap { history.transactions[$0].outcome == .fail ? nil : $0 }
  }

  func link(_ graph: inout DependencyGraph) {
    var unseen: [[Int]] = Array(repeating: [], count: history.keys.count)
    for version in history.versions.indices {
      guard let writer = committer(of: version) else { continue }
      for reader in readers[version] { graph.add(writer, reader, .wr) }
      let previous = previous(version)
      if let before = previous < 0 ? nil : committer(of: previous) { graph.add(before, writer, .ww) }
      let key = history.versions[version].key
      if positions[version] < 0 {
        if unseen[key].last != writer { unseen[key].append(writer) }
      } else {
        for reader in previous < 0 ? initialReaders[key] : readers[previous] {
          graph.add(reader, writer, .rw)
        }
      }
    }
    for key in unseen.indices {
      var distinct: Set<Int> = []
      graph.add(
        orders[key].last.map { readers[$0] } ?? initialReaders[key],
        unseen[key].filter { distinct.insert($0).inserted }, .rw)
    }
  }

  func explain(_ step: Cycle.Step) -> Dependency? {
    let (a, b) = (history.transactions[step.from], history.transactions[step.to])
    for second in b.operations where second.isRead == (step.relation == .wr) {
      let version = second.isRead ? history.list(second).last ?? -1 : previous(second.value)
      let first = a.operations.first { first in
        guard first.key == second.key, first.isRead == (step.relation == .rw) else { return false }
        return (first.isRead ? history.list(first).last ?? -1 : first.value) == version
      }
      guard let first else { continue }
      return Dependency(
        key: history.keys[second.key],
        value: version < 0 && step.relation == .rw ? .keyword("init") : history.value(version),
        next: second.isRead ? nil : history.value(second.value), first: first.place, second: second.place)
    }
    return nil
  }
}
