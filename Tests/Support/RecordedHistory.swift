package import Glomers
package import History

/// Builds a history by hand: a millisecond passes from one operation to the next, unless one says otherwise.
package struct RecordedHistory {
  package private(set) var history = History()
  private var begun: [Int: Operation] = [:]
  package var clock: Duration = .zero

  package init() {}

  /// Client `i` talks to node `ni`.
  @discardableResult
  package mutating func begin(
    _ client: Int, _ function: String, _ value: JSON = .null, node: NodeID? = nil, isFinal: Bool = false
  ) -> Int {
    begun[client] = Operation(
      time: clock, kind: .invoke, process: .client(client), function: function, value: value,
      node: node ?? NodeID("n\(client)"), isFinal: isFinal)
    return append(begun[client]!)
  }

  /// Ends what the client has begun. Without a value, that of the invocation is taken.
  @discardableResult
  package mutating func end(
    _ client: Int, _ kind: Operation.Kind = .ok, _ value: JSON? = nil, error: JSON? = nil
  ) -> Int {
    var operation = begun.removeValue(forKey: client)!
    operation.kind = kind
    operation.time = clock
    operation.error = error
    if let value { operation.value = value }
    return append(operation)
  }

  @discardableResult
  package mutating func nemesis(_ function: String, _ value: JSON = .null) -> Int {
    append(Operation(time: clock, kind: .info, process: .nemesis, function: function, value: value))
  }

  package mutating func broadcast(_ client: Int, _ value: JSON, _ kind: Operation.Kind = .ok) {
    begin(client, "broadcast", value)
    end(client, kind)
  }

  package mutating func read(_ client: Int, _ values: JSON, isFinal: Bool = false) {
    begin(client, "read", isFinal: isFinal)
    end(client, .ok, values)
  }

  package mutating func generate(_ client: Int, _ id: JSON) {
    begin(client, "generate")
    end(client, .ok, id)
  }

  private mutating func append(_ operation: Operation) -> Int {
    clock += .milliseconds(1)
    return history.append(operation)
  }

  package static func made(_ make: (inout RecordedHistory) -> Void) -> History {
    var recorded = RecordedHistory()
    make(&recorded)
    return recorded.history
  }
}
