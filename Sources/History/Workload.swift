/// What the clients of a test do, and what they are to be answered: Maelstrom's names.
public enum Workload: String, CaseIterable, Sendable {
  case echo
  case uniqueIDs = "unique-ids"
  case broadcast
  case kafka
  case linKV = "lin-kv"
  case gSet = "g-set"
  case gCounter = "g-counter"
  case pnCounter = "pn-counter"
  case txnRWRegister = "txn-rw-register"
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
