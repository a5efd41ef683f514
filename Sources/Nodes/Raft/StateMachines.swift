public import Services
public import Glomers
public import Raft
internal import Replication
public import Wire
public import Workloads

/// `lin-kv`: a linearizable key-value store (Herlihy & Wing: *Linearizability*, TOPLAS 1990).
public typealias LinKVNode = RaftNode<KeyValues>
/// `txn-list-append`: strict-serializable transactions on lists.
public typealias ListTransactionNode = RaftNode<Lists>
/// `txn-rw-register --isolation strict-serializable`.
public typealias StrictTransactionNode = RaftNode<Registers>

/// Values by key, both any JSON.
public struct KeyValues: StateMachine {
  private var values: [JSON: JSON] = [:]

  public init() {}

  public static func purpose(of message: KV) -> Purpose {
    switch message {
    case .read: .query
    case .write, .cas: .command
    case .readOk, .writeOk, .casOk, .ts, .tsOk:
      .refused(.notSupported("a key-value store takes read, write and cas"))
    }
  }

  public mutating func apply(_ command: KV) -> Outcome<KV> { command.apply(to: &values[command.key!]) }

  /// Without the words of an error.
  public mutating func replay(_ command: KV) {
    switch command {
    case .write(let key, let value): values[key] = value
    case .cas(let key, let from, let to, let createIfNotExists):
      let current = values[key]
      if current == from || current == nil && createIfNotExists { values[key] = to }
    default: break
    }
  }

  public func answer(_ query: KV) -> Outcome<KV> {
    var value = values[query.key!]
    return query.apply(to: &value)
  }

  public static func encodedBytes(of command: KV) -> Int {
    switch command {
    case .write(let key, let value): key.encodedBytes + value.encodedBytes + 48
    case .cas(let key, let from, let to, _):
      key.encodedBytes + from.encodedBytes + to.encodedBytes + 96
    default: 48
    }
  }

  public var pieces: [KV] { values.inOrder.map { .write(key: $0, value: $1) } }
  public mutating func restore(_ piece: KV) { if piece.key != nil { _ = apply(piece) } }
}

extension Dictionary where Key == JSON {
  /// By their keys: the order of a dictionary differs from one to the next, and a snapshot is sent and stored.
  fileprivate var inOrder: [(key: JSON, value: Value)] {
    sorted { first, second in
      switch (first.key, second.key) {
      case (.integer(let first), .integer(let second)): first < second
      case (.string(let first), .string(let second)): first.utf8.lexicographicallyPrecedes(second.utf8)
      default: "\(first.key)" < "\(second.key)"
      }
    }
  }
}

/// A command can be a piece of a snapshot.
extension Transactions: StorableRecord {}

/// Transactions on values by key, one micro-operation after the other. A whole transaction is one command.
public protocol TransactionMachine: StateMachine where Message == Transactions, Piece == Transactions {
  /// What an operation changes; nothing if it reads.
  mutating func write(_ operation: MicroOperation)
  func value(of key: JSON) -> JSON
}

extension TransactionMachine {
  public mutating func apply(_ command: Transactions) -> Outcome<Transactions> {
    guard case .txn(let operations) = command else { return .success(command) }
    var answer: [MicroOperation] = []
    answer.reserveCapacity(operations.count)
    for operation in operations {
      write(operation)
      answer.append(read(operation))
    }
    return .success(.txnOk(answer))
  }

  public mutating func replay(_ command: Transactions) {
    guard case .txn(let operations) = command else { return }
    for operation in operations { write(operation) }
  }

  public func answer(_ query: Transactions) -> Outcome<Transactions> {
    guard case .txn(let operations) = query else { return .success(query) }
    return .success(.txnOk(operations.map(read)))
  }

  private func read(_ operation: MicroOperation) -> MicroOperation {
    guard case .read(let key, _) = operation else { return operation }
    return .read(key: key, value: value(of: key))
  }

  public static func encodedBytes(of command: Transactions) -> Int { command.encodedBytes }

  public mutating func restore(_ piece: Transactions) { _ = apply(piece) }
}

/// Lists by key: transactions read them, and append to them.
public struct Lists: TransactionMachine {
  public static let store = Option(
    "store", .choice("raft", of: ["raft", "lin-kv"]),
    "Where lists are kept: replicated by the nodes themselves, or in the service lin-kv, by optimistic transactions."
  )
  public static var options: [Option] { [store] }

  private var lists: [JSON: [JSON]] = [:]
  /// So many elements of a list are a piece.
  private static let pieceSize = 256

  public init() {}

  public static func purpose(of message: Transactions) -> Purpose {
    message.purpose("lists can be read and appended to, not written") { operation in
      if case .write = operation { false } else { true }
    }
  }

  public mutating func write(_ operation: MicroOperation) {
    if case .append(let key, let value) = operation { lists[key, default: []].append(value) }
  }

  public func value(of key: JSON) -> JSON { lists[key].map { .array($0) } ?? .null }

  public var pieces: [Transactions] {
    lists.inOrder.flatMap { key, list in
      stride(from: 0, to: list.count, by: Self.pieceSize).map { start in
        .txn(list[start..<min(start + Self.pieceSize, list.count)].map { .append(key: key, value: $0) })
      }
    }
  }
}

/// Registers by key: transactions read and write them.
public struct Registers: TransactionMachine {
  /// Its node has the name of ``TransactionNode``, and takes what that takes.
  public static var options: [Option] { TransactionNode.options }

  private var values: [JSON: JSON] = [:]

  public init() {}

  public static func purpose(of message: Transactions) -> Purpose {
    message.purpose("registers can be read and written, not appended to") { operation in
      if case .append = operation { false } else { true }
    }
  }

  public mutating func write(_ operation: MicroOperation) {
    if case .write(let key, let value) = operation { values[key] = value }
  }

  public func value(of key: JSON) -> JSON { values[key] ?? .null }

  public var pieces: [Transactions] { values.inOrder.map { .txn([.write(key: $0, value: $1)]) } }
}

extension Transactions {
  fileprivate func purpose(_ objection: String, _ isKnown: (MicroOperation) -> Bool) -> Purpose {
    guard case .txn(let operations) = self else {
      return .refused(.notSupported("txn_ok is an answer, not a request"))
    }
    guard operations.allSatisfy(isKnown) else { return .refused(.notSupported(objection)) }
    let isQuery = operations.allSatisfy { if case .read = $0 { true } else { false } }
    return isQuery ? .query : .command
  }

  fileprivate var encodedBytes: Int {
    guard case .txn(let operations) = self else { return 48 }
    return operations.reduce(48) { sum, operation in
      switch operation {
      case .read(let key, let value), .write(let key, let value), .append(let key, let value):
        sum + key.encodedBytes + value.encodedBytes + 16
      }
    }
  }
}
