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
  }

  let origin: Origin
  let period: Duration
  /// How long a peer may take to show that it holds what it was sent, and a gap to be filled without being asked for.
  let patience: Duration
  private let names: [NodeID]
  private var peers: [NodeID: Peer]
  /// When the timer that the node has set will wake it.
  private(set) var wake: Instant?

  /// A silent peer is reminded less and less often, but this often at least, or once in `patience`: after a partition
  /// all is to be well within seconds, and in a long one a repair is not to be sent too often in vain.
  private static var longestPatience: Duration { .seconds(2) }

  init(_ cluster: Cluster, origin: Origin, period: Duration, patience: Duration) {
    self.origin = origin
    self.period = period
    self.patience = patience
    names = cluster.peers
    peers = Dictionary(uniqueKeysWithValues: names.map { ($0, Peer()) })
  }

  /// Whether this names a peer: nobody else takes part.
  func isPeer(_ name: NodeID) -> Bool { peers[name] != nil }

  /// What a peer held when it last spoke; nothing if it never did.
  func known(of peer: NodeID) -> VersionVector { peers[peer]?.known ?? VersionVector() }

  /// Takes note of a peer's message, after what it brought was merged.
  mutating func heard(
    _ version: VersionVector, wantsAnswer: Bool, from name: NodeID, holding mine: VersionVector
  ) {
    guard var peer = peers[name] else { return }
    // The last word counts, not the highest: a peer that was killed may have come back with less.
    peer.known = version
    peer.reminders = 0
    if version.covers(peer.told) {
      peer.awaited = nil
    } else if let lastSent = peer.lastSent, peer.awaited.map({ version.covers($0.version) }) ?? true {
      // It has shown what it was asked to; now it is waited for what it was told since.
      peer.awaited = (peer.told, lastSent)
    }
    peer.isOwed = peer.isOwed || wantsAnswer
    peer.needsRepair = peer.needsRepair || wantsAnswer && !version.covers(mine)
    peer.hasShownGap = !mine.covers(version)
    if !peer.hasShownGap { peer.gapSince = nil }
    peers[name] = peer
  }

  /// When the next round is to be: nil when all is said, or a timer for it is set already.
  mutating func schedule(holding mine: VersionVector, at now: Instant) -> Instant? {
    var next: Instant?
    for name in names {
      if peers[name]!.hasShownGap, peers[name]!.gapSince == nil { peers[name]!.gapSince = now }
      guard let due = due(peers[name]!, mine) else { continue }
      next = min(next ?? due, due)
    }
    guard let due = next.map({ max($0, now) }), wake.map({ due < $0 }) ?? true else { return nil }
    wake = due
    return due
  }

  /// A round: what is to be sent to whom.
  mutating func round(holding mine: VersionVector, at now: Instant) -> [Push] {
    wake = nil
    return names.compactMap { name in
      if mine.covers(peers[name]!.known) {
        peers[name]!.hasShownGap = false
        peers[name]!.gapSince = nil
      }
      guard let due = due(peers[name]!, mine), due <= now else { return nil }
      return push(to: name, mine, now)
    }
  }

  private mutating func push(to name: NodeID, _ mine: VersionVector, _ now: Instant) -> Push {
    var peer = peers[name]!
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
    peers[name] = peer
    return Push(peer: name, since: since, isRepair: isRepair, wantsAnswer: isLate || isGapDue)
  }

  /// When a peer is next to be told something; an instant that has passed means now.
  private func due(_ peer: Peer, _ mine: VersionVector) -> Instant? {
    let hasNews = peer.isOwed || peer.needsRepair || peer.told != mine
    guard let lastSent = peer.lastSent else {
      return hasNews ? Instant(nanoseconds: .min) : peer.gapSince.map { $0 + patience }
    }
    if hasNews { return lastSent + period }
    let waits = [lateness(peer), peer.gapSince.map { $0 + patience }].compactMap { $0 }
    return waits.min().map { max($0, lastSent + period) }
  }

  /// When a peer should have shown that it holds what it was told.
  private func lateness(_ peer: Peer) -> Instant? {
    guard let since = peer.awaited?.since else { return nil }
    let longest = max(patience, Self.longestPatience)
    return since + min(longest, patience * (1 << min(peer.reminders, 16)))
  }
}
