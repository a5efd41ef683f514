internal import Glomers

/// Decides when a replica tells which peer what, so that all come to hold the same and then are silent.
///
/// It knows replicas only by their version vectors. Once a period, every peer is told what is new here, whatever that
/// is: entries of this node's own, or that entries of others have arrived (an acknowledgement). What a peer shows to
/// be missing is repaired pairwise, with the entries of all origins, so that the network need only be connected, not
/// complete: Demers et al., *Epidemic algorithms for replicated database maintenance*, PODC 1987.
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

  private struct Peer: Sendable {
    /// What it held when it last spoke.
    var known = VersionVector()
    /// The version of this replica when it was last sent something.
    var told = VersionVector()
    /// This node's own entries that it was sent.
    var sent = 0
    var lastSent: Instant?
    /// It has asked for an answer.
    var isOwed = false
    /// It has shown a gap.
    var needsRepair = false
    /// This node has a gap, which it may fill.
    var isAsked = false
  }

  let origin: Origin
  let period: Duration
  /// How long a peer may take to show that it holds what it was sent.
  let patience: Duration
  private let names: [NodeID]
  private var peers: [NodeID: Peer]
  private var lastRound: Instant?
  /// When the timer that the node has set will wake it.
  private(set) var wake: Instant?

  init(_ cluster: Cluster, origin: Origin, period: Duration, patience: Duration) {
    self.origin = origin
    self.period = period
    self.patience = patience
    names = cluster.peers
    peers = Dictionary(uniqueKeysWithValues: names.map { ($0, Peer()) })
  }

  /// What a peer held when it last spoke; nothing if it never did.
  func known(of peer: NodeID) -> VersionVector { peers[peer]?.known ?? VersionVector() }

  /// Takes note of a peer's message, after what it brought was merged.
  mutating func heard(_ version: VersionVector, wantsAnswer: Bool, from name: NodeID, holding mine: VersionVector) {
    guard var peer = peers[name] else { return }
    // The last word counts, not the highest: a peer that was killed may have come back with less.
    peer.known = version
    peer.isOwed = peer.isOwed || wantsAnswer
    peer.needsRepair = peer.needsRepair || wantsAnswer && !version.covers(mine)
    peer.isAsked = !mine.covers(version)
    peers[name] = peer
  }

  /// When the next round is to be: nil when all is said, or a timer for it is set already.
  mutating func schedule(holding mine: VersionVector, at now: Instant) -> Instant? {
    guard let due = nextRound(holding: mine, at: now), wake.map({ due < $0 }) ?? true else { return nil }
    wake = due
    return due
  }

  /// A round: what is to be sent to whom.
  mutating func round(holding mine: VersionVector, at now: Instant) -> [Push] {
    wake = nil
    var pushes: [Push] = []
    for name in names {
      guard let peer = peers[name], let due = due(peer, mine, at: now), due <= now else { continue }
      let isLate = !hasNews(peer, mine)
      let isRepair = peer.needsRepair || isLate && !peer.known.covers(mine)
      var since = peer.known
      if !isRepair { since[origin] = max(since[origin], peer.sent) }
      pushes.append(
        Push(peer: name, since: since, isRepair: isRepair, wantsAnswer: isLate || peer.isAsked))
      peers[name]?.told = mine
      peers[name]?.sent = mine[origin]
      peers[name]?.lastSent = now
      peers[name]?.isOwed = false
      peers[name]?.needsRepair = false
      peers[name]?.isAsked = false
    }
    if !pushes.isEmpty { lastRound = now }
    return pushes
  }

  private func nextRound(holding mine: VersionVector, at now: Instant) -> Instant? {
    var next: Instant?
    for name in names {
      guard let peer = peers[name], let due = due(peer, mine, at: now) else { continue }
      next = min(next ?? due, due)
    }
    return next
  }

  /// When a peer is next to be told something.
  private func due(_ peer: Peer, _ mine: VersionVector, at now: Instant) -> Instant? {
    if hasNews(peer, mine) { return lastRound.map { max($0 + period, now) } ?? now }
    // Nothing new here, but it has not shown that it holds what is here, or that it has filled this node's gap.
    guard !peer.known.covers(mine) || peer.isAsked, let lastSent = peer.lastSent else { return nil }
    return max(lastSent + patience, now)
  }

  private func hasNews(_ peer: Peer, _ mine: VersionVector) -> Bool {
    peer.isOwed || peer.needsRepair || peer.told != mine
  }
}
