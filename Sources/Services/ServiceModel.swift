public import Glomers

/// A service of Maelstrom's network as pure state: requests in, answers out. What it draws, it draws from the dice
/// that it is given.
public protocol ServiceModel: Sendable {
  /// What a change of the state can be kept as; `Never` where nothing is kept.
  associatedtype Record: Equatable & Sendable = Never

  init()

  /// Does what is asked, if it can be done. Errors are definite.
  mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV>

  /// Of what a request has changed that was answered so; nil if that is nothing.
  static func record(of request: KV, answered outcome: Outcome<KV>) -> Record?

  /// Makes a change again.
  mutating func restore(_ record: Record)

  /// Records that lead from the first state to this one.
  var records: [Record] { get }
}

extension ServiceModel where Record == Never {
  public static func record(of request: KV, answered outcome: Outcome<KV>) -> Never? { nil }
  public mutating func restore(_ record: Never) {}
  public var records: [Never] { [] }
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
