/// What one says to Maelstrom's services, and what they answer.
///
/// `lin-kv`, `seq-kv` and `lww-kv` take reads, writes and compare-and-sets; `lin-tso` gives out timestamps.
public enum KV: Hashable, Sendable {
  /// Asks for the value of a key. Error 20 if there is none.
  case read(key: JSON)
  /// The value that was read.
  case readOk(value: JSON)
  /// Sets a key to a value, whatever it was before.
  case write(key: JSON, value: JSON)
  /// The value was written.
  case writeOk
  /// Sets a key to `to` if it is `from`. Error 22 if it is something else; error 20 if there is no such key,
  /// unless it is to be created then.
  case cas(key: JSON, from: JSON, to: JSON, createIfNotExists: Bool)
  /// The value was `from`, and is `to` now.
  case casOk
  /// Asks `lin-tso` for a timestamp.
  case ts
  /// A timestamp, higher than each that was given out before it was asked for.
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

  /// Its name in the network.
  public var id: NodeID { NodeID(rawValue) }
}
