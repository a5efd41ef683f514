internal import Glomers
internal import Wire
import History
import Checkers

/// One workload: which operations clients begin, how they talk with their nodes in the course of one, and what the
/// history must hold in the end. What Jepsen calls generator, client and checker.
///
/// A test has one load for all of its clients; what it has to remember of each, it keeps by worker. Most operations
/// are one request and its reply: see ``RequestLoad``.
protocol Load: Sendable {
  // MARK: Generator

  /// What a free worker does next.
  mutating func next(for worker: Worker, at time: Duration) -> Invocation

  /// What a worker does after faults have ended and the nodes have had time to recover.
  ///
  /// - Parameter count: how many such operations the worker has done.
  mutating func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep

  /// Whether the test ends with recovery and final operations.
  var hasFinalOperations: Bool { get }

  /// An operation has ended in some way. Only where ``followsOperations``.
  mutating func ended(_ operation: Operation, by worker: Worker)

  /// Whether it wants to be told of each operation that ends.
  var followsOperations: Bool { get }

  /// What else is to be written down of an operation that begins or ends. Only where ``hasNotes``.
  func notes(on operation: Operation, by worker: Worker) -> [String: JSON]

  /// Whether there may be notes.
  var hasNotes: Bool { get }

  // MARK: Client

  /// What a client says to its node before there are operations; nil for nothing.
  func setUp(_ node: NodeID) -> SetUp?

  /// What a client does first in an operation.
  mutating func begin(_ invocation: Invocation, by worker: Worker) -> Step

  /// What a client does after this reply; nil if it does not answer what was asked. Errors don't come here.
  mutating func advance(
    _ invocation: Invocation, by worker: Worker, type: String, _ body: JSONObject
  ) throws(WireError) -> Step?

  /// Whether a client goes on under its name after an operation whose outcome is unknown.
  var reusesClients: Bool { get }

  /// Whether an operation that may not have happened counts as one that has not, since it changes nothing.
  func isIdempotent(_ function: String) -> Bool

  /// How long a client waits for each answer.
  var patience: Duration { get }

  /// Whether a reply may have no members but those that are known here.
  var hasSchema: Bool { get }

  /// The member that a reply has beside its type and ids, by the type of the reply. Other replies have none.
  var replyMembers: [String: String] { get }

  // MARK: Observation

  /// How to ask a node what it has, where acknowledged values are to reach every node.
  var probe: Probe? { get }

  /// What an operation that has succeeded says of such values.
  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting?
}

/// A load of the table of workloads.
protocol MaelstromLoad: Load {
  init(_ scenario: Scenario, random: Random)

  /// What a history must hold.
  static func checker(_ scenario: Scenario) -> any Checker
}

/// One thing for a client to do.
struct Invocation: Equatable, Sendable {
  let function: String
  /// What is asked; null where the answer is the value.
  var value: JSON = .null
  var isFinal = false
}

/// What a client does next in the course of an operation.
enum Step {
  /// Asks its node this, and waits for the reply.
  case ask(any WireMessage)
  /// Is done: the operation succeeded with this value.
  case complete(JSON)
  /// Is done: its node has shown these integers, the array of which is the operation's value.
  case completeRead([Int])
  /// Is done: the operation has certainly not happened.
  case fail(JSON)
  /// Gives up, and leaves its place to a new client; nobody knows what happened.
  case crash
}

/// What a worker does next at the end of a test.
enum FinalStep: Equatable {
  case begin(Invocation)
  /// It is to be asked again at this time.
  case wait(until: Duration)
  case done
}

/// A request that prepares a node, answered by its type with `_ok` after it.
struct SetUp {
  let type: String
  let message: any WireMessage
}

/// A request for everything that a node has, and the member of the reply that is the list of it.
struct Probe {
  let message: any WireMessage
  let member: String
}

/// News of values that are to reach every node.
enum Sighting {
  case acknowledged(JSON)
  /// The client's node has these.
  case held([JSON])
}

extension Load {
  var hasFinalOperations: Bool { false }
  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep { .done }
  var followsOperations: Bool { false }
  func ended(_ operation: Operation, by worker: Worker) {}
  var hasNotes: Bool { false }
  func notes(on operation: Operation, by worker: Worker) -> [String: JSON] { [:] }
  func setUp(_ node: NodeID) -> SetUp? { nil }
  var reusesClients: Bool { false }
  var hasSchema: Bool { true }
  func isIdempotent(_ function: String) -> Bool { false }
  /// Maelstrom's.
  var patience: Duration { .seconds(5) }
  var probe: Probe? { nil }
  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting? { nil }
}

/// A load whose operations are one request and its reply.
protocol RequestLoad: Load {
  func request(_ invocation: Invocation) -> any WireMessage

  /// The value of the operation that this reply completes; nil for a reply to some other kind of request.
  func value(
    of invocation: Invocation, type: String, _ body: JSONObject
  ) throws(WireError) -> JSON?
}

extension RequestLoad {
  func begin(_ invocation: Invocation, by worker: Worker) -> Step { .ask(request(invocation)) }

  func advance(
    _ invocation: Invocation, by worker: Worker, type: String, _ body: JSONObject
  ) throws(WireError) -> Step? {
    try value(of: invocation, type: type, body).map { .complete($0) }
  }
}
