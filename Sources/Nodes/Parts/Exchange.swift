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

  private struct Peer: Sendable {
    let name: NodeID
    /// What it held when it last spoke.
    var known = VersionVector()
    /// The version of this replica when the peer was last sent something.
    var told = VersionVector()
    var lastSent: Instant?
    /// It has asked for an answer.
    var isOwed = false
    /// It has asked, and shown that it lacks something.
    var needsRepair = false
    /// What it was told and has not shown to hold, since when.
    var awaited: (version: VersionVector, since: Instant)?
    /// How often it has been reminded of that since it last spoke.
    var reminders = 0
    /// When it last spoke it held what this node then lacked.
    var hasShownGap = false
    /// When that was noticed, or last asked for.
    var gapSince: Instant?
    /// It has not spoken since this node recovered: that it holds the same is a guess, and it is being asked.
    var isStranger = false

    mutating func hear(_ version: VersionVector, wantsAnswer: Bool, holding mine: VersionVector) {
      // The last word counts, not the highest: a peer that was killed may have come back with less.
      known = version
      reminders = 0
      if isStranger {
        isStranger = false
        awaited = nil
        needsRepair = !version.covers(mine)
      } else if version.covers(told) {
        awaited = nil
      } else if let lastSent, awaited.map({ version.covers($0.version) }) ?? true {
        // It has shown what it was asked to; now it is waited for what it was told since.
        awaited = (told, lastSent)
      }
      isOwed = isOwed || wantsAnswer
      needsRepair = needsRepair || wantsAnswer && !version.covers(mine)
      hasShownGap = !mine.covers(version)
      if !hasShownGap { gapSince = nil }
    }
  }

  let origin: Origin
  let period: Duration
  /// How long a peer may take to show that it holds what it was sent, and a gap to be filled without being asked for.
  let patience: Duration
  /// In the order of the cluster.
  private var peers: [Peer]
  private let places: [NodeID: Int]
  /// When the timer that the node has set will wake it.
  private(set) var wake: Instant?

  /// A silent peer is reminded less and less often, but this often at least, or once in `patience`: after a partition
  /// all is to be well within seconds, and in a long one a repair is not to be sent too often in vain.
  private static var longestPatience: Duration { .seconds(2) }

  init(_ cluster: Cluster, origin: Origin, period: Duration, patience: Duration) {
    self.origin = origin
    self.period = period
    self.patience = patience
    peers = cluster.peers.map { Peer(name: $0) }
    places = Dictionary(uniqueKeysWithValues: cluster.peers.enumerated().map { ($1, $0) })
  }

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
      peers[place].gapSince = now - patience
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
      if peers[place].hasShownGap, peers[place].gapSince == nil { peers[place].gapSince = now }
      guard let due = due(peers[place], mine) else { continue }
      next = min(next ?? due, due)
    }
    guard let due = next.map({ max($0, now) }), wake.map({ due < $0 }) ?? true else { return nil }
    wake = due
    return due
  }

  /// A round: what is to be sent to whom.
  mutating func round(holding mine: VersionVector, at now: Instant) -> [Push] {
    wake = nil
    return peers.indices.compactMap { place in
      if !peers[place].isStranger, mine.covers(peers[place].known) {
        peers[place].hasShownGap = false
        peers[place].gapSince = nil
      }
      guard let due = due(peers[place], mine), due <= now else { return nil }
      return push(to: place, mine, now)
    }
  }

  private mutating func push(to place: Int, _ mine: VersionVector, _ now: Instant) -> Push {
    var peer = peers[place]
    let isLate = lateness(peer).map { $0 <= now } ?? false
    let isGapDue = peer.gapSince.map { $0 + patience <= now } ?? false
    let isRepair = peer.needsRepair || isLate
    var since = peer.known
    // What it was sent before is under way, unless it turns out otherwise.
    if !isRepair { since[origin] = max(since[origin], peer.told[origin]) }

    peer.told = mine
    peer.lastSent = now
    peer.isOwed = false
    peer.needsRepair = false
    if peer.known.covers(mine) {
      peer.awaited = nil
    } else if isLate || peer.awaited == nil {
      peer.awaited = (mine, now)
    }
    if isLate { peer.reminders += 1 }
    if isGapDue { peer.gapSince = now }
    peers[place] = peer
    return Push(peer: peer.name, since: since, isRepair: isRepair, wantsAnswer: isLate || isGapDue)
  }

  /// When a peer is next to be told something; an instant that has passed means now.
  private func due(_ peer: Peer, _ mine: VersionVector) -> Instant? {
    // A replica's version only grows, so two of its versions with the same total are the same.
    let hasNews = peer.isOwed || peer.needsRepair || peer.told.total != mine.total
    let gapDue = peer.gapSince.map { $0 + patience }
    guard let lastSent = peer.lastSent else { return hasNews ? Instant(nanoseconds: .min) : gapDue }
    if hasNews { return lastSent + period }
    guard let lateness = lateness(peer) else { return gapDue.map { max($0, lastSent + period) } }
    return max(min(lateness, gapDue ?? lateness), lastSent + period)
  }

  /// When a peer should have shown that it holds what it was told.
  private func lateness(_ peer: Peer) -> Instant? {
    guard let since = peer.awaited?.since else { return nil }
    let longest = max(patience, Self.longestPatience)
    return since + min(longest, patience * (1 << min(peer.reminders, 16)))
  }
}
