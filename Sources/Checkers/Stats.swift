public import History

/// Jepsen's stats: how many operations ended how, in all and by function. Invalid if a function never succeeded.
public struct Stats: Checker {
  private struct Counts {
    var ok = 0
    var fail = 0
    var info = 0

    var members: [EDN.Member] {
      [
        .init(.keyword("count"), .integer(ok + fail + info)), .init(.keyword("ok-count"), .integer(ok)),
        .init(.keyword("fail-count"), .integer(fail)), .init(.keyword("info-count"), .integer(info)),
      ]
    }

    mutating func add(_ kind: Operation.Kind) {
      switch kind {
      case .invoke: break
      case .ok: ok += 1
      case .fail: fail += 1
      case .info: info += 1
      }
    }
  }

  /// It has no settings.
  public init() {}

  public func check(_ history: History) -> Finding {
    var all = Counts()
    var functions: [String: Counts] = [:]
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) != .invoke {
      all.add(history.kind(of: index))
      functions[history.function(of: index), default: Counts()].add(history.kind(of: index))
    }
    let sorted = functions.sorted { $0.key < $1.key }
    // A crash never succeeds; Jepsen's kafka tests take no offence.
    let verdict = Verdict.merging(
      sorted.filter { $0.key != "crash" }.map { $0.value.ok > 0 ? .valid : .invalid })
    let byFunction = sorted.map { name, counts in
      EDN.Member(
        .keyword(name),
        .map(counts.members + [.init(.keyword("valid?"), .bool(counts.ok > 0))]))
    }
    return Finding(verdict, .map(all.members + [.init(.keyword("by-f"), .map(byFunction))]))
  }
}
