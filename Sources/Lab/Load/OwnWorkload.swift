public import Glomers
public import Wire
import History
public import Checkers

/// A workload of one's own for the simulator: what clients ask in a vocabulary of the user's, and what the answers must hold.
///
/// Every operation is one request and its answer. Clients make requests at the scenario's rate; with `finalRequests`, faults
/// end, nodes get ten seconds to recover, and each client makes those, too.
public protocol OwnWorkload: Sendable {
  /// What clients and nodes say.
  associatedtype Message: WireMessage

  /// What a free client asks next. Draws from nothing but `random`, so that a seed fixes a run.
  mutating func next(_ random: inout Random) -> Message

  /// What each client asks in the end, one after the other. None by default.
  var finalRequests: [Message] { get }

  /// Whether a request changes nothing, so that it counts as failed when its outcome is unknown. False by default.
  func changesNothing(_ request: Message) -> Bool

  /// Whether a reply answers a request. By default, if its type is the request's with `_ok` after it. An error always does.
  func isAnswer(_ reply: Message, to request: Message) -> Bool

  /// What is wrong in what clients saw, in the order in which they asked. An empty array is a valid run.
  func check(_ exchanges: [Exchange<Message>]) -> [Anomaly]
}

extension OwnWorkload {
  /// None.
  public var finalRequests: [Message] { [] }
  /// No request does.
  public func changesNothing(_ request: Message) -> Bool { false }
  /// Whether the reply's type is the request's with `_ok` after it.
  public func isAnswer(_ reply: Message, to request: Message) -> Bool {
    MessageBody(reply).type == MessageBody(request).type + "_ok"
  }
}

/// A client's request and what became of it.
public struct Exchange<Message: WireMessage>: Equatable, Sendable {
  /// How a request ended.
  public enum Outcome: Equatable, Sendable {
    /// With this answer.
    case answered(Message)
    /// It certainly did not happen.
    case failed
    /// It may have happened, may happen yet, or never.
    case unknown
  }

  /// What was asked.
  public let request: Message
  /// How it ended.
  public let outcome: Outcome
  /// The node that was asked.
  public let node: NodeID
  /// The client; a client that does not know how its request ended goes on under a new number.
  public let process: Int
  /// Since the test's start.
  public let begin: Duration
  /// Nil while the outcome is unknown: a request may take effect at any time.
  public let end: Duration?
  /// Whether it is one of `finalRequests`.
  public let isFinal: Bool
  /// The places in the history: what `Anomaly` takes as operations.
  public let operations: [Int]

  /// One made by hand, to test a checker with.
  public init(
    _ request: Message, _ outcome: Outcome, at node: NodeID, process: Int = 0, begin: Duration = .zero,
    end: Duration? = nil, isFinal: Bool = false, operations: [Int] = []
  ) {
    self.request = request
    self.outcome = outcome
    self.node = node
    self.process = process
    self.begin = begin
    self.end = end
    self.isFinal = isFinal
    self.operations = operations
  }

  /// The answer; nil if there was none.
  public var answer: Message? {
    if case .answered(let answer) = outcome { answer } else { nil }
  }
}

/// A message as a value: what stands in a history.
struct MessageBody: WireMessage {
  let type: String
  /// Every member but the type, by name.
  let members: [JSONName: JSON]

  /// Reads a body, without the ids.
  init(type: String, body: JSONObject) throws(WireError) {
    self.type = type
    var members: [JSONName: JSON] = [:]
    for (name, element) in body.namedMembers where !["type", "msg_id", "in_reply_to"].contains(name) {
      members[name] = element.value
    }
    self.members = members
  }

  /// - Parameter json: an object with a type.
  init?(_ json: JSON) {
    guard case .object(var members) = json, let type = members.removeValue(forKey: "type")?.string else {
      return nil
    }
    (self.type, self.members) = (type, members)
  }

  init(_ message: some WireMessage) {
    let body = MessageBody.written(message) { (object) throws(WireError) in
      try MessageBody(type: object.string("type"), body: object)
    }
    guard let body else { preconditionFailure("\(message) is not written as an object with a type") }
    self = body
  }

  var json: JSON {
    var members = members
    members["type"] = .string(type)
    return .object(members)
  }

  func write(to body: inout JSONWriter) {
    body.member("type", type)
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      body.key(name)
      body.value(value)
    }
  }

  /// The message of a vocabulary that this is; nil if it is none.
  func message<Message: WireMessage>(_ vocabulary: Message.Type) -> Message? {
    MessageBody.written(self) { (object) throws(WireError) in try Message(type: type, body: object) }
  }

  /// What can be read of a message once it is written; nil if it can't be.
  private static func written<Value>(
    _ message: some WireMessage, _ read: (JSONObject) throws(WireError) -> Value
  ) -> Value? {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    return try? read(JSONDocument().parse(writer.bytes))
  }
}

/// The clients of a workload of one's own. The history has requests and answers as their bodies.
struct OwnLoad<Own: OwnWorkload>: RequestLoad {
  private var workload: Own
  private var random: Random
  private let finalRequests: [Own.Message]

  init(_ workload: Own, random: Random) {
    self.workload = workload
    self.random = random
    finalRequests = workload.finalRequests
  }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    invocation(workload.next(&random), isFinal: false)
  }

  private func invocation(_ message: Own.Message, isFinal: Bool) -> Invocation {
    let body = MessageBody(message)
    return Invocation(function: body.type, value: body.json, isFinal: isFinal)
  }

  var hasFinalOperations: Bool { !finalRequests.isEmpty }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    guard count < finalRequests.count else { return .done }
    return .begin(invocation(finalRequests[count], isFinal: true))
  }

  func request(_ invocation: Invocation) -> any WireMessage { MessageBody(invocation.value)! }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    let reply = try Own.Message(type: type, body: body)
    guard let request = MessageBody(invocation.value)?.message(Own.Message.self),
      workload.isAnswer(reply, to: request)
    else { return nil }
    return try MessageBody(type: type, body: body).json
  }

  var hasSchema: Bool { false }
  var replyMembers: [String: String] { [:] }

  /// By the function alone: a vocabulary's requests of one type either change something or don't.
  func isIdempotent(_ function: String) -> Bool { false }
}

/// Holds a history to a workload of one's own.
struct OwnChecker<Own: OwnWorkload>: Checker {
  private let workload: Own

  init(_ workload: Own) { self.workload = workload }

  func check(_ history: History) -> Finding {
    let exchanges = history.operations.compactMap { exchange($0, history) }
    let anomalies = workload.check(exchanges)
    return Finding(
      .merging(anomalies.map(\.severity.verdict)), ["exchange-count": .integer(exchanges.count)],
      anomalies: anomalies)
  }

  private func exchange(_ operation: Operation, _ history: History) -> Exchange<Own.Message>? {
    guard case .client(let process) = operation.process, operation.kind == .invoke, let node = operation.node,
      let request = MessageBody(operation.value)?.message(Own.Message.self)
    else { return nil }
    let end = history.completion(of: operation.index)
    let answer = end.flatMap { $0.kind == .ok ? MessageBody($0.value)?.message(Own.Message.self) : nil }
    let outcome: Exchange<Own.Message>.Outcome =
      if let answer {
        .answered(answer)
      } else if end?.kind == .fail || workload.changesNothing(request) {
        .failed
      } else {
        .unknown
      }
    return Exchange(
      request, outcome, at: node, process: process, begin: operation.time,
      end: outcome == .unknown ? nil : end?.time, isFinal: operation.isFinal,
      operations: [operation.index] + (end.map { [$0.index] } ?? []))
  }
}
