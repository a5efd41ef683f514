public import Glomers
public import Workloads

/// A grow-only set: every element that a client adds anywhere is soon at every node, by the exchange of what the other
/// lacks (`Parts/Exchange.swift`). Shapiro et al.: *Conflict-free replicated data types*, SSS 2011.
///
/// Clients are answered at once and partitions stop nobody; when all nodes are known to hold the same, all are silent.
/// With `--data-dir` a node that is killed comes back with all that it has acknowledged and all that it has shown to
/// others; without it, what it alone holds is lost if it is killed before its next round.
public struct GSetNode: Node {
  public enum Message: Equatable, Sendable {
    case client(GSet)
    /// What the receiver is thought to lack, and what the sender holds.
    case peer([Delta<JSON>], version: VersionVector, wantsAnswer: Bool)
  }

  public enum Timer: Hashable, Sendable {
    /// Peers are to be told something.
    case round
  }

  public static let period = Option(
    "period", .duration(.seconds(1), in: .milliseconds(1) ... .seconds(3600)),
    "How often a peer is told the news: the longer, the fewer messages.")
  public static let options = [period]

  private var store: ReplicatedSet
  private var exchange: Exchange

  public init(
    _ cluster: Cluster, recovering records: [Delta<JSON>], _ context: inout Context<GSetNode>
  ) {
    store = ReplicatedSet(recovering: records)
    let period = cluster.duration(Self.period)
    exchange = Exchange(
      cluster, origin: Origin(of: cluster.me, &context.random), period: period, patience: period * 2)
    guard !records.isEmpty else { return }
    exchange.rejoin(holding: store.version, at: context.now)
    schedule(&context)
  }

  public var checkpoint: [Delta<JSON>]? { store.checkpoint }

  public mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<GSetNode>
  ) {
    switch message {
    case .client(.add(let element)):
      context.reply(.client(.addOk), to: request)
      guard store.add(element, from: exchange.origin) else { return }
      context.persist(store.last(1, of: exchange.origin))
      schedule(&context)
    case .client(.read):
      context.reply(.client(.readOk(store.values)), to: request)
    case .client(.addOk), .client(.readOk):
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let deltas, let version, let wantsAnswer):
      guard exchange.isPeer(request.source) else { return }
      for delta in deltas {
        let count = store.merge(delta)
        if count > 0 { context.persist(store.last(count, of: delta.origin)) }
      }
      exchange.heard(version, wantsAnswer: wantsAnswer, from: request.source, holding: store.version)
      schedule(&context)
    }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<GSetNode>) {
    for push in exchange.round(holding: store.version, at: context.now) {
      let deltas =
        push.isRepair
        ? store.deltas(since: push.since)
        : [store.delta(of: exchange.origin, after: push.since[exchange.origin])].compactMap { $0 }
      context.send(.peer(deltas, version: store.version, wantsAnswer: push.wantsAnswer), to: push.peer)
    }
    schedule(&context)
  }

  private mutating func schedule(_ context: inout Context<GSetNode>) {
    guard let due = exchange.schedule(holding: store.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }
}
