public import Glomers

/// A service of Maelstrom's network as pure state: requests in, answers out. What it draws, it draws from the dice
/// that it is given.
public protocol ServiceModel: Sendable {
  init()

  /// Does what is asked, if it can be done. Errors are definite.
  mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV>
}

extension Service {
  /// The service in its first state.
  public var model: any ServiceModel {
    switch self {
    case .linKV: LinearizableKV()
    case .seqKV: SequentialKV()
    case .lwwKV: LastWriterWinsKV()
    case .linTSO: TimestampOracle()
    }
  }
}
