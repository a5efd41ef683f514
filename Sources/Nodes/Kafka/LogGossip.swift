public import Glomers

/// What kafka nodes say to each other: new records, and how much of every stream the sender holds, which promises
/// that it will never again assign an offset at or below any that it holds.
public struct LogGossip: Equatable, Sendable {
  /// One thing that happened at a node.
  public enum Record: Equatable, Sendable {
    case message(key: String, offset: Int, JSON)
    case commit(key: String, offset: Int)
    case fence(Fence)
  }

  /// Records of one origin, in order, that follow its first `after` records.
  public struct Delta: Equatable, Sendable {
    public let origin: Origin
    public let after: Int
    public let records: [Record]

    public init(origin: Origin, after: Int, records: [Record]) {
      self.origin = origin
      self.after = after
      self.records = records
    }
  }

  /// The sender itself.
  public let origin: Origin
  public let deltas: [Delta]
  public let version: VersionVector
  public let wantsAnswer: Bool

  public init(origin: Origin, deltas: [Delta], version: VersionVector, wantsAnswer: Bool) {
    self.origin = origin
    self.deltas = deltas
    self.version = version
    self.wantsAnswer = wantsAnswer
  }
}
