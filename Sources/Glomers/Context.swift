/// A node's hands: the inputs of the moment, and the verbs that record what the node wants done.
public struct Context<N: Node>: Sendable {
  /// The time of this event.
  public internal(set) var now: Instant
  /// The node's dice: seeded by the driver.
  public var random: Random
  /// The first effect, if that is an answer: of nearly all events it is the only one, and handed over by itself costs less
  /// than in an array of all kinds of effects.
  var answer: N.Message?
  /// The request that `answer` is to. Beside it, because an optional of the two would be destroyed by run-time type
  /// information.
  var answered = Request(from: NodeID(""), id: nil)
  /// The effects but for `answer`, which comes before them.
  var rest: [Effect<N>] = []
  /// Whether records may be among the effects: so that nobody has to look.
  var hasRecords = false
  /// Whether anybody stores records: if not, they are not even made.
  let keepsRecords: Bool

  /// All that the node wants done, in that order.
  package var effects: [Effect<N>] {
    guard let answer else { return rest }
    return [.reply(answer, to: answered)] + rest
  }

  package init(now: Instant = .zero, random: Random = Random(seed: 0), keepsRecords: Bool = true) {
    self.now = now
    self.random = random
    self.keepsRecords = keepsRecords
  }

  /// Sends a message that needs no answer.
  public mutating func send(_ message: N.Message, to node: NodeID) {
    rest.append(.send(message, to: node))
  }

  /// Answers a request. A request without an id gets no answer.
  public mutating func reply(_ message: consuming N.Message, to request: Request) {
    if case nil = answer, rest.isEmpty {
      (answer, answered) = (message, request)
    } else {
      rest.append(.reply(message, to: request))
    }
  }

  /// Answers a request with an error. Definite errors only where the operation certainly did not happen.
  public mutating func fail(_ error: RPCError, to request: Request) {
    rest.append(.fail(error, to: request))
  }

  /// Asks a peer; the answer comes to `complete` with `then`.
  public mutating func call(_ node: NodeID, _ message: N.Message, then: N.Call, _ retry: Retry) {
    rest.append(.call(node, message, then: then, retry))
  }

  /// Asks a service; the answer comes to `complete` with `then`.
  public mutating func ask(_ service: Service, _ request: KV, then: N.Ask, _ retry: Retry) {
    rest.append(.ask(service, request, then: then, retry))
  }

  /// Wakes the node at an instant; one that has passed means as soon as possible. A set timer is moved.
  public mutating func wake(_ timer: N.Timer, at instant: Instant) {
    rest.append(.wake(timer, at: instant))
  }

  /// Forgets a timer; one that is not set is not missed.
  public mutating func cancel(_ timer: N.Timer) {
    rest.append(.cancel(timer))
  }

  /// Stores a record before any effect of this event is carried out: log before answer. Does nothing, at no cost,
  /// where the node has no data directory.
  public mutating func persist(_ record: @autoclosure () -> N.Record) {
    guard keepsRecords else { return }
    rest.append(.persist(record()))
    hasRecords = true
  }
}
