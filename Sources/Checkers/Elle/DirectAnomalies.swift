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
    let aborted = history.firstPlaces(where: isAborted)
    let repeated = firstRepetitions
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      if transaction.returnsToKeys, mayContradictItself(transaction) {
        cases.add("internal") { internalInconsistency(number) }
      }
      for read in history.operations(of: transaction) where read.isRead {
        if let version = history.first(shownBy: read, aborted, where: isAborted) {
          cases.add("G1a") {
            dirtyRead("G1a", read, number, version, "wrote in a transaction that certainly failed")
          }
        }
        if let last = history.last(shownBy: read), intermediate[last] >= 0, intermediate[last] != number {
          cases.add("G1b") { dirtyRead("G1b", read, number, last, "wrote and then wrote over") }
        }
        if history.model == .lists, read.value < 0 || read.value > repeated[read.key] {
          cases.add("duplicate-elements") { duplicates(read, number) }
        }
      }
      if history.model == .lists, transaction.returnsToKeys {
        cases.add("future-read") { futureRead(number) }
      }
    }
    for (read, transactions) in lostUpdates {
      cases.add("lost-update") { lostUpdate(read, transactions) }
    }
    return cases.all
  }

  // MARK: Reads of what others wrote

  /// G1a: whether a transaction wrote it that certainly failed.
  private func isAborted(_ version: Int) -> Bool {
    history.writer(of: version).map { history.transactions[$0].outcome == .fail } ?? false
  }

  /// For each version that its own transaction overwrites, that transaction; otherwise -1. A read that shows a state in the
  /// midst of another transaction is G1b.
  private var intermediateWriters: [Int32] {
    var writers = [Int32](repeating: -1, count: history.versionCount)
    for (number, transaction) in history.transactions.enumerated() {
      for write in history.operations(of: transaction) where !write.isRead {
        writers[write.value] = Int32(number)
      }
      for write in history.externalWrites(of: transaction) { writers[write.value] = -1 }
    }
    return writers
  }

  private func dirtyRead(
    _ type: String, _ read: TransactionHistory.MicroOperation, _ reader: Int, _ version: Int, _ words: String
  ) -> AnomalyCase {
    let writer = history.writer(of: version)!
    var edn: EDN = [
      "op": history.operation(reader).edn, "mop": history.edn(read), "writer": history.operation(writer).edn,
    ]
    if history.model == .lists { edn["element"] = history.value(version) }
    return AnomalyCase(
      type: type, edn: edn,
      detail:
        "\(history.text(reader)) read \(history.edn(read).shown), which \(history.text(writer)) \(words)",
      operations: (history.indices(reader) + history.indices(writer)).sorted())
  }

  // MARK: Single transactions

  /// So many operations are looked through faster than a dictionary finds one.
  private static let fewOperations = 16

  /// Whether a read certainly, or perhaps, doesn't fit what its transaction has done before: of most it can be told at once.
  private func mayContradictItself(_ transaction: TransactionHistory.Transaction) -> Bool {
    let operations = history.operations(of: transaction)
    guard history.model == .registers, operations.count <= Self.fewOperations else { return true }
    for place in operations.indices where operations[place].isRead {
      var before = place - 1
      while before >= operations.startIndex, operations[before].key != operations[place].key { before -= 1 }
      if before >= operations.startIndex, operations[before].value != operations[place].value { return true }
    }
    return false
  }

  /// A read that doesn't fit what the transaction itself has read or written before it.
  private func internalInconsistency(_ number: Int) -> AnomalyCase? {
    let operations = history.operations(of: history.transactions[number])
    return history.model == .lists ? internalList(operations, number) : internalRegister(operations, number)
  }

  private func internalRegister(
    _ operations: ArraySlice<TransactionHistory.MicroOperation>, _ number: Int
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
    _ operations: ArraySlice<TransactionHistory.MicroOperation>, _ number: Int
  ) -> AnomalyCase? {
    var state: [Int: (isWhole: Bool, list: [Int32])] = [:]
    for operation in operations {
      guard operation.isRead else {
        state[operation.key, default: (false, [])].list.append(Int32(operation.value))
        continue
      }
      let list = Array(history.list(operation))
      if let known = state[operation.key] {
        let fits = known.isWhole ? list == known.list : list.suffix(known.list.count) == known.list[...]
        if !fits {
          let prefix: [EDN] = known.isWhole ? [] : [.keyword("...")]
          return inconsistent(operation, number, .vector(prefix + known.list.map { history.value(Int($0)) }))
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
      detail: "\(history.text(number)) read \(history.edn(read).shown), though by itself it knows "
        + expected.shown, operations: history.indices(number))
  }

  /// A list that shows what the transaction appends only later.
  private func futureRead(_ number: Int) -> AnomalyCase? {
    let operations = history.operations(of: history.transactions[number])
    let appended = Dictionary(
      operations.filter { !$0.isRead }.map { (Int32($0.value), $0.place) }, uniquingKeysWith: max)
    guard !appended.isEmpty else { return nil }
    for read in operations where read.isRead {
      guard let element = history.list(read).first(where: { appended[$0].map { $0 > read.place } ?? false })
      else { continue }
      return AnomalyCase(
        type: "future-read",
        edn: [
          "op": history.operation(number).edn, "mop": history.edn(read),
          "element": history.value(Int(element)),
        ],
        detail: "\(history.text(number)) read \(history.value(Int(element)).shown) before it appended that",
        operations: history.indices(number))
    }
    return nil
  }

  /// For each key the first place in its longest list with an element that stands before it already; past the end where
  /// there is none.
  private var firstRepetitions: [Int] {
    var seen = [Bool](repeating: false, count: history.versionCount)
    return history.firstPlaces { version in
      defer { seen[version] = true }
      return seen[version]
    }
  }

  /// A list that shows an element more than once.
  private func duplicates(_ read: TransactionHistory.MicroOperation, _ number: Int) -> AnomalyCase? {
    let list = history.shown(read)
    guard list.count > 1, Set(list).count < list.count else { return nil }
    let repeated = Dictionary(list.map { ($0, 1) }, uniquingKeysWith: +).filter { $0.value > 1 }
      .sorted { JSON.precedes(history.json($0.key), history.json($1.key)) }
    let members = repeated.map { EDN.Member(history.value($0.key), .integer($0.value)) }
    return AnomalyCase(
      type: "duplicate-elements",
      edn: ["op": history.operation(number).edn, "mop": history.edn(read), "duplicates": .map(members)],
      detail: "\(history.edn(read).shown) shows an element more than once",
      operations: history.indices(number)
    )
  }

  // MARK: Pairs of updates

  private struct Update: Hashable {
    let key: Int
    /// What a read shows of it: ``TransactionHistory/MicroOperation/value``.
    let seen: Int
  }

  /// Transactions that read the same state of a key and then both wrote to it: neither has seen the other's update.
  private var lostUpdates: [(read: TransactionHistory.MicroOperation, transactions: [Int])] {
    var places: [Update: Int] = [:]
    var updates: [(read: TransactionHistory.MicroOperation, transactions: [Int])] = []
    for (number, transaction) in history.transactions.enumerated()
    where transaction.outcome == .ok && transaction.returnsToKeys {
      let operations = history.operations(of: transaction)
      let isShort = operations.count <= Self.fewOperations
      let written = isShort ? [] : Set(operations.lazy.filter { !$0.isRead }.map(\.key))
      for read in operations where read.isRead && read.isExternal {
        let isWritten =
          isShort
          ? operations.contains { !$0.isRead && $0.key == read.key } : written.contains(read.key)
        guard isWritten else { continue }
        let update = Update(key: read.key, seen: read.value)
        if let place = places[update] {
          updates[place].transactions.append(number)
        } else {
          places[update] = updates.count
          updates.append((read, [number]))
        }
      }
    }
    return updates.filter { $0.transactions.count > 1 }
  }

  private func lostUpdate(
    _ read: TransactionHistory.MicroOperation, _ transactions: [Int]
  ) -> AnomalyCase {
    let seen = history.shown(read).map { history.value($0) }
    let value: EDN = history.model == .lists && !seen.isEmpty ? .vector(seen) : seen.first ?? .null
    let key = EDN(history.keys[read.key])
    let told = transactions.prefix(2)
    return AnomalyCase(
      type: "lost-update",
      edn: [
        "key": key, "value": value,
        "txns": .vector(transactions.prefix(AnomalyCases.shownMax).map { history.operation($0).edn }),
      ],
      detail: "\(told.map { history.text($0) }.joined(separator: " and ")) both read "
        + "\(value.shown) from key \(key.shown) and then wrote to it",
      operations: told.flatMap { history.indices($0) }.sorted())
  }
}
