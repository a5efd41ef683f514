public import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 3: every value that a client broadcasts reaches every node, in as few messages as the
/// latency budget allows.
///
/// The first node in the cluster's order that a node does not suspect is its *hub*, all others are *spokes*. Clients are
/// answered as soon as their value is stored. The topology is not used: in Maelstrom's network every node reaches every
/// other.
///
/// | message | from, to | what the receiver does |
/// |---|---|---|
/// | `batch` | spoke → its hub | takes the values in as hub; scatters them at the next regular time, or earlier if late |
/// | `scatter` | hub → all | takes the values in; if it comes from its own hub, times its next batch by it |
/// | `mail` | any → all (where no hub can be in time) | takes the values in; the hub acknowledges later |
/// | `sync` | any → any | takes the values in, if there are any; answers, if asked, with what the sender lacks |
/// | `ping`, `pong` | hub → spoke → hub | measures the round trip |
///
/// Values are numbered within the stream of the node that took them from a client, and each message that has values tells
/// its sender's version vector: a cumulative acknowledgement, which also shows gaps. So while there is traffic no message
/// is only an acknowledgement. The last scatter is acknowledged by a `sync` without values. When all are known to agree,
/// all are silent.
///
/// - *When* messages leave: ``HubSchedule`` and ``SpokeSchedule``, which know nothing of values.
/// - *Who* is the hub, and how two hubs become one again: ``Coordinator``.
/// - *What* a peer lacks, how it gets it in bounded messages, and which stream a node goes on with that was started again:
///   ``Dissemination``, on demand.
///
/// With `--data-dir` a node that is killed comes back with all that it has acknowledged and all that it has shown to
/// others. Without it, a node comes back empty, asks the hub, and is sent what that holds; what it alone held is lost.
public struct BroadcastNode: Node, ReplicatingNode {
  public enum Message: Equatable, Sendable {
    case client(Broadcast)
    /// Indirect, so that a client's message, which most are, is not moved about in the room that a peer's needs.
    indirect case peer(Gossip)
  }

  public typealias Invariants = ReplicaInvariants<BroadcastNode>

  public enum Call: Equatable, Sendable {
    case ping(sent: Instant)
  }

  public enum Timer: Hashable, Sendable {
    /// Send the batch.
    case batch
    /// Scatter what is new.
    case scatter
    /// Acknowledgement timeout: suspect `hub` unless it has shown that it holds this node's values up to
    /// number `count`.
    case acknowledgement(hub: NodeID, count: Int)
    /// Delayed acknowledgement: tell this node what this one holds, since nothing else has gone to it.
    case delayedAcknowledgement(to: NodeID)
    /// Ask the peers that have not acknowledged what this hub scattered.
    case probe
    /// Peers are to be asked, answered, or sent what they lack.
    case round
    /// Ask the hub, unless it has been heard by now.
    case join
    /// Send the hub what it lacks of other origins' values, if it still does.
    case orphans
    /// Suspect `hub` unless it has answered.
    case answer(hub: NodeID)
  }

  public static let latencyBudget = Option(
    "latency-budget", .duration(.milliseconds(600), in: .milliseconds(1) ... .seconds(3600)),
    "The time within which a value should be at every node: the longer, the fewer messages.")
  public static let options = [latencyBudget] + Pace.options

  /// How long a node that has recovered nothing waits for the hub to speak by itself. At the first start of a cluster, where
  /// nobody holds anything, it then need not be asked; within so long clients begin to broadcast.
  static let joinDelay = Duration.seconds(1)
  /// In clusters up to this size a scatter tells the hub's version vector: it is short, and heals whatever was missed.
  static let vectorNodesMax = 32

  let cluster: Cluster
  let peers: [NodeID]
  let budget: Duration
  var store: ReplicatedSet
  public internal(set) var dissemination: Dissemination
  /// What all peers are taken to have been sent, by a hub's scatters or otherwise: values above it are news.
  var scattered = VersionVector()
  /// The version that this node sent to all as hub, and probes for until every peer's known version covers
  /// it.
  var probed = VersionVector()
  /// Of the probes since the last scatter, or since the last word of a peer that was behind.
  var probeBackOff = BackOff()
  /// The peers whose mail this hub has not acknowledged yet.
  var unacknowledgedMailers: Set<NodeID> = []
  /// How many entries of this node's stream the hub was sent, or was seen to have.
  var sentCount = 0
  /// How many entries the stream had before this incarnation went on with it.
  var inheritedCount = 0
  /// Whether this node was started again, or may have been, and has scattered nothing since.
  var isRejoining = false
  var isOrphanOfferScheduled = false
  var coordinator: Coordinator
  var hubSchedule: HubSchedule
  var spokeSchedule: SpokeSchedule

  public init(
    _ cluster: Cluster, recovering records: [Delta<JSON>], _ context: inout Context<BroadcastNode>
  ) {
    self.cluster = cluster
    peers = cluster.peers
    budget = cluster.duration(Self.latencyBudget)
    coordinator = Coordinator(cluster)
    hubSchedule = HubSchedule(budget: budget)
    store = ReplicatedSet(recovering: records)
    let pace = Pace(cluster, period: budget, timeout: budget, isOnDemand: true)
    dissemination = Dissemination(cluster, pace, &context.random, at: context.now)
    let roundTripMax = pace.flaw == .ignoresLongRoundTrips ? budget * 2 : RoundTrip.longest
    spokeSchedule = SpokeSchedule(budget: budget, roundTripMax: roundTripMax)
    if records.isEmpty {
      scheduleJoin(&context)
    } else {
      rejoin(&context)
      if store.hasUnnumbered { dissemination.seekStream(at: context.now) }
      disseminate(&context)
    }
  }

  public var checkpoint: [Delta<JSON>]? { store.checkpoint }
  public var held: VersionVector { store.version }
  public func entry(_ number: Int, of stream: Incarnation) -> JSON? { store.entry(number, of: stream) }

  public func answer(reading message: Message) -> Outcome<Message>? {
    if case .client(.read) = message { .success(.client(.readOk(store.values))) } else { nil }
  }

  var hub: NodeID { coordinator.hub }
  var isHub: Bool { coordinator.isHub }

  // MARK: Events

  public mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<BroadcastNode>
  ) {
    switch message {
    case .client(.broadcast(let value)):
      // The host holds the reply back until the record of this event is stored.
      context.reply(.client(.broadcastOk), to: request)
      let stream = dissemination.stream
      guard store.add(value, from: stream) else { return }
      context.persist(store.lastAdded(from: stream))
      if stream != nil {
        passOn(&context)
      } else {
        // The value gets its number, and is passed on, once this node's stream is settled (`disseminate`).
        dissemination.seekStream(at: context.now)
        disseminate(&context)
      }
    case .client(.read):
      context.reply(.client(.readOk(store.values)), to: request)
    case .client(.topology(let neighbors)):
      let named = Set(neighbors.keys).union(neighbors.values.joined())
      if let unknown = named.subtracting(cluster.nodes.map(\.name)).min() {
        context.fail(.malformedRequest("the topology names \(unknown), which no node is"), to: request)
      } else {
        context.reply(.client(.topologyOk), to: request)
        // Clients name the topology once every node has started, before they broadcast. If this node was started again
        // meanwhile, nothing is lost (`beginStream`).
        dissemination.beginStream(holding: store.version)
        if isHub { measure(&context) }
        if store.values.isEmpty { scheduleJoin(&context) }
      }
    case .client(.topologyOk), .client(.broadcastOk), .client(.readOk):
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let gossip):
      guard peers.contains(request.source) else { return }
      if case .ping = gossip {
        context.reply(.peer(.pong), to: request)
      } else {
        receive(gossip, from: request.source, &context)
      }
    }
  }

  private mutating func receive(
    _ gossip: Gossip, from peer: NodeID, _ context: inout Context<BroadcastNode>
  ) {
    switch gossip {
    case .batch(let delta, let said, let timing):
      if let isNews = learn([delta], said, from: peer, &context) {
        receiveBatch(timing, from: peer, isNews: isNews, &context)
      }
    case .mail(let delta, let said, let timing):
      receiveMail(delta, said, timing, from: peer, &context)
    case .scatter(let deltas, let holding, let rhythm, let echo):
      receiveScatter(deltas, holding, rhythm, echo: echo, from: peer, &context)
    case .sync(let deltas, let said):
      if learn(deltas, said, from: peer, &context) == true { passOnOrphans(said.version, &context) }
    case .ping, .pong: break
    }
    disseminate(&context)
  }

  public mutating func complete(
    _ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<BroadcastNode>
  ) {
    guard case .ping(let sent) = call else { return }
    let isAnswered = outcome == .success(.peer(.pong))
    // Without an answer, the batches will tell the round trip.
    let wasAwaited = hubSchedule.endMeasuring(isAnswered ? context.now - sent : nil, at: context.now)
    if wasAwaited, hubSchedule.due != nil { scatter(&context) }
    disseminate(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<BroadcastNode>) {
    defer { disseminate(&context) }
    switch timer {
    case .batch: sendBatch(&context)
    case .scatter: scatter(&context)
    case .acknowledgement(let hub, let count): checkAcknowledgement(of: count, by: hub, &context)
    case .delayedAcknowledgement(let peer):
      unacknowledgedMailers.remove(peer)
      dissemination.say(to: peer)
    case .probe: probe(&context)
    case .round: sendRound(&context)
    case .join: join(&context)
    case .orphans: offerOrphans(&context)
    case .answer(let hub): missAnswer(of: hub, &context)
    }
  }

  /// Sees to it that a new value of this node's own gets to the others.
  mutating func passOn(_ context: inout Context<BroadcastNode>) {
    guard !peers.isEmpty else { return }
    if isHub {
      // A value of the hub's own saves a hop: it can wait for a regular scatter.
      scheduleScatter(latest: nil, &context)
    } else if let due = spokeSchedule.plan(at: context.now) {
      context.wake(.batch, at: due)
    }
  }

  // MARK: Anti-entropy

  /// What this node says of itself.
  func presence(isPartial: Bool) -> Advertisement {
    Advertisement(dissemination.incarnation, version: store.version, isPartial: isPartial)
  }

  /// Takes in what a peer sent and what it thereby said of itself. Returns whether any of it was new; nil if the message is
  /// not one of the peer's present incarnation, and counts for nothing.
  mutating func learn(
    _ deltas: [Delta<JSON>], _ said: Advertisement, from peer: NodeID, _ context: inout Context<BroadcastNode>
  ) -> Bool? {
    guard dissemination.admits(said, from: peer) else { return nil }
    var isNews = false
    for delta in deltas {
      let count = store.merge(delta)
      guard count > 0 else { continue }
      context.persist(store.last(count, of: delta.origin))
      isNews = true
    }
    let wasBehind = probeBackOff.count > 0 && !dissemination.known(of: peer).covers(probed)
    dissemination.heard(said, from: peer, holding: store.version, at: context.now)
    if wasBehind {
      // The pauses begin anew. The first gives this peer's repair its time; a hub that was started again has scattered
      // nothing that could be repaired, and asks those that are still behind at once.
      probeBackOff = BackOff()
      context.wake(
        .probe, at: context.now + (isRejoining ? HubSchedule.slack : hubSchedule.probeTimeout))
    }
    if coordinator.forgetQuestion(to: peer) { context.cancel(.answer(hub: peer)) }
    if coordinator.heard(peer) {
      spokeSchedule.trust()
      changeHub(&context)
    }
    scheduleOrphans(&context)
    return isNews
  }

  /// Sends what is due to peers now, and sets the timer for what is due later.
  mutating func disseminate(_ context: inout Context<BroadcastNode>) {
    // Where nodes mail, a version names values of others whose mail is still on its way here: those need not be asked for.
    let isMail = (isHub ? hubSchedule.mailPeriod : spokeSchedule.mailPeriod) != nil
    dissemination.pace.gapDelay = isMail ? budget : HubSchedule.slack
    dissemination.pace.timeout = isHub ? hubSchedule.probeTimeout : spokeSchedule.expectedDelay
    if let stream = dissemination.settle(holding: store.version, at: context.now) {
      inheritedCount = store.version[stream]
      sentCount = inheritedCount
      if let numbered = store.number(in: stream) { context.persist(numbered) }
      passOn(&context)
    }
    guard let due = dissemination.schedule(holding: store.version, at: context.now) else { return }
    guard due <= context.now else { return context.wake(.round, at: due) }
    sendRound(&context)
    if let due = dissemination.schedule(holding: store.version, at: context.now) {
      context.wake(.round, at: due)
    }
  }

  private mutating func sendRound(_ context: inout Context<BroadcastNode>) {
    for push in dissemination.round(holding: store.version, at: context.now) {
      let batch = store.batch(for: push)
      let said = dissemination.sent(batch, of: store.version, in: push)
      context.send(.peer(.sync(batch.deltas, said)), to: push.peer)
    }
  }

  // MARK: Coming back

  /// A hub waits longer, for the questions of its spokes.
  private func scheduleJoin(_ context: inout Context<BroadcastNode>) {
    guard !peers.isEmpty else { return }
    context.wake(.join, at: context.now + (isHub ? Self.joinDelay * 5 / 4 : Self.joinDelay))
  }

  /// A node that has recovered nothing, and has not heard the hub, can't tell the first start of an idle cluster from a
  /// restart: it asks, with a `sync` without values. A hub asks all that it has not heard.
  private mutating func join(_ context: inout Context<BroadcastNode>) {
    // A hub is in touch if it has scattered, has heard another hub's scatter, or has heard everybody.
    let isInTouch =
      isHub
      ? scattered.total > 0 || peers.allSatisfy(dissemination.hasHeard) : dissemination.hasHeard(hub)
    guard !isInTouch else { return }
    isRejoining = true
    askHub(&context)
  }

  /// A node that was started again may have missed much, and may hold what no other node does: so a spoke asks the hub,
  /// and a hub asks all.
  private mutating func rejoin(_ context: inout Context<BroadcastNode>) {
    isRejoining = true
    // Most of it the others hold: who lacks some of it shows when asked.
    scattered = store.version
    askHub(&context)
  }

  /// Asks the hub what it holds by a `sync` without values, which shows the hub what this node holds. A hub asks all.
  mutating func askHub(_ context: inout Context<BroadcastNode>) {
    guard !isHub else {
      probed = store.version
      return probe(&context)
    }
    dissemination.say(to: hub, asking: true)
    awaitAnswer(of: hub, &context)
  }

  /// Suspects a hub that does not answer in time.
  mutating func awaitAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    coordinator.ask(hub)
    context.wake(.answer(hub: hub), at: context.now + spokeSchedule.acknowledgementTimeout)
  }

  /// A hub that does not answer is suspected, and the next in order is asked.
  private mutating func missAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    guard coordinator.forgetQuestion(to: hub), hub == self.hub else { return }
    suspect(hub, &context)
    askHub(&context)
  }
}
