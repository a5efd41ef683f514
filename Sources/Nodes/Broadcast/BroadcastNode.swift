public import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 3: every value that a client broadcasts reaches every node, in as few messages as the
/// latency budget allows.
///
/// The first node in the cluster's order is the *hub*, all others are *spokes*. Clients are answered at once.
/// The topology is not used: in Maelstrom's network every node reaches every other.
///
/// | message | from, to | what the receiver does |
/// |---|---|---|
/// | `batch` | spoke → hub | takes the values in; scatters them at the next regular time, or earlier if late |
/// | `scatter` | hub → all | takes the values in, and times its next batch by it |
/// | `mail` | any → all | takes the values in; the hub acknowledges later (where no hub can be in time) |
/// | `sync` | any → any | takes the values in; answers, if asked, with what the sender lacks |
/// | `ping`, `pong` | hub → spoke → hub | measures the round trip |
///
/// Values are numbered by their origin, and each message that has values tells its sender's version vector: a
/// cumulative acknowledgement, which also shows gaps. So no message is only an acknowledgement while there is
/// traffic, and when all are known to agree, all are silent.
///
/// - *When* messages leave: ``HubSchedule`` and ``SpokeSchedule``, which know nothing of values.
/// - *Who* is the hub: ``Coordinator``.
/// - *What* a peer lacks, and how it gets it: `AntiEntropy.swift`.
///
/// With `--data-dir` a node that is killed comes back with all that it has acknowledged and all that it has
/// shown to others; without it, what it alone holds is lost if it is killed before its next batch.
public struct BroadcastNode: Node {
  public enum Message: Equatable, Sendable {
    case client(Broadcast)
    case peer(Gossip)
  }

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
    /// Ask this peer for what it was seen to hold, if it has not come yet.
    case repair(NodeID)
    /// Send the hub what it lacks of other origins' values, if it still does.
    case orphans
    /// Suspect `hub` unless it has answered.
    case answer(hub: NodeID)
  }

  public static let latencyBudget = Option(
    "latency-budget", .duration(.milliseconds(600), in: .milliseconds(1) ... .seconds(3600)),
    "The time within which a value should be at every node: the longer, the fewer messages.")
  public static let options = [latencyBudget]

  let cluster: Cluster
  let peers: [NodeID]
  let budget: Duration
  /// Names this incarnation of this node in version vectors.
  let origin: Origin
  var store: ReplicatedSet
  /// What each peer held when it last spoke, as far as that is known.
  var known: [NodeID: VersionVector] = [:]
  /// The version contained in the latest scatter of any hub; values above it are news.
  var scattered = VersionVector()
  /// The version that this node sent to all as hub, and probes for until every peer's known version covers
  /// it.
  var probed = VersionVector()
  /// How many of this node's own values the hub was sent, or was seen to have.
  var sentCount = 0
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
    origin = Origin(of: cluster.me, &context.random)
    coordinator = Coordinator(cluster)
    hubSchedule = HubSchedule(budget: budget)
    spokeSchedule = SpokeSchedule(budget: budget)
    store = ReplicatedSet(recovering: records)
    if !records.isEmpty { rejoin(&context) }
  }

  public var checkpoint: [Delta<JSON>]? { store.checkpoint }

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
      context.reply(.client(.broadcastOk), to: request)
      guard store.add(value, from: origin) else { return }
      context.persist(store.last(1, of: origin))
      passOn(&context)
    case .client(.read):
      context.reply(.client(.readOk(store.values)), to: request)
    case .client(.topology(let neighbors)):
      let named = Set(neighbors.keys).union(neighbors.values.joined())
      if let unknown = named.subtracting(cluster.nodes.map(\.name)).min() {
        context.fail(.malformedRequest("the topology names \(unknown), which no node is"), to: request)
      } else {
        context.reply(.client(.topologyOk), to: request)
        // Every node has started by now, and nothing has been broadcast yet.
        if isHub { measure(&context) }
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
    case .batch(let delta, let version, let timing):
      let isNews = learn([delta], version, from: peer, &context)
      receiveBatch(timing, from: peer, isNews: isNews, &context)
    case .mail(let delta, let version, let timing):
      receiveMail(delta, version, timing, from: peer, &context)
    case .scatter(let deltas, let holding, let rhythm, let echo):
      receiveScatter(deltas, holding, rhythm, echo: echo, from: peer, &context)
    case .sync(let deltas, let version, let wantsAnswer):
      let isNews = learn(deltas, version, from: peer, &context)
      if isNews { passOnOrphans(&context) }
      if wantsAnswer { answer(peer, &context) }
    case .ping, .pong: break
    }
  }

  public mutating func complete(
    _ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<BroadcastNode>
  ) {
    guard case .ping(let sent) = call else { return }
    let isAnswered = outcome == .success(.peer(.pong))
    // Without an answer, the batches will tell the round trip.
    let wasAwaited = hubSchedule.endMeasuring(isAnswered ? context.now - sent : nil, at: context.now)
    if wasAwaited, hubSchedule.due != nil { scatter(&context) }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<BroadcastNode>) {
    switch timer {
    case .batch: sendBatch(&context)
    case .scatter: scatter(&context)
    case .acknowledgement(let hub, let count): checkAcknowledgement(of: count, by: hub, &context)
    case .delayedAcknowledgement(let peer):
      context.send(.peer(.sync([], version: store.version, wantsAnswer: false)), to: peer)
    case .probe: probe(&context)
    case .repair(let peer): repair(with: peer, &context)
    case .orphans: offerOrphans(&context)
    case .answer(let hub): missAnswer(of: hub, &context)
    }
  }

  /// Sees to it that a new value of this node's own gets to the others.
  mutating func passOn(_ context: inout Context<BroadcastNode>) {
    if isHub {
      // A value of the hub's own saves a hop: it can wait for a regular scatter.
      scheduleScatter(latest: nil, &context)
    } else if let due = spokeSchedule.plan(at: context.now) {
      context.wake(.batch, at: due)
    }
  }
}
