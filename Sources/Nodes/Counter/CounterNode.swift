public import Glomers
public import Replication
public import Wire
public import Workloads

/// Gossip Glomers 4 and its sibling: every node reads, in the end, the sum of everything that was added anywhere.
///
/// Every node keeps a replica and answers clients at once, in a partition too. Nodes send each other what the other lacks
/// (``Dissemination``); when all nodes are known to hold the same, all are silent. With `--data-dir` no kill loses or
/// doubles an add that was acknowledged. Without it, a node comes back empty and is sent what the others hold; what it
/// alone held is lost.
///
/// With `--store seq-kv` a service keeps the counter: ``CounterOnSeqKVNode``.
public struct CounterNode<Kind: CounterKind>: Node, ReplicatingNode {
  public typealias Message = CounterMessage
  public typealias Record = CounterRecord
  public typealias Invariants = ReplicaInvariants<Self>

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
  public static var options: [Option] { [store, period] + Pace.options }

  private var replica: ReplicatedCounter
  public private(set) var dissemination: Dissemination

  public init(
    _ cluster: Cluster, recovering records: [CounterRecord], _ context: inout Context<Self>
  ) {
    replica = ReplicatedCounter(recovering: records)
    let period = cluster.duration(Self.period)
    dissemination = Dissemination(
      cluster, Pace(cluster, period: period, timeout: period * 2), &context.random, at: context.now)
    disseminate(&context)
  }

  public var checkpoint: [CounterRecord]? { replica.checkpoint }
  public var held: VersionVector { replica.version }
  /// What so many changes of a component have led to.
  public func entry(_ number: Int, of stream: Incarnation) -> Int? {
    replica.total(of: stream, after: number)
  }

  public func answer(reading message: CounterMessage) -> Outcome<CounterMessage>? {
    guard case .client(.read) = message else { return nil }
    return replica.value.map { .success(.client(.readOk($0))) } ?? .failure(.counterOverflow)
  }

  public mutating func receive(
    _ message: CounterMessage, _ request: Request, _ context: inout Context<Self>
  ) {
    switch message {
    case .client(.add(let delta)):
      if let error = Kind.objection(to: delta) { return context.fail(error, to: request) }
      guard delta != 0 else { return context.reply(.client(.addOk), to: request) }
      guard let record = replica.add(delta, in: dissemination.stream) else {
        return context.fail(.counterOverflow(adding: delta), to: request)
      }
      context.reply(.client(.addOk), to: request)
      context.persist(record)
    case .client(.read):
      guard let value = replica.value else { return context.fail(.counterOverflow, to: request) }
      return context.reply(.client(.readOk(value)), to: request)
    case .client(.addOk), .client(.readOk):
      return context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let components, let advertisement):
      if dissemination.admits(advertisement, from: request.source) {
        // Once the stream is settled, nobody knows better than this node what is in it.
        for component in components where component.origin != dissemination.stream {
          if replica.merge(component) { context.persist(.component(component)) }
        }
        dissemination.heard(advertisement, from: request.source, holding: replica.version, at: context.now)
      }
    }
    disseminate(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    for push in dissemination.round(holding: replica.version, at: context.now) {
      let batch = replica.batch(for: push)
      let advertisement = dissemination.sent(batch, of: replica.version, in: push)
      context.send(.peer(batch.deltas.flatMap(\.entries), advertisement), to: push.peer)
    }
    disseminate(&context)
  }

  /// Numbers what was added while the stream was not settled, once it is, and sets the timer for the next round.
  private mutating func disseminate(_ context: inout Context<Self>) {
    if let stream = dissemination.settle(holding: replica.version, at: context.now),
      let numbered = replica.number(in: stream, or: dissemination.incarnation)
    {
      context.persist(numbered)
    }
    if let due = dissemination.schedule(holding: replica.version, at: context.now) {
      context.wake(.round, at: due)
    }
  }
}

/// What may be added to a counter.
public protocol CounterKind: Sendable {
  static var canShrink: Bool { get }
}

extension CounterKind {
  /// Why this can't be added; nil if it can.
  static func objection(to delta: Int) -> RPCError? {
    delta >= 0 || canShrink ? nil : .malformedRequest("this counter only grows: \(delta) is negative")
  }
}

extension RPCError {
  static var counterOverflow: RPCError { .preconditionFailed("the sum takes more than 64 bits") }

  static func counterOverflow(adding delta: Int) -> RPCError {
    .preconditionFailed("with \(delta) the counter would take more than 64 bits")
  }
}

public enum GrowOnly: CounterKind {
  public static var canShrink: Bool { false }
}

public enum PositiveNegative: CounterKind {
  public static var canShrink: Bool { true }
}

public typealias GCounterNode = CounterNode<GrowOnly>
public typealias PNCounterNode = CounterNode<PositiveNegative>

/// What clients and peers say to a counter.
public enum CounterMessage: Equatable, Sendable {
  case client(Counter)
  /// What the receiver is thought to lack, and what the sender holds.
  case peer([CounterComponent], Advertisement)
}

/// On the wire: `counter_sync` with the member `"components": [component, …]` and the sender's advertisement
extension CounterMessage: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    if type == "counter_sync" {
      self = .peer(try CounterComponent.read(body.array("components")), try Advertisement(from: body))
    } else {
      self = .client(try Counter(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let components, let advertisement):
      body.member("type", "counter_sync")
      body.key("components")
      body.beginArray()
      for component in components { component.write(to: &body) }
      body.endArray()
      advertisement.write(to: &body)
    }
  }
}
