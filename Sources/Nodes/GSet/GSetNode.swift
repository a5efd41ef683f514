public import Glomers
public import Replication
public import Wire
public import Workloads

/// A grow-only set: every element that a client adds anywhere is soon at every node. Shapiro et al.: *Conflict-free
/// replicated data types*, SSS 2011.
///
/// Clients are answered at once, in a partition too. Nodes send each other what the other lacks (``Dissemination``); when
/// all nodes are known to hold the same, all are silent. With `--data-dir` a node that is killed comes back with
/// everything that it has acknowledged or shown to others. Without it, a node comes back empty and is sent what the others
/// hold; what it alone held is lost.
public struct GSetNode: Node, ReplicatingNode {
  public enum Message: Equatable, Sendable {
    case client(GSet)
    /// What the receiver is thought to lack, and what the sender holds.
    case peer([Delta<JSON>], Advertisement)
  }

  public typealias Invariants = ReplicaInvariants<GSetNode>

  public enum Timer: Hashable, Sendable {
    /// Peers are to be told something.
    case round
  }

  public static let period = Option(
    "period", .duration(.seconds(1), in: .milliseconds(1) ... .seconds(3600)),
    "How often a peer is told the news: the longer, the fewer messages.")
  public static let options = [period] + Pace.options

  private var store: ReplicatedSet
  public private(set) var dissemination: Dissemination

  public init(
    _ cluster: Cluster, recovering records: [Delta<JSON>], _ context: inout Context<GSetNode>
  ) {
    store = ReplicatedSet(recovering: records)
    let period = cluster.duration(Self.period)
    dissemination = Dissemination(
      cluster, Pace(cluster, period: period, timeout: period * 2), &context.random, at: context.now)
    disseminate(&context)
  }

  public var checkpoint: [Delta<JSON>]? { store.checkpoint }
  public var held: VersionVector { store.version }
  public func entry(_ number: Int, of stream: Incarnation) -> JSON? { store.entry(number, of: stream) }

  public func answer(reading message: Message) -> Outcome<Message>? {
    if case .client(.read) = message { .success(.client(.readOk(store.values))) } else { nil }
  }

  public mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<GSetNode>
  ) {
    switch message {
    case .client(.add(let element)):
      context.reply(.client(.addOk), to: request)
      guard store.add(element, from: dissemination.stream) else { return }
      context.persist(store.lastAdded(from: dissemination.stream))
    case .client(.read):
      return context.reply(.client(.readOk(store.values)), to: request)
    case .client(.addOk), .client(.readOk):
      return context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let deltas, let advertisement):
      if dissemination.admits(advertisement, from: request.source) {
        for delta in deltas {
          let count = store.merge(delta)
          if count > 0 { context.persist(store.last(count, of: delta.origin)) }
        }
        dissemination.heard(advertisement, from: request.source, holding: store.version, at: context.now)
      }
    }
    disseminate(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<GSetNode>) {
    for push in dissemination.round(holding: store.version, at: context.now) {
      let batch = store.batch(for: push)
      let advertisement = dissemination.sent(batch, of: store.version, in: push)
      context.send(.peer(batch.deltas, advertisement), to: push.peer)
    }
    disseminate(&context)
  }

  /// Numbers what was added while the stream was not settled, once it is, and sets the timer for the next round.
  private mutating func disseminate(_ context: inout Context<GSetNode>) {
    if let stream = dissemination.settle(holding: store.version, at: context.now),
      let numbered = store.number(in: stream)
    {
      context.persist(numbered)
    }
    if let due = dissemination.schedule(holding: store.version, at: context.now) {
      context.wake(.round, at: due)
    }
  }
}

extension GSetNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    if type == "set_sync" {
      self = .peer(try Delta.read(from: body), try Advertisement(from: body))
    } else {
      self = .client(try GSet(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let deltas, let advertisement):
      body.member("type", "set_sync")
      Delta.write(deltas, to: &body)
      advertisement.write(to: &body)
    }
  }
}
