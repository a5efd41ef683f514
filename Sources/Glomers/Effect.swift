/// What a node asks its host to do.
public enum Effect<N: Node>: Equatable, Sendable {
  /// Send once, and expect nothing.
  case send(N.Message, to: NodeID)
  /// Answer a request.
  case reply(N.Message, to: Request)
  /// Answer a request with an error.
  case fail(RPCError, to: Request)
  /// Ask a peer; its answer comes back to the node with `then`.
  case call(NodeID, N.Message, then: N.Call, Retry)
  /// Ask a service; its answer comes back to the node with `then`.
  case ask(Service, KV, then: N.Ask, Retry)
  /// Wake the node with this timer; a timer that is already set is moved.
  case wake(N.Timer, at: Instant)
  /// Unset a timer; one that is not set stays so.
  case cancel(N.Timer)
  /// Store a record before any effect of this turn, or of a later one, is carried out.
  case persist(N.Record)
}

/// How long a call is kept up.
public enum Retry: Equatable, Sendable {
  /// Send once, and fail with ``RPCError/timeout(_:)`` when no answer has come in time.
  case giveUp(after: Duration)
  /// Send again and again until an answer comes. For idempotent messages only.
  case untilAnswered(every: Duration)
}

extension Effect {
  /// The request that this answers, if it is an answer.
  var answered: Request? {
    switch self {
    case .reply(_, let request), .fail(_, let request): request
    default: nil
    }
  }
}
