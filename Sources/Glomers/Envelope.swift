/// A message with its address: one line on the wire.
public struct Envelope<N: Node>: Equatable, Sendable {
  /// Who sends it: a node, a client or a service.
  public let source: NodeID
  /// Who is to get it.
  public let destination: NodeID
  /// The sender's `msg_id`, where an answer is wanted.
  public let id: Int?
  /// The `msg_id` that this answers.
  public let inReplyTo: Int?
  /// What is said.
  public let body: Body

  /// What an envelope can hold.
  public enum Body: Equatable, Sendable {
    /// The first message to a node: its name, and all nodes in an order that is the same at each. On the wire
    /// `init`.
    case initialize(me: NodeID, nodes: [NodeID])
    /// The answer to it. On the wire `init_ok`.
    case initializeOk
    /// A message of the node's own vocabulary.
    case message(N.Message)
    /// A request to a service, or its answer.
    case service(KV)
    /// The answer to a request that failed. On the wire `error`.
    case error(RPCError)
  }

  /// - Parameters:
  ///   - id: the sender's `msg_id`, where an answer is wanted.
  ///   - inReplyTo: the `msg_id` that this answers.
  public init(
    from source: NodeID, to destination: NodeID, id: Int? = nil, inReplyTo: Int? = nil, _ body: Body
  ) {
    self.source = source
    self.destination = destination
    self.id = id
    self.inReplyTo = inReplyTo
    self.body = body
  }
}
