/// A node's hands: the inputs of the moment, and the verbs that record what the node wants done.
public struct Context<N: Node>: Sendable {
  /// The time of this event.
  public internal(set) var now: Instant
  /// The node's dice: seeded by the driver.
  public var random: Random
  package internal(set) var effects: [Effect<N>] = []
  /// Whether records may be among the effects: so that nobody has to look.
  var hasRecords = false
  /// Whether anybody stores records: if not, they are not even made.
  private let keepsRecords: Bool

  package init(now: Instant = .zero, random: Random = Random(seed: 0), keepsRecords: Bool = true) {
    self.now = now
    self.random = random
    self.keepsRecords = keepsRecords
  }

  /// Sends a message that needs no answer.
  public mutating func send(_ message: N.Message, to node: NodeID) {
    effects.append(.send(message, to: node))
  }

  /// Answers a request. A request without an id gets no answer.
  public mutating func reply(_ message: N.Message, to request: Request) {
    effects.append(.reply(message, to: request))
  }

  /// Answers a request with an error. Definite errors only where the operation certainly did not happen.
  public mutating func fail(_ error: RPCError, to request: Request) {
    effects.append(.fail(error, to: request))
  }

  /// Asks a peer; the answer comes to `complete` with `then`.
  public mutating func call(_ node: NodeID, _ message: N.Message, then: N.Call, _ retry: Retry) {
    effects.append(.call(node, message, then: then, retry))
  }

  /// Asks a service; the answer comes to `complete` with `then`.
  public mutating func ask(_ service: Service, _ request: KV, then: N.Ask, _ retry: Retry) {
    effects.append(.ask(service, request, then: then, retry))
  }

  /// Wakes the node at an instant; one that has passed means as soon as possible. A set timer is moved.
  public mutating func wake(_ timer: N.Timer, at instant: Instant) {
    effects.append(.wake(timer, at: instant))
  }

  /// Forgets a timer; one that is not set is not missed.
  public mutating func cancel(_ timer: N.Timer) {
    effects.append(.cancel(timer))
  }

  /// Stores a record before any effect of this event is carried out: log before answer. Does nothing, at no cost,
  /// where the node has no data directory.
  public mutating func persist(_ record: @autoclosure () -> N.Record) {
    guard keepsRecords else { return }
    effects.append(.persist(record()))
    hasRecords = true
  }
}
