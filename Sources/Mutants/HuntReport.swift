import History
internal import Lab

/// What hunts have come to: which anomaly caught which mutant, and what is wrong with the checkers.
public struct HuntReport: Sendable {
  public let hunts: [Hunt]

  public init(_ hunts: [Hunt]) { self.hunts = hunts }

  /// A table: the header, and a row for each mutant.
  public var rows: [[String]] {
    [["workload", "mutant", "mistake", "faults", "caught by", "seed", "runs", "shows too"]]
      + hunts.map { hunt in
        let mutant = hunt.mutant
        return [
          mutant.scenario.workload.rawValue, mutant.name, mutant.mistake, mutant.faults,
          hunt.seed == nil ? "nothing: it survived" : mutant.anomaly, hunt.seed.map(String.init) ?? "",
          "\(hunt.runCount)", hunt.others.joined(separator: ", "),
        ]
      }
  }

  /// A sentence for each mutant that survived, for each whose report hides what it does, and for each node without a
  /// mistake that was found invalid.
  public var problems: [String] {
    hunts.flatMap { hunt in
      var problems: [String] = []
      if hunt.seed == nil {
        let others = hunt.others.isEmpty ? "" : "; it showed \(hunt.others.joined(separator: ", "))"
        problems.append(
          "\(hunt.mutant.path) survived \(hunt.runCount) runs: none showed \(hunt.mutant.anomaly)\(others)")
      }
      problems += hunt.concealments.map { "\(hunt.mutant.path): seed \(hunt.seed!): \($0)" }
      return problems
        + hunt.falseAlarms.map { alarm in
          "\(hunt.mutant.path): seed \(alarm.seed) finds the node without the mistake invalid, by "
            + alarm.anomalies.joined(separator: ", ")
        }
    }
  }

  /// One line.
  public var summary: String {
    let runCount = hunts.reduce(0) { $0 + $1.runCount }
    return "\(hunts.count) mutants: \(hunts.count(where: { $0.seed != nil })) caught in \(runCount) runs, "
      + "\(hunts.count(where: { $0.seed == nil })) survived"
  }
}

extension Mutant {
  /// What it is called among all: `broadcast/sends-once`.
  public var path: String { "\(scenario.workload.rawValue)/\(name)" }

  fileprivate var faults: String { scenario.faults.map(\.rawValue).sorted().joined(separator: ", ") }
}
