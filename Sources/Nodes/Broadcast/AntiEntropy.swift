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
    if asked == peer {
      asked = nil
      context.cancel(.answer(hub: peer))
    }
    trust(peer, &context)
    if !store.version.covers(version) {
      context.wake(.repair(peer), at: context.now + (spoke.mailPeriod == nil ? HubState.slack : budget))
    }
    scheduleStrays(&context)
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

  /// Whether the hub, by its last word, lacks what others than this node, or its earlier lives, have added.
  private var hubLacksStrays: Bool {
    hub != cluster.me && store.version.exceeds(known[hub, default: .init()], besides: origin)
  }

  /// Every spoke may hold the same strays. The lot decides who offers them first, and spares the others the effort.
  mutating func scheduleStrays(_ context: inout Context<BroadcastNode>) {
    guard !isStrayOfferScheduled, hubLacksStrays else { return }
    isStrayOfferScheduled = true
    context.wake(.strays, at: context.now + patience * Int.random(in: 2...6, using: &context.random))
  }

  /// What a single peer was found to hold perhaps nobody else holds: the others are not waited for.
  mutating func passOnStrays(_ context: inout Context<BroadcastNode>) {
    if hub == cluster.me {
      scheduleScatter(&context)
    } else if hubLacksStrays {
      isStrayOfferScheduled = true
      context.wake(.strays, at: context.now + patience / 8 * Int.random(in: 0...8, using: &context.random))
    }
  }

  /// Brings the hub what this node holds by way of others.
  mutating func offerStrays(_ context: inout Context<BroadcastNode>) {
    isStrayOfferScheduled = false
    guard hubLacksStrays else { return }
    if known[hub] == nil {
      askHub(&context)
    } else {
      answer(hub, wantsAnswer: true, &context)
      awaitAnswer(of: hub, &context)
    }
    scheduleStrays(&context)
  }
}
