internal import Replication
internal import Glomers

/// Two nodes whose version vectors differ bring each other up to date.
///
/// Demers et al.: *Epidemic algorithms for replicated database maintenance*, PODC 1987.
extension BroadcastNode {
  /// Takes in what a peer sent and what it thereby said of itself. Returns whether any of it was new.
  mutating func learn(
    _ deltas: [Delta<JSON>], _ version: VersionVector, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) -> Bool {
    var isNews = false
    for delta in deltas {
      let count = store.merge(delta)
      guard count > 0 else { continue }
      context.persist(store.last(count, of: delta.origin))
      isNews = true
    }
    // The last word counts, not the highest: a peer that was killed starts again with nothing.
    known[peer] = version
    if coordinator.settle(peer) { context.cancel(.answer(hub: peer)) }
    if coordinator.heard(peer) {
      spokeSchedule.trust()
      changeHub(&context)
    }
    if !store.version.covers(version) {
      let isMail = (isHub ? hubSchedule.mailPeriod : spokeSchedule.mailPeriod) != nil
      context.wake(.repair(peer), at: context.now + (isMail ? budget : HubSchedule.slack))
    }
    scheduleOrphans(&context)
    return isNews
  }

  /// Asks a peer for what it holds and this node still lacks.
  mutating func repair(with peer: NodeID, _ context: inout Context<BroadcastNode>) {
    guard let version = known[peer], !store.version.covers(version) else { return }
    ask(peer, &context)
  }

  /// Asks a peer what it holds, and shows it what this node holds.
  func ask(_ peer: NodeID, _ context: inout Context<BroadcastNode>) {
    context.send(.peer(.sync([], version: store.version, wantsAnswer: true)), to: peer)
  }

  /// Sends a peer what it lacks, and asks for what it has beyond that.
  mutating func answer(
    _ peer: NodeID, wantsAnswer: Bool = false, _ context: inout Context<BroadcastNode>
  ) {
    let version = known[peer, default: .init()]
    context.send(
      .peer(
        .sync(
          store.deltas(since: version), version: store.version,
          wantsAnswer: wantsAnswer || !store.version.covers(version))),
      to: peer)
  }
}

/// Orphaned updates: values of other origins, or of this node's earlier incarnations, that the hub lacks.
extension BroadcastNode {
  private var hubLacksOrphans: Bool {
    !isHub && store.version.exceeds(known[hub, default: .init()], besides: origin)
  }

  /// Several spokes may hold the same orphans. Each waits a random delay, so that usually one of them sends
  /// them.
  mutating func scheduleOrphans(_ context: inout Context<BroadcastNode>) {
    guard !isOrphanOfferScheduled, hubLacksOrphans else { return }
    isOrphanOfferScheduled = true
    let delay = spokeSchedule.orphanDelay * Int.random(in: 2...6, using: &context.random)
    context.wake(.orphans, at: context.now + delay)
  }

  /// What a single peer was found to hold, perhaps no other node holds: the others are not waited for.
  mutating func passOnOrphans(_ context: inout Context<BroadcastNode>) {
    if isHub {
      scheduleScatter(latest: nil, &context)
    } else if hubLacksOrphans {
      isOrphanOfferScheduled = true
      let delay = spokeSchedule.orphanDelay / 8 * Int.random(in: 0...8, using: &context.random)
      context.wake(.orphans, at: context.now + delay)
    }
  }

  mutating func offerOrphans(_ context: inout Context<BroadcastNode>) {
    isOrphanOfferScheduled = false
    guard hubLacksOrphans else { return }
    if known[hub] == nil {
      askHub(&context)
    } else {
      answer(hub, wantsAnswer: true, &context)
      awaitAnswer(of: hub, &context)
    }
    scheduleOrphans(&context)
  }
}

/// Coming back. A node that has recovered its log holds all that it ever showed to anybody. It may have
/// missed much, and may hold what no other node does: so a spoke asks the hub, and a hub asks all.
///
/// A node that has recovered nothing says nothing: whoever holds what it lacks will offer that.
extension BroadcastNode {
  mutating func rejoin(_ context: inout Context<BroadcastNode>) {
    // Most of it the others hold: who lacks some of it shows when asked.
    scattered = store.version
    askHub(&context)
  }

  /// Asks the hub what it holds, and so shows it what this node holds.
  mutating func askHub(_ context: inout Context<BroadcastNode>) {
    guard !isHub else {
      probed = store.version
      return probe(&context)
    }
    ask(hub, &context)
    awaitAnswer(of: hub, &context)
  }

  mutating func awaitAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    coordinator.ask(hub)
    context.wake(.answer(hub: hub), at: context.now + spokeSchedule.acknowledgementTimeout)
  }

  /// A hub that does not answer is suspected, and the next in order is asked.
  mutating func missAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    guard coordinator.settle(hub), hub == self.hub else { return }
    suspect(hub, &context)
    askHub(&context)
  }
}

/// What a scatter says that the hub holds.
///
/// A version vector has an entry for every origin, and a scatter goes to every node: of a thousand nodes that
/// would be most of what is sent. What a hub holds is what its spokes know of it already, and what the
/// scatter brings. So in a large cluster it says no more than a digest, by which a spoke finds whether it has
/// missed something.
extension BroadcastNode {
  /// In clusters up to this size the vector is sent: it is short, and heals whatever was missed.
  static let vectorNodesMax = 32

  /// What this node says of itself with a scatter.
  var holding: Holding {
    // Where nodes mail each other, spokes don't know which letters the hub has.
    let isWhole = cluster.nodes.count <= Self.vectorNodesMax || hubSchedule.mailPeriod != nil
    return isWhole ? .version(store.version) : .digest(store.version.digest)
  }

  /// What the sender of a scatter holds, if that can be told.
  func version(of peer: NodeID, _ holding: Holding, bringing brought: VersionVector) -> VersionVector? {
    switch holding {
    case .version(let version): return version
    case .digest(let digest):
      // A new hub begins where the last one ended.
      for before in [known[peer, default: .init()], scattered] {
        var version = before
        version.merge(brought)
        if version.digest == digest { return version }
      }
      return nil
    }
  }
}
