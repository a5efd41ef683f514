public import Glomers

/// Decides when a replica tells which peer what, so that all come to hold the same and then are silent.
///
/// This is the only place that knows of joining, suspicion, repair and back-off. It knows replicas by their version
/// vectors alone; entries are the business of the caller.
///
/// 1. At most once a period, every peer is told the news: new entries of this node's own stream, and that entries of
///    others have arrived (an acknowledgement).
/// 2. What a peer shows to lack, or does not show to hold within a timeout, is repaired pairwise, with the entries of all
///    streams: so the network need only be connected, not complete. What this node lacks it asks for after a timeout.
/// 3. A message has at most so many bytes of entries, and so many are under way to a peer; the rest follows as the peer
///    acknowledges (``PeerProgress``).
/// 4. A node that was started asks before it speaks for itself (``settle(holding:at:)``).
///
/// Demers et al., *Epidemic algorithms for replicated database maintenance*, PODC 1987.
///
/// A node that has messages of its own for news, as broadcast's hub has, uses it *on demand* (``Pace/isOnDemand``):
///
/// - The node says what it sends (``carried(_:to:)``), and whom to ask, answer or repair
///   (``say(to:repairing:asking:)``). What a peer shows to have beyond this node is asked of one peer at a time.
/// - A stream is sought only when there is an entry for it (``seekStream(at:)``). So the first start of a cluster costs
///   no message.
///
/// Use: ``admits(_:from:)`` before a message's entries are taken in, ``heard(_:from:holding:at:)`` after that,
/// ``round(holding:at:)`` when the timer goes off, ``sent(_:of:in:)`` for each message of a round, and
/// ``schedule(holding:at:)`` at the end of each of these and of every change.
public struct Dissemination: Sendable {
  public let me: NodeID
  /// This process.
  public let incarnation: Incarnation
  /// The stream to which this node adds entries; nil until it is settled.
  public private(set) var stream: Incarnation?
  public var pace: Pace
  /// In the order of the cluster.
  private(set) var peers: [PeerProgress]
  private let places: [NodeID: Int]
  private let myPlace: Int
  private let recovery: Recovery
  /// Whether there is an entry that waits for a stream; always, if not on demand.
  private var isSeeking: Bool
  private var lastChallenge: Int
  /// Whether the stream was settled with the answers of all peers.
  public private(set) var isAssured = true
  /// When this node goes on without the peers that have not answered. Put off while entries of its own streams arrive,
  /// of which it has got `recoveredCount`.
  private var recoveryEnd: Instant
  private var recoveredCount = 0
  /// When the timer that the node has set will wake it.
  public private(set) var wake: Instant?

  public init(
    _ cluster: Cluster, _ pace: Pace, recovering recovery: Recovery = .ownStreams, _ random: inout Random,
    at now: Instant
  ) {
    self.recovery = recovery
    me = cluster.me
    incarnation = Incarnation(of: cluster.me, &random)
    self.pace = pace
    isSeeking = !pace.isOnDemand
    peers = cluster.peers.map { PeerProgress(name: $0, isOnDemand: pace.isOnDemand, flaw: pace.flaw) }
    places = Dictionary(uniqueKeysWithValues: cluster.peers.enumerated().map { ($1, $0) })
    myPlace = cluster.nodes.firstIndex(of: cluster.me) ?? 0
    // Below 2⁵³, so that every JSON parser can carry it; other incarnations have others.
    lastChallenge = Int(random.next() >> 12)
    recoveryEnd = now + Pace.recoveryTimeout
  }

  /// What a peer has said that it holds; nothing if it has not spoken.
  public func known(of peer: NodeID) -> VersionVector {
    places[peer].map { peers[$0].known } ?? VersionVector()
  }

  /// Whether a peer has spoken to this process.
  public func hasHeard(_ peer: NodeID) -> Bool {
    places[peer].map { peers[$0].state != .unknown } ?? false
  }

  // MARK: Hearing

  /// Whether the entries of a message may be taken in: it is from a peer, and from its present incarnation.
  public mutating func admits(_ advertisement: Advertisement, from name: NodeID) -> Bool {
    guard let place = places[name], advertisement.incarnation != incarnation else { return false }
    return peers[place].admits(advertisement, fresh: freshChallenge())
  }

  /// Takes note of a message that was admitted, after its entries were taken in.
  public mutating func heard(
    _ advertisement: Advertisement, from name: NodeID, holding mine: VersionVector, at now: Instant
  ) {
    guard let place = places[name] else { return }
    // Where two nodes that hold nothing ask each other, the answer of the first in order serves both.
    let mayWait = place < myPlace && mine.total == 0 && advertisement.version.total == 0
    peers[place].hear(advertisement, holding: mine, mayWait: mayWait, at: now)
    guard stream == nil else { return }
    let own = mine.sorted.reduce(0) { $1.origin.isOf(me) ? $0 + $1.count : $0 }
    if own > recoveredCount {
      recoveredCount = own
      recoveryEnd = now + Pace.recoveryTimeout
    }
  }

  private mutating func freshChallenge() -> Int {
    lastChallenge &+= 1
    return lastChallenge
  }

  // MARK: Joining

  /// This node's earlier streams, and how much of each this node or a peer holds.
  private func reported(holding mine: VersionVector) -> VersionVector {
    var reported = VersionVector()
    for version in peers.map(\.known) + [mine] {
      for (origin, count) in version.sorted where origin.isOf(me) {
        reported[origin] = max(reported[origin], count)
      }
    }
    return reported
  }

  /// On demand: there is an entry that waits for a stream. Peers are asked, for at most ``Pace/recoveryTimeout``.
  public mutating func seekStream(at now: Instant) {
    guard stream == nil, !isSeeking else { return }
    isSeeking = true
    recoveryEnd = now + Pace.recoveryTimeout
  }

  /// On demand: this is known to be the first start of the cluster, so that there is no earlier stream to go on with. If it
  /// is not, the price is an entry in every version vector.
  public mutating func beginStream(holding mine: VersionVector) {
    guard stream == nil, !isSeeking, reported(holding: mine).total == 0 else { return }
    stream = incarnation
  }

  /// Settles to which stream this node adds entries. Returns it once, when that is decided; until then entries have no
  /// number, and are not sent.
  ///
  /// A node may come back without what it had, or with an older copy of it, and its peers may hold entries of its own that
  /// it does not know of. To number on from what it holds would give one dot to two entries, and replicas would differ for
  /// good. So a node that was started is *recovering*: it asks every peer (Liskov, Cowling: *Viewstamped replication
  /// revisited*, 2012, §4.3).
  ///
  /// - If every peer has spoken, and nobody knows of an earlier stream, the node begins one. That is the first start of a
  ///   cluster: it takes a round trip, and two or three messages a pair.
  /// - If every peer has accepted this incarnation, and this node holds all that any of them holds of its earlier streams,
  ///   it continues the longest. A peer that has accepted this incarnation takes no more from an earlier one, so nobody
  ///   will ever hold more of the stream.
  /// - If a peer does not answer within ``Pace/recoveryTimeout``, the node begins a new stream: it must serve its clients
  ///   in a partition too, where ``Recovery`` does not ask for more answers first. The price is an entry in every version
  ///   vector.
  ///
  /// The second case fails, and one dot may name two entries, if an entry is nowhere but in a message that is still under
  /// way, and that message reaches a peer which has itself forgotten that it accepted this incarnation: two nodes must
  /// lose their memory, and a message must outlive both.
  public mutating func settle(holding mine: VersionVector, at now: Instant) -> Incarnation? {
    guard stream == nil, isSeeking else { return nil }
    let reported = reported(holding: mine)
    if pace.flaw == .asksNobody || !isAsking(holding: mine) && peers.allSatisfy({ $0.state != .unknown }) {
      stream = incarnation
    } else if peers.allSatisfy(\.hasAccepted), mine.covers(reported), hasCaughtUp(mine) {
      var longest = reported.sorted.max { ($0.count, $0.origin) < ($1.count, $1.origin) }
      if pace.flaw == .beginsNewStreams { longest = nil }
      stream = longest?.origin ?? incarnation
    } else if now >= recoveryEnd, mayGoOn(mine) {
      isAssured = false
      stream = incarnation
    }
    return stream
  }

  /// Whether it is past the time within which peers should have answered, and the node still does not know enough.
  public func isStuck(at now: Instant) -> Bool { stream == nil && now >= recoveryEnd }

  /// Whether everything that a peer held when it accepted this incarnation is here, where that is needed.
  private func hasCaughtUp(_ mine: VersionVector) -> Bool {
    recovery == .ownStreams || peers.allSatisfy { !$0.isKnown || $0.accepted.map { mine.covers($0) } ?? true }
  }

  /// Whether the node may go on without the peers that have not answered.
  private func mayGoOn(_ mine: VersionVector) -> Bool {
    guard case .everything(let answers, let answersIfFresh) = recovery else { return true }
    if !isAsking(holding: mine) { return peers.count { $0.state != .unknown } >= answersIfFresh }
    return peers.count(where: \.hasAccepted) >= answers && hasCaughtUp(mine)
  }

  /// Whether it is needed that every peer accepts this incarnation: somebody holds something that the node must know of.
  private func isAsking(holding mine: VersionVector) -> Bool {
    guard stream == nil, isSeeking else { return false }
    if pace.isOnDemand { return true }
    if recovery == .ownStreams { return reported(holding: mine).total != 0 }
    return mine.total != 0 || peers.contains { $0.known.total != 0 }
  }

  // MARK: Speaking

  /// When the next round is to be: nil when all is said, or a timer for it is set already.
  public mutating func schedule(holding mine: VersionVector, at now: Instant) -> Instant? {
    let isAsking = isAsking(holding: mine)
    var next = stream == nil && isSeeking && !peers.isEmpty && now < recoveryEnd ? recoveryEnd : nil
    let pace = pace
    for place in peers.indices {
      guard let due = peers[place].schedule(pace, mine, isAsking: isAsking, at: now) else { continue }
      next = min(next ?? due, due)
    }
    guard let due = next.map({ max($0, now) }), wake.map({ due < $0 }) ?? true else { return nil }
    wake = due
    return due
  }

  /// A round: what is to be sent to whom. For each message, ``sent(_:of:in:)`` is to follow.
  public mutating func round(holding mine: VersionVector, at now: Instant) -> [Push] {
    wake = nil
    let isAsking = isAsking(holding: mine)
    var pushes: [Push] = []
    for place in peers.indices {
      if pace.isOnDemand, peers[place].mayPull(pace, at: now) {
        // What is on its way from one peer already need not come from another.
        var coming = mine
        for peer in peers where peer.isPulling(at: now) { coming.merge(peer.known) }
        if coming.covers(peers[place].known) { peers[place].putOffPull(pace, at: now) }
      }
      let fresh = freshChallenge()
      if let push = peers[place].push(
        pace, mine, (incarnation, stream), isAsking: isAsking, fresh: fresh, at: now)
      {
        pushes.append(push)
      }
    }
    return pushes
  }

  /// On demand: the next round has a message to this peer.
  ///
  /// - Parameters:
  ///   - repairing: whether it is sent what it is not known to hold, of all streams.
  ///   - asking: whether it is asked what it holds, and for what this node lacks.
  public mutating func say(to peer: NodeID, repairing: Bool = false, asking: Bool = false) {
    places[peer].map { peers[$0].say(repairing: repairing, asking: asking) }
  }

  /// On demand: whether a message of the caller's own may take entries to a peer.
  public func mayCarry(to peer: NodeID) -> Bool { places[peer].map { peers[$0].mayCarry(pace) } ?? false }

  /// On demand: a message of the caller's own takes these entries to a peer. What did not fit follows by rounds.
  public mutating func carried<Entry>(_ batch: Batch<Entry>, to peer: NodeID) {
    guard let place = places[peer] else { return }
    let isOverlong =
      batch.bytes > pace.messageBytesMax && batch.deltas.reduce(0) { $0 + $1.entries.count } > 1
    peers[place].carried(
      UnderWay(bytes: batch.bytes, ends: batch.ends, isOverlong: isOverlong), isComplete: batch.isComplete)
  }

  /// Takes note of the entries that go along with a push. Returns what the message says of this node.
  public mutating func sent<Entry>(
    _ batch: Batch<Entry>, of version: VersionVector, in push: Push
  ) -> Advertisement {
    sent(bytes: batch.bytes, ends: batch.ends, isComplete: batch.isComplete, of: version, in: push)
  }

  /// Takes note of entries of so many bytes, up to these numbers of their streams, that go along with a push. Returns what
  /// the message says of this node.
  public mutating func sent(
    bytes: Int, ends: VersionVector, isComplete: Bool, of version: VersionVector, in push: Push
  ) -> Advertisement {
    if push.scope != .nothing {
      peers[places[push.peer]!].sent(bytes, ends: ends, isComplete: isComplete, pace)
    }
    return push.advertisement(of: version, isPartial: !isComplete)
  }
}
