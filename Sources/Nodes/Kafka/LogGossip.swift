public import Replication
internal import Glomers
public import Wire

/// What kafka nodes say to each other: new records, and how much of every stream the sender holds, which promises
/// that it will never again assign an offset at or below any that it holds.
public struct LogGossip: Equatable, Sendable {
  /// One thing that happened at a node.
  public enum Record: Equatable, Sendable {
    case message(key: String, offset: Int, JSONText)
    case commit(key: String, offset: Int)
    case fence(Fence)
  }

  /// The sender itself.
  public let origin: Origin
  public let deltas: [Delta<Record>]
  public let version: VersionVector
  public let wantsAnswer: Bool

  public init(origin: Origin, deltas: [Delta<Record>], version: VersionVector, wantsAnswer: Bool) {
    self.origin = origin
    self.deltas = deltas
    self.version = version
    self.wantsAnswer = wantsAnswer
  }
}
