internal import Replication
internal import Glomers

/// What a node remembers as a spoke.
struct SpokeState: Sendable {
  /// Hubs that did not answer, and have not been heard since.
  var suspects: Set<NodeID> = []
  /// How many of this node's own values the hub was sent, or was seen to have.
  var sent = 0
  /// When the next batch leaves; nil while there is nothing to send.
  var due: Instant?
  var roundTrip: RoundTrip
  /// When batches leave; nil until the hub's rhythm is known.
  var slots: Beat?
  /// For how long new values are gathered that are mailed to all; nil while the hub scatters them.
  var mailPeriod: Duration?

  /// - Parameter budget: of a long one more is spent on being early, for a batch that comes late waits a whole period.
  init(budget: Duration) { roundTrip = RoundTrip(marginMin: max(.milliseconds(5), budget / 100)) }
}

extension BroadcastNode {
  /// The first node in order that is not suspected: the same at all nodes, while the network is whole.
  var hub: NodeID {
    cluster.nodes.first { $0 == cluster.me || !spoke.suspects.contains($0) }!
  }

  /// Sends at the next slot, or to all when the time to gather is over; at once while the rhythm is not known.
  mutating func scheduleBatch(_ context: inout Context<BroadcastNode>) {
    guard spoke.due == nil else { return }
    let due = mailDue(context.now) ?? spoke.slots?.next(from: context.now) ?? context.now
    spoke.due = due
    context.wake(.batch, at: due)
  }

  mutating func sendBatch(_ context: inout Context<BroadcastNode>) {
    spoke.due = nil
    let hub = hub
    guard hub != cluster.me, let delta = store.delta(of: origin, after: spoke.sent) else { return }
    if spoke.mailPeriod == nil {
      let (stamp, lead) = (context.now - Instant.zero, spoke.roundTrip.lead)
      context.send(.peer(.batch(delta, version: store.version, stamp: stamp, lead: lead)), to: hub)
    } else {
      mail(delta, &context)
    }
    context.cancel(.confirm(to: hub))
    spoke.sent = store.version[origin]
    context.wake(.patience(hub: hub, count: spoke.sent), at: context.now + patience)
  }

  /// A scatter shows the hub's rhythm: the next batch is to land just before the next scatter leaves.
  mutating func keepStep(
    with scatterer: NodeID, _ version: VersionVector, _ rhythm: Rhythm, echo: Duration?, isNews: Bool,
    _ context: inout Context<BroadcastNode>
  ) {
    if let echo { sample(context.now - Instant.zero - echo) }
    context.wake(.confirm(to: scatterer), at: context.now + rhythm.period * 3 / 2)
    if hub == cluster.me {
      // The scatterer took this node for lost. What it told the peers that it reaches, this node tells the others.
      if isNews { scheduleScatter(&context) }
      return
    }
    hubState.scattered.merge(version)
    guard scatterer == hub else { return }
    spoke.sent = max(spoke.sent, version[origin])
    spoke.mailPeriod = rhythm.mailPeriod
    guard rhythm.mailPeriod == nil else { return spoke.slots = nil }
    if let lead = spoke.roundTrip.lead ?? rhythm.lead {
      let found = Beat(start: context.now + rhythm.next - lead, period: rhythm.period)
      spoke.slots = spoke.slots?.corrected(by: found, tolerance: HubState.slack) ?? found
    }
    if let due = spoke.due, let slot = spoke.slots?.next(from: context.now), slot - due < rhythm.period / 2 {
      // It keeps step with the correction. A slot that was only just missed is not waited a period for, or a scatter that
      // lands at about the slot's time would put the batch off again and again.
      spoke.due = slot
      context.wake(.batch, at: slot)
    }
  }

  /// A round trip far beyond the budget, or the usual one, tells of a node that was stopped, not of the network.
  var plausibleMax: Duration { max(budget, .milliseconds(600)) * 2 }

  mutating func sample(_ roundTrip: Duration) {
    if roundTrip <= plausibleMax { spoke.roundTrip.sample(roundTrip) }
  }

  /// How long a hub may take to show that it holds what it was sent: a batch may just have missed a scatter.
  var patience: Duration {
    (spoke.slots?.period ?? budget) + (spoke.roundTrip.lead ?? budget) + HubState.slack * 2
  }

  /// How many of this node's own values the hub holds, or a hub has sent to everybody, as far as was shown.
  private var shownCount: Int { max(hubState.scattered[origin], known[hub, default: .init()][origin]) }

  /// A hub that does not acknowledge is suspected, and the next in order gets all that it did not acknowledge.
  mutating func loseNothing(of count: Int, at hub: NodeID, _ context: inout Context<BroadcastNode>) {
    guard hub == self.hub, shownCount < count else { return }
    suspect(hub, &context)
  }

  mutating func suspect(_ hub: NodeID, _ context: inout Context<BroadcastNode>) {
    spoke.suspects.insert(hub)
    changeHub(&context)
  }

  /// Whoever speaks is suspected no longer.
  mutating func trust(_ peer: NodeID, _ context: inout Context<BroadcastNode>) {
    let before = hub
    guard spoke.suspects.remove(peer) != nil, hub != before else { return }
    changeHub(&context)
  }

  private mutating func changeHub(_ context: inout Context<BroadcastNode>) {
    spoke.sent = shownCount
    spoke.slots = nil
    spoke.due = nil
    passOn(&context)
  }
}
