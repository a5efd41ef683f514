internal import Glomers
internal import Wire
internal import Workloads

/// What the clients of a test do, and what they are to be answered.
public enum Workload: String, CaseIterable, Sendable {
  case echo
  case uniqueIDs = "unique-ids"
  case broadcast
}

/// One thing for a client to do.
struct Invocation: Equatable, Sendable {
  let function: String
  /// What is asked; null where the answer is the value.
  var value: JSON = .null
  var isFinal = false
}

extension Workload {
  /// Whether the test ends with recovery and a last read by every client.
  var hasFinalReads: Bool { self == .broadcast }

  /// Whether a client goes on under its name after an operation whose outcome is unknown.
  var reusesClients: Bool { self == .uniqueIDs }

  /// Whether an operation that may not have happened counts as one that has not, since it changes nothing.
  func isIdempotent(_ function: String) -> Bool { self == .broadcast && function == "read" }

  /// Writes the type and the members of a request into an open body.
  func write(_ invocation: Invocation, to body: inout JSONWriter) {
    switch self {
    case .echo: Echo.echo(invocation.value).write(to: &body)
    case .uniqueIDs: UniqueIDs.generate.write(to: &body)
    case .broadcast:
      (invocation.function == "read" ? Broadcast.read : .broadcast(invocation.value)).write(to: &body)
    }
  }

  /// The value of the operation that this reply completes; nil for a reply to some other kind of request.
  func answer(to invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    switch self {
    case .echo:
      if case .echoOk(let payload) = try Echo(type: type, body: body) { payload } else { nil }
    case .uniqueIDs:
      if case .generateOk(let id) = try UniqueIDs(type: type, body: body) { id } else { nil }
    case .broadcast:
      switch (try Broadcast(type: type, body: body), invocation.function) {
      case (.broadcastOk, "broadcast"): invocation.value
      case (.readOk(let messages), "read"): .array(messages)
      default: nil
      }
    }
  }

  /// How many members a reply has, beside its type and ids.
  func replyMemberCount(_ function: String) -> Int { self == .broadcast && function == "broadcast" ? 0 : 1 }
}
