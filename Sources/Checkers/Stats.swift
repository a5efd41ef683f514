public import History

/// Jepsen's stats: how many of the clients' operations ended how, in all and by function. Invalid if a function never
/// succeeded.
public struct OperationStats: Equatable, Sendable {
  /// Operations that have ended, by how.
  public struct Counts: Equatable, Sendable {
    /// Those that succeeded.
    public internal(set) var ok = 0
    /// Those that did not happen.
    public internal(set) var fail = 0
    /// Those of which nobody knows.
    public internal(set) var info = 0
    /// All of them.
    public var all: Int { ok + fail + info }

    fileprivate var members: [EDN.Member] {
      [
        .init(.keyword("count"), .integer(all)), .init(.keyword("ok-count"), .integer(ok)),
        .init(.keyword("fail-count"), .integer(fail)), .init(.keyword("info-count"), .integer(info)),
      ]
    }

    fileprivate static func + (a: Counts, b: Counts) -> Counts {
      Counts(ok: a.ok + b.ok, fail: a.fail + b.fail, info: a.info + b.info)
    }

    fileprivate mutating func add(_ kind: Operation.Kind) {
      switch kind {
      case .invoke: break
      case .ok: ok += 1
      case .fail: fail += 1
      case .info: info += 1
      }
    }
  }

  /// The operations of one function.
  public struct Function: Equatable, Sendable {
    /// As the history names it.
    public let name: String
    /// How they ended.
    public let counts: Counts
    /// Whether none succeeded, and one should have: a crash never succeeds, and Jepsen's kafka tests take no offence.
    public var isUseless: Bool { counts.ok == 0 && name != "crash" }
  }

  /// Of all functions.
  public let all: Counts
  /// In the order of their names.
  public let functions: [Function]

  /// Counts the operations of a history.
  public init(_ history: History) {
    var all = Counts()
    let names = history.functionNames
    var counts = names.map { _ in Counts() }
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) != .invoke {
      all.add(history.kind(of: index))
      counts[history.functionNumber(of: index)].add(history.kind(of: index))
    }
    self.all = all
    // What Swift takes for one name is one here.
    let some = zip(names, counts).filter { $1.all > 0 }
    functions = Dictionary(some, uniquingKeysWith: +).map { Function(name: $0, counts: $1) }
      .sorted { $0.name < $1.name }
  }

  /// Invalid if a function is useless.
  public var verdict: Verdict { functions.contains(where: \.isUseless) ? .invalid : .valid }

  /// What stands under `:stats`.
  var edn: EDN {
    let byFunction = functions.map { function in
      EDN.Member(
        .keyword(function.name),
        .map(function.counts.members + [.init(.keyword("valid?"), .bool(function.counts.ok > 0))]))
    }
    return .map(
      all.members + [.init(.keyword("by-f"), .map(byFunction)), .init(.keyword("valid?"), verdict.edn)])
  }
}

/// The share of operations that must succeed.
public enum Availability: Equatable, Sendable {
  /// Every operation.
  case total
  /// From 0 to 1.
  case fraction(Double)
}

/// Maelstrom's availability: whether as many of the clients' operations succeeded as were wanted.
public struct Successes: Equatable, Sendable {
  /// Operations that clients began.
  public let invocationCount: Int
  /// How many of them succeeded.
  public let successCount: Int
  /// The share that succeeded, from 0 to 1; 1 where none began.
  public let share: Double
  /// Whether that is as many as were wanted.
  public let isEnough: Bool

  /// - Parameter wanted: nil wants nothing.
  public init(_ history: History, wanted: Availability? = nil) {
    var (invocations, successes) = (0, 0)
    for index in 0..<history.count where history.isClient(index) {
      switch history.kind(of: index) {
      case .invoke: invocations += 1
      case .ok: successes += 1
      case .fail, .info: break
      }
    }
    let share = invocations == 0 ? 1 : Double(successes) / Double(invocations)
    (invocationCount, successCount, self.share) = (invocations, successes, share)
    isEnough =
      switch wanted {
      case nil: true
      case .total: successes == invocations
      case .fraction(let least): least <= share
      }
  }

  /// Invalid if it is not enough.
  public var verdict: Verdict { isEnough ? .valid : .invalid }

  /// The share as it stands under `:ok-fraction`.
  var fraction: EDN { invocationCount == 0 ? 1 : .fraction(share) }

  /// What stands under `:availability`.
  var edn: EDN { ["ok-fraction": fraction, "valid?": verdict.edn] }
}
