internal import Glomers
internal import Replication

/// The hub's part.
extension BroadcastNode {
  /// Learns the round trip before the first scatter, which tells it to all spokes.
  mutating func measure(_ context: inout Context<BroadcastNode>) {
    guard let peer = peers.first, hubSchedule.beginMeasuring(at: context.now) else { return }
    context.call(peer, .peer(.ping), then: .ping(sent: context.now), .giveUp(after: .seconds(30)))
  }

  /// Whoever gets a batch serves as hub for it, whomever this node takes for the hub: its sender found no better one.
  mutating func receiveBatch(
    _ timing: BatchTiming, from spoke: NodeID, isNews: Bool, _ context: inout Context<BroadcastNode>
  ) {
    let latest = hubSchedule.received(timing, from: spoke, at: context.now)
    // Where there is no news, no scatter will show the spoke that its values are here.
    guard isNews else { return dissemination.say(to: spoke, repairing: true) }
    // A spoke that should mail does not know it yet. Its values have lost time.
    if hubSchedule.mailPeriod != nil { scatter(&context) } else { scheduleScatter(latest: latest, &context) }
  }

  mutating func scheduleScatter(latest: Instant?, _ context: inout Context<BroadcastNode>) {
    if let due = hubSchedule.plan(latest: latest, at: context.now) { context.wake(.scatter, at: due) }
  }

  /// Sends the news to all. What does not fit into one message, or into the window of a peer, follows pairwise.
  mutating func scatter(_ context: inout Context<BroadcastNode>) {
    let news = store.batch(since: scattered, bytesMax: dissemination.pace.messageBytesMax)
    guard !news.deltas.isEmpty else { return hubSchedule.skip() }
    let nothing = Batch<JSON>(bytesMax: 0, isComplete: false)
    let rhythm = hubSchedule.scatter(at: context.now)
    for peer in peers {
      let echo = hubSchedule.takeEcho(for: peer, at: context.now)
      let batch = dissemination.mayCarry(to: peer) ? news : nothing
      context.send(
        .peer(.scatter(batch.deltas, holding(isPartial: !batch.isComplete), rhythm, echo: echo)), to: peer)
      dissemination.carried(batch, to: peer)
      if unacknowledgedMailers.contains(peer) { context.cancel(.delayedAcknowledgement(to: peer)) }
    }
    unacknowledgedMailers = []
    isRejoining = false
    scattered = store.version
    probed = store.version
    probeBackOff = BackOff()
    context.wake(.probe, at: context.now + hubSchedule.probeDelay)
  }

  /// Asks those that have not acknowledged the last scatter, until all have: a peer that does not answer ever less often.
  ///
  /// The question shows this hub's version. A spoke that is behind sees there what it lacks; its answer asks for that, and
  /// this hub repairs it.
  mutating func probe(_ context: inout Context<BroadcastNode>) {
    let behind = peers.filter { !dissemination.hasHeard($0) || !dissemination.known(of: $0).covers(probed) }
    guard !behind.isEmpty else { return }
    for peer in behind { dissemination.say(to: peer, asking: true) }
    let interval = probeBackOff.interval(hubSchedule.probeTimeout, dissemination.pace)
    probeBackOff.add(interval)
    context.wake(.probe, at: context.now + interval)
  }

  /// What this node says of itself with a scatter.
  ///
  /// A version vector has an entry for every stream, and a scatter goes to every node: of a thousand nodes that would be
  /// most of what is sent. What a hub holds is what its spokes know of it already, and what the scatter brings. So in a
  /// large cluster it says no more than a digest, by which a spoke finds whether it has missed something.
  private func holding(isPartial: Bool) -> Holding {
    // Where nodes mail each other, spokes don't know whose mail the hub has.
    let isWhole = cluster.nodes.count <= Self.vectorNodesMax || hubSchedule.mailPeriod != nil
    return Holding(
      incarnation: dissemination.incarnation,
      content: isWhole ? .version(store.version) : .digest(store.version.digest), isPartial: isPartial)
  }
}

/// A spoke's part.
extension BroadcastNode {
  mutating func sendBatch(_ context: inout Context<BroadcastNode>) {
    let hub = hub
    guard !isHub, let stream = dissemination.stream, sentCount < store.version[stream] else {
      return spokeSchedule.skip()
    }
    let timing = spokeSchedule.takeTiming(at: context.now)
    let isLate = spokeSchedule.mails(timing)
    var since = VersionVector()
    // The hub's scatter of the last batch may come after this mail.
    since[stream] = isLate ? min(acknowledgedCount, sentCount) : sentCount
    let news = store.batch(since: since, bytesMax: dissemination.pace.messageBytesMax) { $0 == stream }
    if spokeSchedule.mailPeriod == nil, !isLate {
      context.send(.peer(.batch(news.deltas[0], presence(isPartial: !news.isComplete), timing)), to: hub)
    } else {
      mail(news, timing, &context)
    }
    // What did not fit follows by repair, as the hub acknowledges.
    dissemination.carried(news, to: hub)
    context.cancel(.delayedAcknowledgement(to: hub))
    sentCount = store.version[stream]
    context.wake(
      .acknowledgement(hub: hub, count: news.ends[stream]),
      at: context.now + spokeSchedule.acknowledgementTimeout)
  }

  mutating func receiveScatter(
    _ deltas: [Delta<JSON>], _ holding: Holding, _ rhythm: Rhythm, echo: Duration?, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    let brought = VersionVector(origins: deltas.map { $0.origin }, counts: deltas.map { $0.end })
    let version = version(of: peer, holding, bringing: brought)
    let said = Advertisement(
      holding.incarnation, version: version ?? brought, isPartial: holding.isPartial)
    guard let isNews = learn(deltas, said, from: peer, &context) else { return }
    // A scatter was missed, or this is another hub: what it holds is not known.
    if version == nil { dissemination.say(to: peer, asking: true) }
    if let echo { spokeSchedule.received(echo: echo, at: context.now) }
    context.wake(.delayedAcknowledgement(to: peer), at: context.now + rhythm.period * 3 / 2)
    if isHub {
      // Another hub serves, too. Its news may be news to peers that only this hub reaches.
      if isNews { scheduleScatter(latest: nil, &context) }
      return
    }
    scattered.merge(said.version)
    guard peer == hub else { return }
    if let stream = dissemination.stream { sentCount = max(sentCount, said.version[stream]) }
    if let due = spokeSchedule.follow(rhythm, at: context.now) { context.wake(.batch, at: due) }
  }

  /// What the sender of a scatter holds, if that can be told.
  private func version(of peer: NodeID, _ holding: Holding, bringing brought: VersionVector) -> VersionVector?
  {
    switch holding.content {
    case .version(let version): return version
    case .digest(let digest):
      // A new hub begins where the last one ended.
      for before in [dissemination.known(of: peer), scattered] {
        var version = before
        version.merge(brought)
        if version.digest == digest { return version }
      }
      return nil
    }
  }

  /// How many entries of this node's stream need not be sent any more: the hub has shown that it holds them, or a hub has
  /// scattered them.
  var acknowledgedCount: Int {
    dissemination.stream.map { max(scattered[$0], dissemination.known(of: hub)[$0]) } ?? 0
  }

  /// Suspects a hub that has not acknowledged in time. The next in order gets all that was not acknowledged.
  mutating func checkAcknowledgement(
    of count: Int, by hub: NodeID, _ context: inout Context<BroadcastNode>
  ) {
    guard hub == self.hub, acknowledgedCount < count else { return }
    suspect(hub, &context)
  }

  mutating func suspect(_ hub: NodeID, _ context: inout Context<BroadcastNode>) {
    spokeSchedule.backOff()
    coordinator.suspect(hub)
    changeHub(&context)
  }

  mutating func changeHub(_ context: inout Context<BroadcastNode>) {
    sentCount = acknowledgedCount
    spokeSchedule.changeHub(at: context.now)
    passOn(&context)
  }
}

/// Orphaned updates: entries of other nodes' streams, or that this node added before it was started again, that the hub
/// lacks.
extension BroadcastNode {
  private var hubLacksOrphans: Bool {
    guard !isHub else { return false }
    let known = dissemination.known(of: hub)
    guard let stream = dissemination.stream else { return !known.covers(store.version) }
    return known[stream] < inheritedCount || store.version.exceeds(known, besides: stream)
  }

  /// Several spokes may hold the same orphans. Each waits a random delay, so that usually one of them sends them.
  mutating func scheduleOrphans(_ context: inout Context<BroadcastNode>) {
    guard !isOrphanOfferScheduled, hubLacksOrphans else { return }
    isOrphanOfferScheduled = true
    let delay = spokeSchedule.orphanDelay * Int.random(in: 2...6, using: &context.random)
    context.wake(.orphans, at: context.now + delay)
  }

  /// A `sync` has brought news from a peer that holds this version. Perhaps no other node has that news, so this node
  /// passes it on soon.
  mutating func passOnOrphans(_ held: VersionVector, _ context: inout Context<BroadcastNode>) {
    if isHub, isRejoining {
      // The news is what this hub missed while it was down. Most nodes have it, so they are asked who lacks some of it,
      // instead of being sent it all.
      scattered.merge(held)
      probed.merge(held)
      context.wake(.probe, at: context.now + HubSchedule.slack)
    } else if isHub {
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
    if dissemination.hasHeard(hub) {
      dissemination.say(to: hub, repairing: true, asking: true)
      awaitAnswer(of: hub, &context)
    } else {
      askHub(&context)
    }
    scheduleOrphans(&context)
  }
}

/// Direct mail (Demers et al.): where a hub can't be in time, every node sends what its clients broadcast straight to all
/// peers.
///
/// 1. The hub decides by the round trip (``HubSchedule``); its scatters say so.
/// 2. A node gathers values for the rest of the budget, and then mails them.
/// 3. The hub counts mail as scattered. It acknowledges mail to the sender, hears the acknowledgements of all others, and
///    probes those that do not acknowledge.
///
/// A spoke mails a batch, too, that it could not send in time (``SpokeSchedule/mails(_:)``).
///
/// Of N nodes, a hub and its spokes send 2 (N − 1) messages a period, whatever the load. Mail takes N − 1 messages for
/// every node that has something to say: N (N − 1), or N / 2 times as many, if all have.
extension BroadcastNode {
  /// Only the hub is told of all that this node holds: of a thousand streams, that would be most of each message.
  mutating func mail(
    _ batch: Batch<JSON>, _ timing: BatchTiming, _ context: inout Context<BroadcastNode>
  ) {
    let own = Advertisement(
      dissemination.incarnation, version: batch.ends, isPartial: !batch.isComplete)
    let all = presence(isPartial: !batch.isComplete)
    for peer in peers {
      context.send(.peer(.mail(batch.deltas[0], peer == hub ? all : own, timing)), to: peer)
    }
  }

  mutating func receiveMail(
    _ delta: Delta<JSON>, _ said: Advertisement, _ timing: BatchTiming, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    guard learn([delta], said, from: peer, &context) != nil else { return }
    guard isHub else {
      context.wake(.delayedAcknowledgement(to: hub), at: context.now + (spokeSchedule.mailPeriod ?? budget))
      return
    }
    _ = hubSchedule.received(timing, from: peer, at: context.now)
    let stream = delta.origin
    // The mail counts as scattered if all before it does. Otherwise the stream's entries are news as before.
    if delta.after <= scattered[stream] {
      scattered[stream] = max(scattered[stream], min(delta.end, store.version[stream]))
    }
    probed[stream] = max(probed[stream], store.version[stream])
    context.wake(
      .delayedAcknowledgement(to: peer), at: context.now + (hubSchedule.mailPeriod ?? budget / 2))
    unacknowledgedMailers.insert(peer)
    context.wake(.probe, at: context.now + hubSchedule.probeDelay)
  }
}
