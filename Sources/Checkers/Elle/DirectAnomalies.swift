import Glomers
import History

/// Anomalies that show without a graph: in one transaction, or in a read and the write that it shows.
struct DirectAnomalies {
  private let history: TransactionHistory

  init(_ history: TransactionHistory) { self.history = history }

  /// Of each type the first few.
  var cases: [AnomalyCase] {
    var cases = AnomalyCases()
    let intermediate = intermediateWriters
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      cases.add("internal") { internalInconsistency(number) }
      for read in transaction.operations where read.isRead {
        cases.add("G1a") { abortedRead(read, number) }
        cases.add("G1b") { intermediateRead(read, number, intermediate) }
        cases.add("duplicate-elements") { duplicates(read, number) }
      }
      if history.model == .lists { cases.add("future-read") { futureRead(number) } }
    }
    for (update, transactions) in lostUpdates {
      cases.add("lost-update") { lostUpdate(update, transactions) }
    }
    return cases.all
  }

  /// The versions that a read shows.
  private func shown(_ read: TransactionHistory.MicroOperation) -> [Int] {
    history.model == .lists ? history.list(read) : read.value < 0 ? [] : [read.value]
  }

  // MARK: Reads of what others wrote

  /// G1a: shows what a transaction wrote that certainly failed.
  private func abortedRead(_ read: TransactionHistory.MicroOperation, _ number: Int) -> AnomalyCase? {
    for version in shown(read) {
      guard let writer = history.writer(of: version), history.transactions[writer].outcome == .fail else {
        continue
      }
      return dirtyRead("G1a", read, number, version, writer, "wrote in a transaction that certainly failed")
    }
    return nil
  }

  /// For each version that its own transaction overwrites, that transaction; otherwise -1.
  private var intermediateWriters: [Int] {
    var writers = [Int](repeating: -1, count: history.versions.count)
    for (number, transaction) in history.transactions.enumerated() {
      for write in transaction.operations where !write.isRead { writers[write.value] = number }
      for write in transaction.externalWrites { writers[write.value] = -1 }
    }
    return writers
  }

  /// G1b: shows a state in the midst of another transaction.
  private func intermediateRead(
    _ read: TransactionHistory.MicroOperation, _ number: Int, _ writers: [Int]
  ) -> AnomalyCase? {
    guard let last = shown(read).last, writers[last] >= 0, writers[last] != number else { return nil }
    return dirtyRead("G1b", read, number, last, writers[last], "wrote and then wrote over")
  }

  private func dirtyRead(
    _ type: String, _ read: TransactionHistory.MicroOperation, _ reader: Int, _ version: Int, _ writer: Int,
    _ words: String
  ) -> AnomalyCase {
    var edn: EDN = [
      "op": history.operation(reader).edn, "mop": history.edn(read), "writer": history.operation(writer).edn,
    ]
    if history.model == .lists { edn["element"] = history.value(version) }
    return AnomalyCase(
      type: type, edn: edn,
      detail:
        "\(history.text(reader)) read \(history.edn(read).text), which \(history.text(writer)) \(words)",
      operations: (history.indices(reader) + history.indices(writer)).sorted())
  }

  // MARK: Single transactions

  /// A read that doesn't fit what the transaction itself has read or written before it.
  private func internalInconsistency(_ number: Int) -> AnomalyCase? {
    let operations = history.transactions[number].operations
    return history.model == .lists ? internalList(operations, number) : internalRegister(operations, number)
  }

  private func internalRegister(
    _ operations: [TransactionHistory.MicroOperation], _ number: Int
  ) -> AnomalyCase? {
    var state: [Int: Int] = [:]
    for operation in operations {
      if operation.isRead, let expected = state[operation.key], expected != operation.value {
        return inconsistent(operation, number, history.value(expected))
      }
      state[operation.key] = operation.value
    }
    return nil
  }

  private func internalList(
    _ operations: [TransactionHistory.MicroOperation], _ number: Int
  ) -> AnomalyCase? {
    var state: [Int: (isWhole: Bool, list: [Int])] = [:]
    for operation in operations {
      guard operation.isRead else {
        state[operation.key, default: (false, [])].list.append(operation.value)
        continue
      }
      let list = history.list(operation)
      if let known = state[operation.key] {
        let fits = known.isWhole ? list == known.list : list.suffix(known.list.count) == known.list[...]
        if !fits {
          let prefix: [EDN] = known.isWhole ? [] : [.keyword("...")]
          return inconsistent(operation, number, .vector(prefix + known.list.map { history.value($0) }))
        }
      }
      state[operation.key] = (true, list)
    }
    return nil
  }

  private func inconsistent(
    _ read: TransactionHistory.MicroOperation, _ number: Int, _ expected: EDN
  ) -> AnomalyCase {
    AnomalyCase(
      type: "internal",
      edn: ["op": history.operation(number).edn, "mop": history.edn(read), "expected": expected],
      detail: "\(history.text(number)) read \(history.edn(read).text), though by itself it knows "
        + expected.text, operations: history.indices(number))
  }

  /// A list that shows what the transaction appends only later.
  private func futureRead(_ number: Int) -> AnomalyCase? {
    let operations = history.transactions[number].operations
    let appended = Dictionary(
      operations.filter { !$0.isRead }.map { ($0.value, $0.place) }, uniquingKeysWith: max)
    guard !appended.isEmpty else { return nil }
    for read in operations where read.isRead {
      guard let element = history.list(read).first(where: { appended[$0].map { $0 > read.place } ?? false })
      else { continue }
      return AnomalyCase(
        type: "future-read",
        edn: [
          "op": history.operation(number).edn, "mop": history.edn(read), "element": history.value(element),
        ],
        detail: "\(history.text(number)) read \(history.value(element).text) before it appended that",
        operations: history.indices(number))
    }
    return nil
  }

  /// A list that shows an element more than once.
  private func duplicates(_ read: TransactionHistory.MicroOperation, _ number: Int) -> AnomalyCase? {
    let list = shown(read)
    guard list.count > 1, Set(list).count < list.count else { return nil }
    let repeated = Dictionary(list.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }
      .sorted { JSON.precedes(history.versions[$0.key].value, history.versions[$1.key].value) }
    let members = repeated.map { EDN.Member(history.value($0.key), .integer($0.value)) }
    return AnomalyCase(
      type: "duplicate-elements",
      edn: ["op": history.operation(number).edn, "mop": history.edn(read), "duplicates": .map(members)],
      detail: "\(history.edn(read).text) shows an element more than once", operations: history.indices(number)
    )
  }

  // MARK: Pairs of updates

  private struct Update: Hashable {
    let key: Int
    let seen: [Int]
  }

  /// Transactions that read the same state of a key and then both wrote to it: neither has seen the other's update.
  private var lostUpdates: [(update: Update, transactions: [Int])] {
    var places: [Update: Int] = [:]
    var updates: [(update: Update, transactions: [Int])] = []
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      let written = Set(transaction.externalWrites.map(\.key))
      for read in transaction.externalReads where written.contains(read.key) {
        let update = Update(key: read.key, seen: shown(read))
        if let place = places[update] {
          updates[place].transactions.append(number)
        } else {
          places[update] = updates.count
          updates.append((update, [number]))
        }
      }
    }
    return updates.filter { $0.transactions.count > 1 }
  }

  private func lostUpdate(_ update: Update, _ transactions: [Int]) -> AnomalyCase {
    let seen = update.seen.map { history.value($0) }
    let value: EDN = history.model == .lists && !seen.isEmpty ? .vector(seen) : seen.first ?? .null
    let key = EDN(history.keys[update.key])
    let told = transactions.prefix(2)
    return AnomalyCase(
      type: "lost-update",
      edn: [
        "key": key, "value": value,
        "txns": .vector(transactions.prefix(AnomalyCases.shownMax).map { history.operation($0).edn }),
      ],
      detail: "\(told.map { history.text($0) }.joined(separator: " and ")) both read "
        + "\(value.text) from key \(key.text) and then wrote to it",
      operations: told.flatMap { history.indices($0) }.sorted())
  }
}
