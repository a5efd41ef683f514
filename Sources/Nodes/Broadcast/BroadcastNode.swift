public import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 3: every value that a client broadcasts reaches every node, in as few messages as the latency
/// budget allows.
///
/// The first node in the cluster's order is the *hub*, the others are *spokes*. A spoke sends its new values in one
/// batch, timed to land just before the hub's next scatter (`Spoke.swift`); the hub scatters all that is new to all
/// spokes, at most once a period (`Hub.swift`). Where three hops take longer than the budget, batches go straight to all
/// (`DirectMail.swift`). Values are numbered by their origin and messages tell their sender's version vector
/// (`Holding.swift`), so that nothing needs an acknowledgement of its own, and what is missing shows and is repaired by
/// the two nodes that differ (`AntiEntropy.swift`). When all are known to agree, all are silent.
///
/// Clients are answered at once. With `--data-dir` a node that is killed comes back with all that it has acknowledged
/// and all that it has shown to others (`Rejoin.swift`); without it, what it alone holds is lost if it is killed before
/// its next batch.
/// The topology is not used: in Maelstrom's network every node reaches every other.
public struct BroadcastNode: Node {
  public enum Message: Equatable, Sendable {
    case client(Broadcast)
    case peer(Gossip)
  }

  public enum Call: Equatable, Sendable {
    /// A peer was asked for nothing but an answer.
    case ping(sent: Instant)
  }

  public enum Timer: Hashable, Sendable {
    /// A batch that leaves now is in time for the next scatter.
    case batch
    /// By now the hub should have shown that it holds so many of this node's values.
    case patience(hub: NodeID, count: Int)
    /// Nothing has gone to this node since it sent something: tell it that that has landed.
    case confirm(to: NodeID)
    /// The hub's period is over.
    case scatter
    /// By now every peer should have shown that it holds what this hub has scattered.
    case beacon
    /// By now what the peer holds and this node lacks should have come by itself.
    case repair(NodeID)
    /// By now the hub should have got from others what others gave this node.
    case strays
    /// By now the hub should have answered.
    case answer(hub: NodeID)
  }

  public static let latencyBudget = Option(
    "latency-budget", .duration(.milliseconds(600), in: .milliseconds(1) ... .seconds(3600)),
    "The time within which a value should be at every node: the longer, the fewer messages.")
  public static let options = [latencyBudget]

  let cluster: Cluster
  let peers: [NodeID]
  let budget: Duration
  /// Names this life of this node in version vectors.
  let origin: Origin
  var store: ReplicatedSet
  /// What each peer held when it last spoke, as far as that is known.
  var known: [NodeID: VersionVector] = [:]
  var isStrayOfferScheduled = false
  /// The hub that has been asked for an answer and has not spoken since.
  var asked: NodeID?
  var spoke: SpokeState
  var hubState = HubState()

  public init(
    _ cluster: Cluster, recovering records: [Delta<JSON>], _ context: inout Context<BroadcastNode>
  ) {
    self.cluster = cluster
    peers = cluster.peers
    budget = cluster.duration(Self.latencyBudget)
    origin = Origin(of: cluster.me, &context.random)
    spoke = SpokeState(budget: budget)
    store = ReplicatedSet(recovering: records)
    if !records.isEmpty { rejoin(&context) }
  }

  public var checkpoint: [Delta<JSON>]? { store.checkpoint }

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
      if let stranger = named.subtracting(cluster.nodes.map(\.name)).min() {
        context.fail(.malformedRequest("the topology names \(stranger), which no node is"), to: request)
      } else {
        context.reply(.client(.topologyOk), to: request)
        // Every node has started by now, and nothing has been broadcast yet.
        if hub == cluster.me { measure(&context) }
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
    case .batch(let delta, let version, let stamp, let lead):
      let isNews = learn([delta], version, from: peer, &context)
      take(stamp: stamp, lead: lead, from: peer, isNews: isNews, &context)
    case .mail(let delta, let version, let stamp, let lead):
      takeMail(delta, version, stamp: stamp, lead: lead, from: peer, &context)
    case .scatter(let deltas, let holding, let rhythm, let echo):
      takeScatter(deltas, holding, rhythm, echo: echo, from: peer, &context)
    case .sync(let deltas, let version, let wantsAnswer):
      let isNews = learn(deltas, version, from: peer, &context)
      if isNews { passOnStrays(&context) }
      if wantsAnswer { answer(peer, &context) }
    case .ping, .pong: break
    }
  }

  public mutating func complete(
    _ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<BroadcastNode>
  ) {
    guard case .ping(let sent) = call else { return }
    measured(outcome, after: context.now - sent, &context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<BroadcastNode>) {
    switch timer {
    case .batch: sendBatch(&context)
    case .patience(let hub, let count): loseNothing(of: count, at: hub, &context)
    case .confirm(let peer):
      context.send(.peer(.sync([], version: store.version, wantsAnswer: false)), to: peer)
    case .scatter: scatter(&context)
    case .beacon: beacon(&context)
    case .repair(let peer): repair(with: peer, &context)
    case .strays: offerStrays(&context)
    case .answer(let hub): missAnswer(of: hub, &context)
    }
  }

  /// Sees to it that a new value of this node's own gets to the others.
  mutating func passOn(_ context: inout Context<BroadcastNode>) {
    if hub == cluster.me { scheduleScatter(&context) } else { scheduleBatch(&context) }
  }
}
