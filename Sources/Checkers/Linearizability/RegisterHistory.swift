import Glomers
import History

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
  /// Invocations whose value is none that a register has.
  private(set) var malformed: [Int] = []
  private var table = ValueTable()

  /// Takes operations in Jepsen's form: `[key, value]`, or `[key, [from, to]]` for a `cas`; or, where the history is of
  /// one register, without the key, which is null then.
  init(_ history: History) {
    _ = table.number(of: .null)
    var places: [JSON: Int] = [:]
    let functions = Self.functions
    let calls = history.operations.lazy.filter {
      $0.isClient && $0.kind == .invoke && functions.contains($0.function)
    }
    let isKeyed = Self.haveKeys(calls)
    for call in calls {
      guard let (key, value) = Self.split(call.value, isKeyed) else {
        malformed.append(call.index)
        continue
      }
      let end = history.completion(of: call.index)
      let isRead = call.function == "read" && end?.kind == .ok
      if call.function == "cas" && value.array?.count != 2 || isRead && Self.split(end!.value, isKeyed) == nil
      {
        malformed.append(call.index)
        continue
      }
      guard let operation = read(call, value, end, isKeyed) else { continue }
      let place = places[key] ?? keys.count
      if place == keys.count {
        places[key] = place
        keys.append(Key(key: key))
      }
      keys[place].operations.append(operation)
    }
  }

  private static let functions: Set = ["read", "write", "cas"]

  /// Whether the values are pairs with a key. A cas tells, as its value is a pair in any case; otherwise all must be
  /// pairs.
  private static func haveKeys(_ calls: some Sequence<Operation>) -> Bool {
    if calls.contains(where: { $0.function == "cas" && $0.value.array?.last?.array?.count == 2 }) {
      return true
    }
    return calls.allSatisfy { $0.function != "cas" && $0.value.array?.count == 2 }
  }

  private static func split(_ value: JSON, _ isKeyed: Bool) -> (key: JSON, value: JSON)? {
    guard isKeyed else { return (.null, value) }
    guard let pair = value.array, pair.count == 2 else { return nil }
    return (pair[0], pair[1])
  }

  func value(_ number: Int) -> JSON { table.values[number] }

  /// Nil where there is nothing to check.
  private mutating func read(
    _ call: Operation, _ value: JSON, _ end: Operation?, _ isKeyed: Bool
  ) -> RegisterOperation? {
    switch (end?.kind, call.function) {
    case (.ok, "read"):
      // To Knossos a read of nothing is consistent with anything.
      guard let seen = Self.split(end!.value, isKeyed)?.value, seen != .null else { return nil }
      return operation(.read(table.number(of: seen)), call, end)
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
