internal import Glomers
internal import Replication

/// The hub's part.
extension BroadcastNode {
  /// Learns the round trip before the first scatter, which tells it to all spokes.
  mutating func measure(_ context: inout Context<BroadcastNode>) {
    guard let peer = peers.first, hubSchedule.beginMeasuring(at: context.now) else { return }
    context.call(peer, .peer(.ping), then: .ping(sent: context.now), .giveUp(after: .seconds(30)))
  }

  /// Whoever gets a batch serves as hub: its sender found no better one.
  mutating func receiveBatch(
    _ timing: BatchTiming, from spoke: NodeID, isNews: Bool, _ context: inout Context<BroadcastNode>
  ) {
    let latest = hubSchedule.received(timing, from: spoke, at: context.now)
    // Where there is no news, no scatter will show the spoke that its values are here.
    guard isNews else { return answer(spoke, &context) }
    // A spoke that should mail does not know it yet. Its values have lost time.
    if hubSchedule.mailPeriod != nil { scatter(&context) } else { scheduleScatter(latest: latest, &context) }
  }

  mutating func scheduleScatter(latest: Instant?, _ context: inout Context<BroadcastNode>) {
    if let due = hubSchedule.plan(latest: latest, at: context.now) { context.wake(.scatter, at: due) }
  }

  mutating func scatter(_ context: inout Context<BroadcastNode>) {
    let news = store.deltas(since: scattered)
    guard !news.isEmpty else { return hubSchedule.skip() }
    let rhythm = hubSchedule.scatter(at: context.now)
    let holding = holding
    for peer in peers {
      let echo = hubSchedule.takeEcho(for: peer, at: context.now)
      context.send(.peer(.scatter(news, holding, rhythm, echo: echo)), to: peer)
      if rhythm.mailPeriod != nil { context.cancel(.delayedAcknowledgement(to: peer)) }
    }
    scattered = store.version
    probed = store.version
    context.wake(.probe, at: context.now + hubSchedule.acknowledgementTimeout)
  }

  /// Asks those that have not acknowledged the last scatter, until all have.
  mutating func probe(_ context: inout Context<BroadcastNode>) {
    let behind = peers.filter { known[$0]?.covers(probed) != true }
    for peer in behind { ask(peer, &context) }
    if !behind.isEmpty { context.wake(.probe, at: context.now + hubSchedule.probeTimeout) }
  }
}

/// A spoke's part.
extension BroadcastNode {
  mutating func sendBatch(_ context: inout Context<BroadcastNode>) {
    let hub = hub
    guard !isHub, let delta = store.delta(of: origin, after: sentCount) else { return spokeSchedule.skip() }
    let timing = spokeSchedule.batch(at: context.now)
    if spokeSchedule.mailPeriod == nil {
      context.send(.peer(.batch(delta, version: store.version, timing)), to: hub)
    } else {
      mail(delta, timing, &context)
    }
    context.cancel(.delayedAcknowledgement(to: hub))
    sentCount = store.version[origin]
    context.wake(
      .acknowledgement(hub: hub, count: sentCount), at: context.now + spokeSchedule.acknowledgementTimeout)
  }

  mutating func receiveScatter(
    _ deltas: [Delta<JSON>], _ holding: Holding, _ rhythm: Rhythm, echo: Duration?, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    let brought = VersionVector(origins: deltas.map(\.origin), counts: deltas.map(\.end))
    let version = version(of: peer, holding, bringing: brought)
    let isNews = learn(deltas, version ?? brought, from: peer, &context)
    if version == nil {
      // A scatter was missed, or this is another hub, or another incarnation of it: what it holds is not
      // known.
      known[peer] = nil
      ask(peer, &context)
    }
    if let echo { spokeSchedule.received(echo: echo, at: context.now) }
    context.wake(.delayedAcknowledgement(to: peer), at: context.now + rhythm.period * 3 / 2)
    if isHub {
      // The other hub suspects this one. What it told the peers that it reaches, this one tells the others.
      if isNews { scheduleScatter(latest: nil, &context) }
      return
    }
    scattered.merge(version ?? brought)
    guard peer == hub else { return }
    sentCount = max(sentCount, (version ?? brought)[origin])
    if let due = spokeSchedule.follow(rhythm, at: context.now) { context.wake(.batch, at: due) }
  }

  /// How many of this node's own values the hub holds, or a hub has sent to everybody, as far as was shown.
  private var shownCount: Int { max(scattered[origin], known[hub, default: .init()][origin]) }

  /// Suspects a hub that has not acknowledged in time. The next in order gets all that was not acknowledged.
  mutating func checkAcknowledgement(
    of count: Int, by hub: NodeID, _ context: inout Context<BroadcastNode>
  ) {
    guard hub == self.hub, shownCount < count else { return }
    suspect(hub, &context)
  }

  mutating func suspect(_ hub: NodeID, _ context: inout Context<BroadcastNode>) {
    spokeSchedule.backOff()
    coordinator.suspect(hub)
    changeHub(&context)
  }

  mutating func changeHub(_ context: inout Context<BroadcastNode>) {
    sentCount = shownCount
    spokeSchedule.changeHub(at: context.now)
    passOn(&context)
  }
}

/// Direct mail (Demers et al.): where a hub can't be in time, every node sends what its clients broadcast
/// straight to all peers.
///
/// 1. The hub decides by the round trip (``HubSchedule``); its scatters say so.
/// 2. A node gathers values for the rest of the budget, and then mails them.
/// 3. The hub counts mail as scattered. It acknowledges mail to the sender, hears the acknowledgements of
///    all others, and probes those that do not acknowledge.
///
/// Of N nodes, a hub and its spokes send 2 (N − 1) messages a period, whatever the load. Mail takes N − 1
/// messages for every node that has something to say: up to N / 2 times as many.
extension BroadcastNode {
  /// Only the hub is told of all that this node holds: of a thousand origins, that is the most of a letter.
  mutating func mail(
    _ delta: Delta<JSON>, _ timing: BatchTiming, _ context: inout Context<BroadcastNode>
  ) {
    let own = VersionVector(origins: [origin], counts: [store.version[origin]])
    for peer in peers {
      context.send(.peer(.mail(delta, version: peer == hub ? store.version : own, timing)), to: peer)
    }
  }

  mutating func receiveMail(
    _ delta: Delta<JSON>, _ version: VersionVector, _ timing: BatchTiming, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    var said = version
    // It adds to what this incarnation of the peer has said before; another one may have held more.
    if let before = known[peer], before[delta.origin] > 0 { said.merge(before) }
    _ = learn([delta], said, from: peer, &context)
    guard isHub else {
      context.wake(.delayedAcknowledgement(to: hub), at: context.now + (spokeSchedule.mailPeriod ?? budget))
      return
    }
    _ = hubSchedule.received(timing, from: peer, at: context.now)
    let (origin, count) = (delta.origin, store.version[delta.origin])
    scattered[origin] = max(scattered[origin], count)
    probed[origin] = max(probed[origin], count)
    context.wake(.delayedAcknowledgement(to: peer), at: context.now + (hubSchedule.mailPeriod ?? budget))
    context.wake(.probe, at: context.now + hubSchedule.acknowledgementTimeout)
  }
}
