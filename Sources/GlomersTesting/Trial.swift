public import Glomers

/// Feeds a node one event at a time and hands back the effects: a unit test of a node, without a cluster.
///
/// ```swift
/// var trial = Trial(EchoNode.self)
/// #expect(trial.receive(.echo(7)) == [.reply(.echoOk(7), to: trial.request())])
/// ```
public struct Trial<N: Node> {
  /// The node as it is now.
  public private(set) var node: N
  /// The time of the next event.
  public var now: Instant
  /// What the node did when it started.
  public let effectsOfStart: [Effect<N>]
  private var random: Random

  /// Starts a node.
  ///
  /// - Parameters:
  ///   - nodes: all nodes of the cluster, `me` among them.
  ///   - options: values for the node's options, by name; the others have their defaults.
  ///   - records: what the node finds in its log.
  ///   - seed: of the node's random source.
  public init(
    _ type: N.Type, me: NodeID = "n0", nodes: [NodeID] = ["n0", "n1", "n2"],
    options: [String: Option.Value] = [:], recovering records: [N.Record] = [], seed: UInt64 = 1,
    at now: Instant = .zero
  ) {
    var context = Context<N>(now: now, random: Random(seed: seed))
    node = N(Cluster(me: me, nodes: nodes, options: options), recovering: records, &context)
    effectsOfStart = context.effects
    random = context.random
    self.now = now
  }

  /// Gives the node a message. Returns what it does.
  public mutating func receive(
    _ message: N.Message, from source: NodeID = "c1", id: Int? = 1
  ) -> [Effect<N>] {
    event { $0.receive(message, Request(from: source, id: id, received: $1.now), &$1) }
  }

  /// Ends a call to a peer. Returns what the node does.
  public mutating func complete(_ call: N.Call, _ outcome: Outcome<N.Message>) -> [Effect<N>] {
    event { $0.complete(call, outcome, &$1) }
  }

  /// Ends a request to a service. Returns what the node does.
  public mutating func complete(_ ask: N.Ask, _ outcome: Outcome<KV>) -> [Effect<N>] {
    event { $0.complete(ask, outcome, &$1) }
  }

  /// Lets a timer go off. Returns what the node does.
  public mutating func wake(_ timer: N.Timer) -> [Effect<N>] {
    event { $0.wake(timer, &$1) }
  }

  /// The request that ``receive(_:from:id:)`` makes of the same arguments now.
  public func request(from source: NodeID = "c1", id: Int? = 1) -> Request {
    Request(from: source, id: id, received: now)
  }

  private mutating func event(_ body: (inout N, inout Context<N>) -> Void) -> [Effect<N>] {
    var context = Context<N>(now: now, random: random)
    body(&node, &context)
    random = context.random
    return context.effects
  }
}
