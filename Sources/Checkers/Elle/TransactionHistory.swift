import Glomers
import History

/// A history of transactions made ready for checkers: keys and versions are small numbers.
///
/// A version is a value written to a key, or an element appended to it. Writes of one version by two transactions
/// can't be told apart: see ``repeatedWrite``.
struct TransactionHistory {
  enum Model: Sendable {
    case registers
    /// Reads show lists of versions.
    case lists
  }

  enum Outcome { case ok, fail, info }

  struct MicroOperation: Equatable {
    let isRead: Bool
    let key: Int
    /// A write's version, and for registers also that which a read shows; ``unborn`` for null. For lists: where in
    /// ``lists`` the read's list stands, -1 for an empty one.
    let value: Int
    /// Its place in the transaction.
    let place: Int
  }

  struct Transaction {
    /// Its invocation, and its completion, or -1.
    let begin: Int
    let end: Int
    let outcome: Outcome
    let process: Int
    let node: NodeID?
    let isFinal: Bool
    let operations: [MicroOperation]
    /// What it read before it wrote: for each key its first operation, where that is a read.
    let externalReads: [MicroOperation]
    /// What it left behind: for each key its last write.
    let externalWrites: [MicroOperation]

    /// Where Elle sees it in the history.
    var index: Int { end < 0 ? begin : end }

    fileprivate init(
      _ begun: Operation, _ end: Operation?, _ outcome: Outcome, _ process: Int,
      _ operations: [MicroOperation]
    ) {
      begin = begun.index
      self.end = end?.index ?? -1
      self.outcome = outcome
      self.process = process
      node = begun.node
      isFinal = begun.isFinal
      self.operations = operations
      var touched: Set<Int> = []
      externalReads = operations.filter { touched.insert($0.key).inserted && $0.isRead }
      touched = []
      externalWrites = operations.reversed().filter { !$0.isRead && touched.insert($0.key).inserted }
        .reversed()
    }
  }

  /// The state of a key to which nothing has been written.
  static let unborn = -1

  let model: Model
  let history: History
  private(set) var transactions: [Transaction] = []
  private(set) var keys: [JSON] = []
  /// The version's key and value.
  private(set) var versions: [(key: Int, value: JSON)] = []
  /// What reads of lists show.
  private(set) var lists: [[Int]] = []
  /// For each version the transactions that write it.
  private(set) var writers: [[Int]] = []
  /// Operations whose value is no transaction.
  private(set) var malformed: [Int] = []
  private var keyNumbers: [JSON: Int] = [:]
  private var versionNumbers: [Version: Int] = [:]

  private struct Version: Hashable {
    let key: Int
    let value: JSON
  }

  init(_ history: History, _ model: Model) {
    self.history = history
    self.model = model
    for begun in history.operations where begun.isClient && begun.kind == .invoke && begun.function == "txn" {
      let end = history.completion(of: begun.index)
      let outcome: Outcome =
        switch end?.kind {
        case .ok: .ok
        case .fail: .fail
        default: .info
        }
      // What an unknown outcome shows is what was asked, and its reads show nothing.
      let isKnown = end?.kind == .ok
      guard let operations = read(isKnown ? end!.value : begun.value, isKnown: isKnown) else {
        malformed.append(end?.index ?? begun.index)
        continue
      }
      guard case .client(let process) = begun.process else { continue }
      let number = transactions.count
      transactions.append(Transaction(begun, end, outcome, process, operations))
      for operation in operations where !operation.isRead && writers[operation.value].last != number {
        writers[operation.value].append(number)
      }
    }
  }

  /// A version that more than one transaction writes: Elle can't work on such histories.
  var repeatedWrite: (version: Int, writers: [Int])? {
    writers.indices.first { writers[$0].count > 1 }.map { ($0, writers[$0]) }
  }

  /// The one transaction that writes a version; nil if nobody does.
  func writer(of version: Int) -> Int? { writers[version].first }

  func operation(_ transaction: Int) -> Operation { history[transactions[transaction].index] }

  /// A version as people see it.
  func value(_ version: Int) -> EDN { version < 0 ? .null : EDN(versions[version].value) }

  func edn(_ operation: MicroOperation) -> EDN {
    let function = operation.isRead ? "r" : model == .lists ? "append" : "w"
    return [.keyword(function), EDN(keys[operation.key]), shown(operation)]
  }

  private func shown(_ operation: MicroOperation) -> EDN {
    guard operation.isRead, model == .lists else { return value(operation.value) }
    return operation.value < 0 ? .null : .vector(lists[operation.value].map { value($0) })
  }

  /// What a read of a list shows.
  func list(_ read: MicroOperation) -> [Int] { read.value < 0 ? [] : lists[read.value] }

  // MARK: Reading

  /// - Parameter isKnown: whether reads say what they saw; otherwise they may leave it out.
  private mutating func read(_ value: JSON, isKnown: Bool) -> [MicroOperation]? {
    guard let elements = value.array else { return nil }
    var operations: [MicroOperation] = []
    operations.reserveCapacity(elements.count)
    for (place, element) in elements.enumerated() {
      guard var parts = element.array, let function = parts.first?.string else { return nil }
      if parts.count == 2, function == "r", !isKnown { parts.append(.null) }
      guard parts.count == 3 else { return nil }
      let key = number(ofKey: parts[1])
      switch (function, model) {
      case ("r", .registers):
        let version = parts[2] == .null ? Self.unborn : number(of: parts[2], key)
        operations.append(MicroOperation(isRead: true, key: key, value: version, place: place))
      case ("r", .lists):
        guard parts[2] == .null || parts[2].array != nil else { return nil }
        let list = parts[2].array ?? []
        if !list.isEmpty { lists.append(list.map { number(of: $0, key) }) }
        operations.append(
          MicroOperation(isRead: true, key: key, value: list.isEmpty ? -1 : lists.count - 1, place: place))
      case ("w", .registers), ("append", .lists):
        operations.append(
          MicroOperation(isRead: false, key: key, value: number(of: parts[2], key), place: place))
      default: return nil
      }
    }
    return operations
  }

  private mutating func number(ofKey key: JSON) -> Int {
    let key = key.numericForm
    if let number = keyNumbers[key] { return number }
    keyNumbers[key] = keys.count
    keys.append(key)
    return keys.count - 1
  }

  private mutating func number(of value: JSON, _ key: Int) -> Int {
    let value = value.numericForm
    let version = Version(key: key, value: value)
    if let number = versionNumbers[version] { return number }
    versionNumbers[version] = versions.count
    versions.append((key, value))
    writers.append([])
    return versions.count - 1
  }
}
