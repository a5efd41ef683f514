/// A message with its address: one line on the wire.
public struct Envelope<N: Node>: Equatable, Sendable {
  public let source: NodeID
  public let destination: NodeID
  /// The sender's `msg_id`, where an answer is wanted.
  public let id: Int?
  /// The `msg_id` that this answers.
  public let inReplyTo: Int?
  public let body: Body

  public enum Body: Equatable, Sendable {
    case initialize(me: NodeID, nodes: [NodeID])
    case initializeOk
    case message(N.Message)
    case service(KV)
    case error(RPCError)
  }

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
