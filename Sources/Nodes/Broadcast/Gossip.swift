public import Replication
public import Glomers

/// What broadcast nodes say to each other. What has values or asks for them tells the sender's version vector too: it
/// acknowledges all that the sender holds, and shows what the sender lacks. (Letters tell it to the hub alone.)
public enum Gossip: Equatable, Sendable {
  /// A spoke's new values, for the hub to scatter. `stamp` is the spoke's own clock, which comes back in the next
  /// scatter; `lead` is how long before a scatter lands this spoke's batches leave, once it knows.
  case batch(Delta<JSON>, version: VersionVector, stamp: Duration, lead: Duration?)
  /// A node's new values, for every peer to have without waiting for a scatter (`DirectMail.swift`).
  case mail(Delta<JSON>, version: VersionVector, stamp: Duration, lead: Duration?)
  /// The hub's news, for everybody. `echo` is the stamp of the receiver's last batch plus the time for which that lay
  /// at the hub.
  case scatter([Delta<JSON>], Holding, Rhythm, echo: Duration?)
  /// Pairwise anti-entropy: what the receiver was seen to lack, and whether the sender wants the same of it.
  case sync([Delta<JSON>], version: VersionVector, wantsAnswer: Bool)
  /// Measures the round trip.
  case ping, pong
}

/// When a hub scatters.
public struct Rhythm: Equatable, Sendable {
  /// From this scatter to the next one.
  public let next: Duration
  /// From each to the next after that.
  public let period: Duration
  /// The longest lead of a spoke that the hub knows of: a start for spokes that have not measured theirs.
  public let lead: Duration?
  /// For how long a node gathers new values that it mails to all; nil where a batch and a scatter are in time.
  public var mailPeriod: Duration?
}
