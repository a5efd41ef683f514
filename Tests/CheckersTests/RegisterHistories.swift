import Glomers
import Support
import Lab
@testable import History

extension RecordedHistory {
  /// A read of a key by a client, from its beginning to its end.
  mutating func readRegister(_ client: Int, _ value: JSON, key: JSON = 0) {
    begin(client, "read", [key, .null])
    end(client, .ok, [key, value])
  }

  mutating func writeRegister(_ client: Int, _ value: JSON, key: JSON = 0, _ kind: Operation.Kind = .ok) {
    begin(client, "write", [key, value])
    end(client, kind)
  }

  mutating func compareAndSet(
    _ client: Int, _ from: JSON, _ to: JSON, key: JSON = 0, _ kind: Operation.Kind = .ok,
    error: JSON? = nil
  ) {
    begin(client, "cas", [key, [from, to]])
    end(client, kind, nil, error: error)
  }
}

/// An operation on one register as a twin of the checker sees it: by hand, with values for numbers.
struct DumbOperation {
  var function: String
  var value: JSON
  var from: JSON = .null
  /// Places among the events of the history; an operation without an end may take place at any time or never.
  var call: Int
  var end: Int?

  func applied(to value: JSON) -> JSON? {
    switch function {
    case "read" where value != self.value, "cas" where value != from: Optional.none
    case "read": value
    default: self.value
    }
  }
}

/// Whether the operations are linearizable, found by trying every order of every choice of unfinished ones.
func isLinearizableByDefinition(_ operations: [DumbOperation], from value: JSON = .null) -> Bool {
  guard operations.contains(where: { $0.end != nil }) else { return true }
  return operations.indices.contains { place in
    let first = operations[place]
    let isMinimal = operations.allSatisfy { $0.end.map { $0 > first.call } ?? true }
    guard isMinimal, let after = first.applied(to: value) else { return false }
    var others = operations
    others.remove(at: place)
    return isLinearizableByDefinition(others, from: after)
  }
}
