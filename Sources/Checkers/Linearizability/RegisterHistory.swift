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
    let calls = (0..<history.count).lazy.filter {
      history.isClient($0) && history.kind(of: $0) == .invoke && functions.contains(history.function(of: $0))
    }
    let isKeyed = Self.haveKeys(calls, history)
    for call in calls {
      let function = history.function(of: call)
      guard let (key, value) = Self.split(history.value(of: call), isKeyed) else {
        malformed.append(call)
        continue
      }
      let end = history.completionIndex(of: call)
      let isRead = function == "read" && end.map { history.kind(of: $0) } == .ok
      let seen = isRead ? Self.split(history.value(of: end!), isKeyed)?.value : nil
      if function == "cas" && value.array?.count != 2 || isRead && seen == nil {
        malformed.append(call)
        continue
      }
      guard let (action, isFromError) = read(function, value, seen, end, history) else { continue }
      let place = places[key] ?? keys.count
      if place == keys.count {
        places[key] = place
        keys.append(Key(key: key))
      }
      // Only what has succeeded, or failed, has an end.
      let isEnded = end.map { history.kind(of: $0) != .info } ?? false
      keys[place].operations.append(
        RegisterOperation(action: action, call: call, end: isEnded ? end : nil, isFromError: isFromError))
    }
  }

  private static let functions: Set = ["read", "write", "cas"]

  /// Whether the values are pairs with a key. A cas tells, as its value is a pair in any case; otherwise all must be
  /// pairs.
  private static func haveKeys(_ calls: some Sequence<Int>, _ history: History) -> Bool {
    func isCas(_ call: Int) -> Bool { history.function(of: call) == "cas" }
    if calls.contains(where: { isCas($0) && history.value(of: $0).array?.last?.array?.count == 2 }) {
      return true
    }
    return calls.allSatisfy { !isCas($0) && history.value(of: $0).array?.count == 2 }
  }

  private static func split(_ value: JSON, _ isKeyed: Bool) -> (key: JSON, value: JSON)? {
    guard isKeyed else { return (.null, value) }
    guard let pair = value.array, pair.count == 2 else { return nil }
    return (pair[0], pair[1])
  }

  func value(_ number: Int) -> JSON { table.values[number] }

  /// What is known to have been done, and whether an error tells it. Nil where there is nothing to check.
  ///
  /// - Parameters:
  ///   - value: what was asked, without the key.
  ///   - seen: what a read that succeeded has found.
  private mutating func read(
    _ function: String, _ value: JSON, _ seen: JSON?, _ end: Int?, _ history: History
  ) -> (action: RegisterOperation.Action, isFromError: Bool)? {
    switch (end.map { history.kind(of: $0) }, function) {
    case (.ok, "read"):
      // To Knossos a read of nothing is consistent with anything.
      seen == .null ? nil : (.read(table.number(of: seen!)), false)
    case (.fail, _): observation(function, value, history.error(of: end!)).map { ($0, true) }
    case (_, "write"), (_, "cas"): change(function, value).map { ($0, false) }
    default: nil
    }
  }

  private mutating func change(_ function: String, _ value: JSON) -> RegisterOperation.Action? {
    if function == "write" { return .write(table.number(of: value)) }
    guard let pair = value.array, pair.count == 2 else { return nil }
    return .compareAndSet(table.number(of: pair[0]), table.number(of: pair[1]))
  }

  /// What an error says of the value.
  private mutating func observation(_ function: String, _ value: JSON, _ error: JSON?) -> RegisterOperation
    .Action?
  {
    switch (error?.array?.first?.string, function) {
    case ("key-does-not-exist", "read"), ("key-does-not-exist", "cas"): return .read(0)
    case ("precondition-failed", "cas"):
      guard let pair = value.array, pair.count == 2 else { return nil }
      return .refusal(table.number(of: pair[0]))
    default: return nil
    }
  }
}
