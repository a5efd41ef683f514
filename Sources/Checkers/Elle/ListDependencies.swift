import Glomers
import History

/// Dependencies between transactions over lists: a list shows in which order its elements were appended.
struct ListDependencies: Dependencies {
  private(set) var cases: [AnomalyCase] = []
  private let history: TransactionHistory
  /// For each key its longest list, without repetitions.
  private var orders: [[Int32]]
  /// Where each version stands in its order, or -1.
  private var positions: [Int32]
  /// The transactions that read a list with this element last.
  private let readers: Rows
  private let initialReaders: Rows

  init(_ history: TransactionHistory) {
    self.history = history
    var longest = [TransactionHistory.MicroOperation?](repeating: nil, count: history.keys.count)
    var (readers, initialReaders) = (Rows.Builder(), Rows.Builder())
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      for read in history.operations(of: transaction) where read.isRead {
        let list = history.list(read)
        guard let last = list.last else {
          initialReaders.add(read.key, number)
          continue
        }
        readers.add(Int(last), number)
        if list.count > longest[read.key].map({ history.list($0).count }) ?? 0 { longest[read.key] = read }
      }
    }
    self.readers = readers.rows(history.versionCount)
    self.initialReaders = initialReaders.rows(history.keys.count)
    orders = Array(repeating: [], count: history.keys.count)
    positions = Array(repeating: -1, count: history.versionCount)
    for (key, read) in longest.enumerated() {
      guard let read else { continue }
      for version in history.list(read) where positions[Int(version)] < 0 {
        positions[Int(version)] = Int32(orders[key].count)
        orders[key].append(version)
      }
    }
    let lists = listsOfUnclearKeys
    for key in lists.keys.sorted() {
      if let wrong = incompatible(key, lists[key]!, history.list(longest[key]!)) { cases.append(wrong) }
    }
    for key in orders.indices { cases += dirtyUpdates(key) }
  }

  /// By key all lists, where not all of them are beginnings of one.
  private var listsOfUnclearKeys: [Int: [ArraySlice<Int32>]] {
    let keys = history.lists.keysWithOthers
    guard !keys.isEmpty else { return [:] }
    var lists: [Int: [ArraySlice<Int32>]] = [:]
    for transaction in history.transactions where transaction.outcome == .ok {
      for read in history.operations(of: transaction) where read.isRead && keys.contains(read.key) {
        let list = history.list(read)
        if !list.isEmpty { lists[read.key, default: []].append(list) }
      }
    }
    return lists
  }

  /// Two lists of which neither begins the other: of the shortest such pair.
  private func incompatible(
    _ key: Int, _ lists: [ArraySlice<Int32>], _ longest: ArraySlice<Int32>
  ) -> AnomalyCase? {
    guard let wrong = lists.filter({ !longest.starts(with: $0) }).min(by: { $0.count < $1.count }) else {
      return nil
    }
    let other = lists.filter { $0.count >= wrong.count && !$0.starts(with: wrong) }
      .min { $0.count < $1.count }!
    let values = [wrong, other].map { EDN.vector($0.map { history.value(Int($0)) }) }
    let shown = [wrong, other].compactMap { list in
      readers[Int(list.last!)].first { reader in
        history.operations(of: history.transactions[Int(reader)])
          .contains { $0.isRead && history.list($0) == list }
      }
    }
    return AnomalyCase(
      type: "incompatible-order", edn: ["key": EDN(history.keys[key]), "values": .vector(values)],
      detail: "key \(EDN(history.keys[key]).shown) was read as \(values[0].shown) and as \(values[1].shown): "
        + "neither begins the other",
      operations: shown.flatMap { history.indices(Int($0)) }.sorted())
  }

  /// An element of a transaction that certainly failed, and after it one of a transaction that succeeded.
  private func dirtyUpdates(_ key: Int) -> [AnomalyCase] {
    var found: [AnomalyCase] = []
    var aborted: (transaction: Int, values: [EDN])?
    for version in orders[key].map({ Int($0) }) {
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
              "\(history.text(writer)) appended to key \(EDN(history.keys[key]).shown) after the aborted "
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
    let key = history.key(of: version)
    let position = positions[version] < 0 ? orders[key].count : Int(positions[version])
    return position == 0 ? TransactionHistory.unborn : Int(orders[key][position - 1])
  }

  private func committer(of version: Int) -> Int? {
    history.writer(of: version).flatMap { history.transactions[$0].outcome == .fail ? nil : $0 }
  }

  func link(_ graph: inout DependencyGraph) {
    var unseen: [Int: [Int]] = [:]
    for version in 0..<history.versionCount {
      guard let writer = committer(of: version) else { continue }
      for reader in readers[version] { graph.add(writer, Int(reader), .wr) }
      let previous = previous(version)
      if let before = previous < 0 ? nil : committer(of: previous) { graph.add(before, writer, .ww) }
      let key = history.key(of: version)
      if positions[version] < 0 {
        if unseen[key]?.last != writer { unseen[key, default: []].append(writer) }
      } else {
        for reader in previous < 0 ? initialReaders[key] : readers[previous] {
          graph.add(Int(reader), writer, .rw)
        }
      }
    }
    for key in unseen.keys.sorted() {
      var distinct: Set<Int> = []
      let last = orders[key].last.map { readers[Int($0)] } ?? initialReaders[key]
      graph.add(last.map { Int($0) }, unseen[key]!.filter { distinct.insert($0).inserted }, .rw)
    }
  }

  func explain(_ step: Cycle.Step) -> Dependency? {
    let (a, b) = (history.transactions[step.from], history.transactions[step.to])
    for second in history.operations(of: b) where second.isRead == (step.relation == .wr) {
      let version = second.isRead ? last(second) : previous(second.value)
      let first = history.operations(of: a).first { first in
        guard first.key == second.key, first.isRead == (step.relation == .rw) else { return false }
        return (first.isRead ? last(first) : first.value) == version
      }
      guard let first else { continue }
      return Dependency(
        key: history.keys[second.key],
        value: version < 0 && step.relation == .rw ? .keyword("init") : history.value(version),
        next: second.isRead ? nil : history.value(second.value), first: first.place, second: second.place)
    }
    return nil
  }

  /// The version that a read shows.
  private func last(_ read: TransactionHistory.MicroOperation) -> Int {
    history.list(read).last.map { Int($0) } ?? TransactionHistory.unborn
  }
}
