import Glomers

/// One operation on a register, with the time during which it may have taken place.
struct RegisterOperation: Equatable, Sendable {
  /// Values are numbers; 0 is a key that does not exist.
  enum Action: Hashable, Sendable {
    case read(Int)
    case write(Int)
    case compareAndSet(Int, Int)
    /// A compare-and-set that found something else.
    case refusal(Int)

    /// The value after this, or nil if it can't be done on that value.
    func applied(to value: Int) -> Int? {
      switch self {
      case .read(let expected): value == expected ? value : nil
      case .write(let new): new
      case .compareAndSet(let expected, let new): value == expected ? new : nil
      case .refusal(let expected): value == expected ? nil : value
      }
    }

    var isObservation: Bool {
      switch self {
      case .read, .refusal: true
      case .write, .compareAndSet: false
      }
    }
  }

  let action: Action
  /// Where it was invoked, in the history.
  let call: Int
  /// Where it had ended; nil if it may take place at any later time, or never.
  let end: Int?
  /// Whether it is an observation that Jepsen does not look at: an error that says something of the value.
  let isFromError: Bool
}

/// A history of registers, taken apart: linearizability is local, so a history is linearizable if each key's is
/// (Herlihy & Wing 1990, theorem 1; Horn & Kroening call the use of it P-compositionality: *Faster linearizability
/// checking via P-compositionality*, FORTE 2015).
struct RegisterHistory {
  struct Key {
    let key: JSON
    /// In the order of their invocations.
    var operations: [RegisterOperation] = []
  }

  /// In the order in which they turn up.
  private(set) var keys: [Key] = []
  private var table = ValueTable()

  /// Takes operations in Jepsen's form: `[key, value]`, or `[key, [from, to]]` for a `cas`.
  init(_ history: History) {
    _ = table.number(of: .null)
    var places: [JSON: Int] = [:]
    for call in history.operations where call.isClient && call.kind == .invoke {
      guard let tuple = call.value.array, tuple.count == 2 else { continue }
      let end = history.completion(of: call.index)
      guard let operation = read(call, tuple[1], end) else { continue }
      let place = places[tuple[0]] ?? keys.count
      if place == keys.count {
        places[tuple[0]] = place
        keys.append(Key(key: tuple[0]))
      }
      keys[place].operations.append(operation)
    }
  }

  func value(_ number: Int) -> JSON { table.values[number] }

  /// Nil where there is nothing to check.
  private mutating func read(_ call: Operation, _ value: JSON, _ end: Operation?) -> RegisterOperation? {
    switch (end?.kind, call.function) {
    case (.ok, "read"):
      guard let seen = end!.value.array, seen.count == 2 else { return nil }
      // To Jepsen, a read of nothing says nothing.
      return operation(.read(table.number(of: seen[1])), call, end, isFromError: seen[1] == .null)
    case (.ok, "write"), (.ok, "cas"):
      return change(call.function, value).flatMap { operation($0, call, end) }
    case (.fail, _): return observation(call, value, end!)
    case (_, "write"), (_, "cas"):
      return change(call.function, value).flatMap { operation($0, call, nil) }
    default: return nil
    }
  }

  private mutating func change(_ function: String, _ value: JSON) -> RegisterOperation.Action? {
    if function == "write" { return .write(table.number(of: value)) }
    guard let pair = value.array, pair.count == 2 else { return nil }
    return .compareAndSet(table.number(of: pair[0]), table.number(of: pair[1]))
  }

  /// What an error says of the value.
  private mutating func observation(_ call: Operation, _ value: JSON, _ end: Operation) -> RegisterOperation?
  {
    switch (end.error?.array?.first?.string, call.function) {
    case ("key-does-not-exist", "read"), ("key-does-not-exist", "cas"):
      return operation(.read(0), call, end, isFromError: true)
    case ("precondition-failed", "cas"):
      guard let pair = value.array, pair.count == 2 else { return nil }
      return operation(.refusal(table.number(of: pair[0])), call, end, isFromError: true)
    default: return nil
    }
  }

  private func operation(
    _ action: RegisterOperation.Action, _ call: Operation, _ end: Operation?, isFromError: Bool = false
  ) -> RegisterOperation {
    RegisterOperation(action: action, call: call.index, end: end?.index, isFromError: isFromError)
  }
}
