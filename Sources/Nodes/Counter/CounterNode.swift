public import Glomers
internal import Workloads

/// Gossip Glomers 4 and its sibling: everybody reads, in the end, the sum of all that was added anywhere.
///
/// With `--store local` every node keeps a replica, answers clients at once, in partitions too, and tells the others
/// what they lack (`Parts/Exchange.swift`); when all are known to hold the same, all are silent. With `--data-dir` no
/// kill loses or doubles an add that was acknowledged; without it, what a node alone holds is lost if it is killed
/// before its next round. With `--store seq-kv` the counter is kept by that service (`StoredCounter.swift`), and the nodes
/// keep nothing.
public struct CounterNode<Kind: CounterKind>: Node {
  public typealias Message = CounterMessage
  public typealias Ask = CounterAsk

  public enum Timer: Hashable, Sendable {
    /// Peers are to be told something.
    case round
  }

  public static var store: Option {
    Option(
      "store", .choice("local", of: ["local", "seq-kv"]), "Who keeps the counter: the nodes, or a service.")
  }
  public static var period: Option {
    Option(
      "period", .duration(.seconds(1), in: .milliseconds(1) ... .seconds(3600)),
      "How often a peer is told the news: the longer, the fewer messages.")
  }
  public static var options: [Option] { [store, period] }

  private var replica: ReplicatedCounter
  private var exchange: Exchange
  /// Nil where the nodes keep the counter.
  var stored: StoredCounter?

  public init(
    _ cluster: Cluster, recovering records: [CounterComponent], _ context: inout Context<Self>
  ) {
    replica = ReplicatedCounter(recovering: records)
    let period = cluster.duration(Self.period)
    let origin = Origin(of: cluster.me, &context.random)
    exchange = Exchange(cluster, origin: origin, period: period, patience: period * 2)
    if cluster.choice(Self.store) == "seq-kv" { stored = StoredCounter(cluster, origin) }
    guard !records.isEmpty, stored == nil else { return }
    exchange.rejoin(holding: replica.version, at: context.now)
    schedule(&context)
  }

  public var checkpoint: [CounterComponent]? { replica.components(since: VersionVector()) }

  public mutating func receive(
    _ message: CounterMessage, _ request: Request, _ context: inout Context<Self>
  ) {
    switch message {
    case .client(.add(let delta)):
      guard delta >= 0 || Kind.canShrink else {
        return context.fail(.malformedRequest("this counter only grows: \(delta) is negative"), to: request)
      }
      if delta == 0 {
        context.reply(.client(.addOk), to: request)
      } else if stored == nil {
        add(delta, request, &context)
      } else {
        addToStore(delta, request, &context)
      }
    case .client(.read):
      if stored == nil { answer(request, replica.value, &context) } else { readFromStore(request, &context) }
    case .client(.addOk), .client(.readOk):
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let components, let version, let wantsAnswer):
      guard exchange.isPeer(request.source) else { return }
      // Nobody knows better than this node what it has added.
      for component in components where component.origin != exchange.origin && replica.merge(component) {
        context.persist(component)
      }
      exchange.heard(version, wantsAnswer: wantsAnswer, from: request.source, holding: replica.version)
      schedule(&context)
    }
  }

  private mutating func add(_ delta: Int, _ request: Request, _ context: inout Context<Self>) {
    guard replica.add(delta, from: exchange.origin) else { return refuse(delta, request, &context) }
    context.reply(.client(.addOk), to: request)
    context.persist(replica[exchange.origin]!)
    schedule(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    for push in exchange.round(holding: replica.version, at: context.now) {
      // A component is small: those of others go along, and what was sent before is not relied on.
      let components = replica.components(since: exchange.known(of: push.peer))
      context.send(
        .peer(components, version: replica.version, wantsAnswer: push.wantsAnswer), to: push.peer)
    }
    schedule(&context)
  }

  private mutating func schedule(_ context: inout Context<Self>) {
    guard let due = exchange.schedule(holding: replica.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }

  /// - Parameter value: nil if it takes more than 64 bits.
  func answer(_ request: Request, _ value: Int?, _ context: inout Context<Self>) {
    if let value {
      context.reply(.client(.readOk(value)), to: request)
    } else {
      context.fail(.preconditionFailed("the sum takes more than 64 bits"), to: request)
    }
  }

  func refuse(_ delta: Int, _ request: Request, _ context: inout Context<Self>) {
    context.fail(.preconditionFailed("with \(delta) the counter would take more than 64 bits"), to: request)
  }
}

/// What may be added to a counter.
public protocol CounterKind: Sendable {
  static var canShrink: Bool { get }
}

public enum GrowOnly: CounterKind {
  public static var canShrink: Bool { false }
}

public enum PositiveNegative: CounterKind {
  public static var canShrink: Bool { true }
}

public typealias GCounterNode = CounterNode<GrowOnly>
public typealias PNCounterNode = CounterNode<PositiveNegative>
