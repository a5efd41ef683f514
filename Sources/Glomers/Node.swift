/// A node as a pure state machine: events come in as arguments, effects go out through the context.
///
/// A node has no clock, no dice and no IO of its own: `context.now` and `context.random` are its only
/// inputs beside its arguments, and the context's verbs are its only outputs. So the same value runs as a process
/// under Maelstrom, by the thousand in a simulator, and event by event in a unit test.
///
/// What a node does not use defaults to nothing.
public protocol Node: Sendable {
  /// What clients and peers say to each other and to this node.
  associatedtype Message: Equatable & Sendable
  /// What to do when a peer has answered: carried from `context.call` to ``complete(_:_:_:)``.
  associatedtype Call: Equatable & Sendable = Never
  /// What to do when a service has answered: carried from `context.ask` to ``complete(_:_:_:)``.
  associatedtype Ask: Equatable & Sendable = Never
  /// What a node can set itself an alarm for.
  associatedtype Timer: Hashable & Sendable = Never
  /// What must survive a kill.
  associatedtype Record: Equatable & Sendable = Never
  /// What the simulator holds all nodes of a cluster to, after each event.
  associatedtype Invariants: ClusterInvariants = NoInvariants<Self> where Invariants.Member == Self

  /// What this kind of node is called in the logs that it stores: no other kind can read them. The type's name, unless
  /// something else is said: for a type that has got another name since. Without newlines.
  static var kind: String { get }

  /// The settings that this kind of node takes from its command line.
  static var options: [Option] { get }

  /// Starts the node, once it knows its name and its peers.
  ///
  /// - Parameter records: what an earlier life of this node persisted, oldest first; empty at its first start.
  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>)

  /// Takes a message from a client or a peer that is not the answer to a call. Reply with
  /// `context.reply(_:to:)` or `context.fail(_:to:)`, now or later.
  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>)

  /// A peer has answered a call, or the call has failed. A timeout is indefinite: the peer may have acted.
  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>)

  /// A service has answered an ask, or the ask has failed. A timeout is indefinite: the service may have acted.
  mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>)

  /// A timer that this node had set is due.
  mutating func wake(_ timer: Timer, _ context: inout Context<Self>)

  /// Answers a request that changes nothing, from what this node holds. Nil for any other request, and where the answer
  /// has to wait.
  ///
  /// While the disk is full, the host makes a node from the records that are stored, and asks it alone: so nobody is
  /// shown what a kill would take back. Every other request is refused (``Host/storingFailed(at:patience:stored:)``).
  func answer(reading message: Message) -> Outcome<Message>?

  /// Records that stand for all that this node has persisted: one that recovers from these is as one that
  /// recovers from all. Asked for when the log has grown long, to take its place. Without it the log grows
  /// for ever.
  var checkpoint: [Record]? { get }
}

/// How a call or an ask ended: with an answer, or with the error that came back or a timeout.
public typealias Outcome<Answer> = Result<Answer, RPCError>

/// Where a message came from, and what is needed to answer it.
public struct Request: Hashable, Sendable {
  /// Who sent it.
  public let source: NodeID
  /// The sender's message id. Nil where no answer is wanted: replies to it are dropped.
  public let id: Int?
  /// When this node received it. One that may have waited while the node was stopped counts from the stop's beginning:
  /// ``Host/resumed(since:at:)``.
  public let received: Instant

  /// - Parameters:
  ///   - source: who sent it.
  ///   - id: the sender's message id; nil where no answer is wanted.
  ///   - received: when this node received it.
  public init(from source: NodeID, id: Int?, received: Instant = .zero) {
    self.source = source
    self.id = id
    self.received = received
  }
}

extension Node {
  /// The type's name.
  public static var kind: String { String(describing: Self.self) }
  /// None.
  public static var options: [Option] { [] }
  /// None: the log grows for ever.
  public var checkpoint: [Record]? { nil }
  /// Nil: while the disk is full, every request is refused.
  public func answer(reading message: Message) -> Outcome<Message>? { nil }
}

extension Node where Call == Never {
  /// Never happens: a node without `Call` calls nobody.
  public mutating func complete(_ call: Never, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}
}

extension Node where Ask == Never {
  /// Never happens: a node without `Ask` asks no service.
  public mutating func complete(_ ask: Never, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {}
}

extension Node where Timer == Never {
  /// Never happens: a node without `Timer` sets none.
  public mutating func wake(_ timer: Never, _ context: inout Context<Self>) {}
}
