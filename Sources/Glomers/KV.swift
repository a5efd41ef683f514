/// What one says to Maelstrom's services, and what they answer.
///
/// `lin-kv`, `seq-kv` and `lww-kv` take reads, writes and compare-and-sets; `lin-tso` gives out timestamps.
public enum KV: Hashable, Sendable {
  case read(key: JSON)
  case readOk(value: JSON)
  case write(key: JSON, value: JSON)
  case writeOk
  case cas(key: JSON, from: JSON, to: JSON, createIfNotExists: Bool)
  case casOk
  case ts
  case tsOk(ts: Int)
}

/// A service of Maelstrom's network.
public enum Service: String, Hashable, Sendable, CaseIterable {
  /// Linearizable.
  case linKV = "lin-kv"
  /// Sequentially consistent: reads may be stale, but never go back for one caller.
  case seqKV = "seq-kv"
  /// Eventually consistent: the last writer by Lamport clock wins.
  case lwwKV = "lww-kv"
  /// A linearizable source of timestamps.
  case linTSO = "lin-tso"

  public var id: NodeID { NodeID(rawValue) }
}
