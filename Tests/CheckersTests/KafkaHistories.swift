import Glomers
import Lab
@testable import History
@testable import Checkers

/// Builds a history of sends and polls by hand; a millisecond passes from one line to the next. Client `i` talks to
/// node `ni`.
struct KafkaRecorder {
  private(set) var history = History()
  private var clock = Duration.zero

  @discardableResult
  mutating func begin(
    _ client: Int, _ function: String, _ value: JSON, isFinal: Bool = false, notes: [String: JSON] = [:]
  ) -> Int {
    append(client, .invoke, function, value, isFinal, notes)
  }

  @discardableResult
  mutating func end(
    _ client: Int, _ kind: Operation.Kind, _ function: String, _ value: JSON, isFinal: Bool = false,
    notes: [String: JSON] = [:]
  ) -> Int {
    append(client, kind, function, value, isFinal, notes)
  }

  /// A send that succeeds, or not.
  mutating func send(
    _ client: Int, _ key: JSONName, _ message: JSON, at offset: Int? = nil, _ kind: Operation.Kind = .ok
  ) {
    begin(client, "send", [["send", key.json, message]])
    let sent: JSON = offset.map { [.integer($0), message] } ?? message
    end(client, kind, "send", [["send", key.json, sent]])
  }

  /// A poll that shows these messages of a key at these offsets.
  mutating func poll(
    _ client: Int, _ key: JSONName, _ pairs: [(Int, JSON)], _ kind: Operation.Kind = .ok,
    isFinal: Bool = false
  ) {
    begin(client, "poll", [["poll"]], isFinal: isFinal)
    end(
      client, kind, "poll", [["poll", .object(pairs.isEmpty ? [:] : [key: shown(pairs)])]], isFinal: isFinal)
  }

  mutating func assign(_ client: Int, _ key: JSONName, committed: Int? = nil, isFinal: Bool = false) {
    begin(client, "assign", [key.json], isFinal: isFinal)
    let listed = committed.map { [key: JSON.integer($0)] } ?? [:]
    end(client, .ok, "assign", [key.json], isFinal: isFinal, notes: ["committed": .object(listed)])
  }

  mutating func seek(_ client: Int, _ key: JSONName) {
    begin(client, "assign", [key.json], isFinal: true, notes: ["seek-to-beginning?": true])
    end(client, .ok, "assign", [key.json], isFinal: true, notes: ["seek-to-beginning?": true])
  }

  func shown(_ pairs: [(Int, JSON)]) -> JSON { .array(pairs.map { [.integer($0.0), $0.1] }) }

  private mutating func append(
    _ client: Int, _ kind: Operation.Kind, _ function: String, _ value: JSON, _ isFinal: Bool,
    _ notes: [String: JSON]
  ) -> Int {
    clock += .milliseconds(1)
    var operation = Operation(
      time: clock, kind: kind, process: .client(client), function: function, value: value,
      node: NodeID("n\(client)"), isFinal: isFinal)
    operation.notes = notes
    return history.append(operation)
  }

  static func check(_ make: (inout KafkaRecorder) -> Void) -> Finding {
    var recorder = KafkaRecorder()
    make(&recorder)
    return KafkaChecker().check(recorder.history)
  }
}

extension Finding {
  /// Jepsen's names of what it takes for errors.
  var errorTypes: [EDN] {
    if case .vector(let types)? = figures["bad-error-types"] { types } else { [] }
  }
}
