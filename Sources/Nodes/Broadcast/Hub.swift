internal import Replication
internal import Glomers

/// What a node remembers as a hub.
struct HubState: Sendable {
  /// How late a message or a timer may be without a batch missing its scatter.
  static let slack = Duration.milliseconds(10)
  /// How often peers that have not confirmed a scatter are asked: the longest that they stay behind after a heal.
  static let beaconInterval = Duration.milliseconds(500)

  /// What a hub, this one or another, has sent to everybody.
  var scattered = VersionVector()
  /// What this hub has sent to everybody, and sees through until all have confirmed it.
  var promised = VersionVector()
  /// When what is new is to be scattered; nil while nothing is new.
  var due: Instant?
  var isMeasuring = false
  /// When the next scatters may leave; nil before the first.
  var beat: Beat?
  /// The last batch of each spoke since the last scatter: its stamp, and when it came.
  var stamps: [NodeID: (stamp: Duration, received: Instant)] = [:]
  /// How long before a scatter lands each spoke's batches leave.
  var leads: [NodeID: Duration] = [:]
}

extension BroadcastNode {
  /// Learns the round trip before the first scatter, which tells it to all spokes.
  mutating func measure(_ context: inout Context<BroadcastNode>) {
    guard let peer = peers.first, spoke.roundTrip.lead == nil, !hubState.isMeasuring else { return }
    hubState.isMeasuring = true
    context.call(peer, .peer(.ping), then: .ping(sent: context.now), .giveUp(after: plausibleMax / 2))
  }

  /// Without an answer, the round trip will be learnt from the first batches.
  mutating func measured(
    _ outcome: Outcome<Message>, after roundTrip: Duration, _ context: inout Context<BroadcastNode>
  ) {
    hubState.isMeasuring = false
    if case .success(.peer(.pong)) = outcome { sample(roundTrip) }
    if hubState.due != nil { scatter(&context) }
  }

  /// A batch has come. Whoever gets one serves: its sender found no better hub.
  mutating func take(
    stamp: Duration, lead: Duration?, from spoke: NodeID, isNews: Bool,
    _ context: inout Context<BroadcastNode>
  ) {
    hubState.stamps[spoke] = (stamp, context.now)
    hubState.leads[spoke] = lead
    // Where there is no news, no scatter will show the spoke that its values are here.
    guard isNews else { return answer(spoke, &context) }
    // A spoke that should mail does not know it yet. Its values have lost time.
    if self.spoke.mailPeriod == nil { scheduleScatter(&context) } else { scatter(&context) }
  }

  /// Scatters at the next beat; for the first time, as soon as it can tell the spokes their lead.
  mutating func scheduleScatter(_ context: inout Context<BroadcastNode>) {
    guard hubState.due == nil else { return }
    let due = mailDue(context.now) ?? hubState.beat?.next(from: context.now) ?? context.now
    hubState.due = due
    if !hubState.isMeasuring { context.wake(.scatter, at: due) }
  }

  mutating func scatter(_ context: inout Context<BroadcastNode>) {
    // A timer that is a little late does not shift the beats to come.
    let due = hubState.due.map { context.now - $0 < HubState.slack ? $0 : context.now } ?? context.now
    hubState.due = nil
    let news = store.deltas(since: hubState.scattered)
    guard !news.isEmpty else { return }
    let lead = hubState.leads.values.max() ?? spoke.roundTrip.lead
    spoke.mailPeriod = mailPeriodNeeded
    let period = spoke.mailPeriod ?? self.period(lead: lead)
    let beat = Beat(start: due + period, period: period)
    hubState.beat = beat
    let holding = holding
    let rhythm = Rhythm(
      next: beat.start - context.now, period: period, lead: lead, mailPeriod: spoke.mailPeriod)
    for peer in peers {
      let echo = hubState.stamps[peer].map { $0.stamp + (context.now - $0.received) }
      context.send(
        .peer(.scatter(news, holding, rhythm, echo: echo)), to: peer)
      if spoke.mailPeriod != nil { context.cancel(.confirm(to: peer)) }
    }
    hubState.scattered = store.version
    hubState.promised = store.version
    hubState.stamps.removeAll(keepingCapacity: true)
    // By then the last scatter has landed, its confirmations have been waited with and have come.
    context.wake(.beacon, at: context.now + beat.period * 2 + (lead ?? budget))
  }

  /// A value waits for a slot, at most one period, and travels for one lead: together, the budget, less a reserve of
  /// a sixtieth for machines that are late.
  ///
  /// A period below one hop buys nothing where messages are delivered in order: there is then always a scatter
  /// under way to a spoke, what its clients say waits behind that, and a batch takes two hops to come back.
  private func period(lead: Duration?) -> Duration {
    guard let lead else { return budget / 2 }
    return max(punctual - lead, lead / 2 + HubState.slack / 4)
  }

  /// Asks those that have not confirmed the last scatter, until all have.
  mutating func beacon(_ context: inout Context<BroadcastNode>) {
    let behind = peers.filter { known[$0]?.covers(hubState.promised) != true }
    for peer in behind { ask(peer, &context) }
    if !behind.isEmpty { context.wake(.beacon, at: context.now + HubState.beaconInterval) }
  }
}
