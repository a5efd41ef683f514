/// What the clients of a test do, and what they are to be answered: Maelstrom's names.
public enum Workload: String, CaseIterable, Sendable {
  /// What clients say is said again.
  case echo
  /// No two answers are the same.
  case uniqueIDs = "unique-ids"
  /// Every value reaches every node.
  case broadcast
  /// Logs, one a key, that all clients see alike.
  case kafka
  /// One register a key, linearizable.
  case linKV = "lin-kv"
  /// A set that only grows.
  case gSet = "g-set"
  /// A counter that only grows.
  case gCounter = "g-counter"
  /// A counter that goes up and down.
  case pnCounter = "pn-counter"
  /// Transactions on registers.
  case txnRWRegister = "txn-rw-register"
  /// Transactions on lists that are appended to.
  case txnListAppend = "txn-list-append"
}

extension Workload {
  /// What its clients do: the names that operations of its histories have, Jepsen's own among them.
  package var functions: Set<String> {
    switch self {
    case .echo: ["echo"]
    case .uniqueIDs: ["generate"]
    case .broadcast: ["broadcast", "read"]
    case .kafka: ["send", "poll", "txn", "assign", "subscribe", "crash", "debug-topic-partitions"]
    case .linKV: ["read", "write", "cas"]
    case .gSet, .gCounter, .pnCounter: ["add", "read"]
    case .txnRWRegister, .txnListAppend: ["txn"]
    }
  }
}
