/// What broadcast nodes say to each other. Every message carries its sender's version vector: it acknowledges all
/// that the sender holds, and shows what the sender lacks.
public enum Gossip: Equatable, Sendable {
  /// A spoke's new values, for the hub to scatter. `stamp` is the spoke's own clock, which comes back in the next
  /// scatter; `lead` is how long before a scatter lands this spoke's batches leave, once it knows.
  case batch(Delta, version: VersionVector, stamp: Duration, lead: Duration?)
  /// The hub's news, for everybody. The next scatter leaves a whole number of periods later. `echo` is the stamp of
  /// the receiver's last batch plus the time that it lay at the hub; `lead` is the longest that the hub knows of.
  case scatter([Delta], version: VersionVector, period: Duration, echo: Duration?, lead: Duration?)
  /// Pairwise anti-entropy: what the receiver was seen to lack, and whether the sender wants the same of it.
  case sync([Delta], version: VersionVector, wantsAnswer: Bool)
  /// Measures the round trip.
  case ping, pong
}
