internal import Replication
internal import Glomers

/// Decides when a replica tells which peer what, so that all come to hold the same and then are silent.
///
/// It knows replicas only by their version vectors. At most once a period, every peer is told what is new here: entries
/// of this node's own, or that entries of others have arrived (an acknowledgement). What a peer shows to be missing,
/// or does not show to hold in time, is repaired pairwise, with the entries of all origins; so the network need only
/// be connected, not complete. Demers et al., *Epidemic algorithms for replicated database maintenance*, PODC 1987.
///
/// The node calls ``heard(_:wantsAnswer:from:holding:)`` after it has merged a peer's message, ``round(holding:at:)``
/// when its timer wakes it, and ``schedule(holding:at:)`` at the end of either and after it has changed something.
struct Exchange: Sendable {
  /// A message that is due.
  struct Push: Equatable, Sendable {
    let peer: NodeID
    /// What the peer holds or has been sent: what goes beyond this is to be sent.
    let since: VersionVector
    /// Whether entries of every origin are to be sent, or only this node's own.
    let isRepair: Bool
    /// Whether the peer is to say what it holds, changed or not.
    let wantsAnswer: Bool
  }

  let origin: Origin
  private let pace: Pace
  /// In the order of the cluster.
  private var peers: [Peer]
  private let places: [NodeID: Int]
  /// When the timer that the node has set will wake it.
  private(set) var wake: Instant?

  init(_ cluster: Cluster, origin: Origin, period: Duration, patience: Duration) {
    self.origin = origin
    pace = Pace(period: period, patience: patience)
    peers = cluster.peers.map { Peer(name: $0) }
    places = Dictionary(uniqueKeysWithValues: cluster.peers.enumerated().map { ($1, $0) })
  }

  var period: Duration { pace.period }

  /// Whether this names a peer: nobody else takes part.
  func isPeer(_ name: NodeID) -> Bool { places[name] != nil }

  /// What a peer held when it last spoke; nothing if it never did.
  func known(of peer: NodeID) -> VersionVector { places[peer].map { peers[$0].known } ?? VersionVector() }

  /// Begins again after a recovery: asks every peer what it holds, until it has spoken. Nothing is sent before that, for
  /// most of what was recovered the peers are likely to hold.
  ///
  /// A node that has recovered nothing need not do this: nobody relies on it for anything, and whoever holds what it
  /// lacks knows that.
  mutating func rejoin(holding mine: VersionVector, at now: Instant) {
    for place in peers.indices {
      peers[place].known = mine
      peers[place].told = mine
      peers[place].hasShownGap = true
      peers[place].gapSince = now - pace.patience
      peers[place].isStranger = true
    }
  }

  /// Takes note of a peer's message, after what it brought was merged.
  mutating func heard(
    _ version: VersionVector, wantsAnswer: Bool, from name: NodeID, holding mine: VersionVector
  ) {
    guard let place = places[name] else { return }
    peers[place].hear(version, wantsAnswer: wantsAnswer, holding: mine)
  }

  /// When the next round is to be: nil when all is said, or a timer for it is set already.
  mutating func schedule(holding mine: VersionVector, at now: Instant) -> Instant? {
    var next: Instant?
    for place in peers.indices {
      guard let due = peers[place].schedule(pace, mine, now) else { continue }
      next = min(next ?? due, due)
    }
    guard let due = next.map({ max($0, now) }), wake.map({ due < $0 }) ?? true else { return nil }
    wake = due
    return due
  }

  /// A round: what is to be sent to whom.
  mutating func round(holding mine: VersionVector, at now: Instant) -> [Push] {
    wake = nil
    return peers.indices.compactMap { peers[$0].round(pace, mine, origin, now) }
  }
}
