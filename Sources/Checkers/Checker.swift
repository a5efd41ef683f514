public import History

/// Looks at a whole history and says what it thinks of it.
public protocol Checker: Sendable {
  func check(_ history: History) -> Finding
}

/// What a checker has found.
public struct Finding: Equatable, Sendable {
  /// Whether the history is valid.
  public internal(set) var verdict: Verdict
  /// What Maelstrom would report: a map, without `:valid?`. It is only written, never read.
  public let figures: EDN
  /// Of sets: how long elements took to be in every read. Nil where none was, and in other workloads.
  public let stableLatencies: Quantiles?
  /// Of logs: the longest that a poll lagged behind what was known. Nil in other workloads.
  public let worstLag: Duration?
  /// What we report on top of that.
  public internal(set) var anomalies: [Anomaly]

  /// - Parameters:
  ///   - figures: what Maelstrom would report.
  ///   - stableLatencies: of sets, how long elements took to be in every read.
  ///   - worstLag: of logs, the longest that a poll lagged behind what was known.
  ///   - anomalies: what we report on top of that.
  public init(
    _ verdict: Verdict, _ figures: EDN = [:], stableLatencies: Quantiles? = nil, worstLag: Duration? = nil,
    anomalies: [Anomaly] = []
  ) {
    self.verdict = verdict
    self.figures = figures
    self.stableLatencies = stableLatencies
    self.worstLag = worstLag
    self.anomalies = anomalies
  }

  /// The figures with the verdict under `:valid?`.
  public var edn: EDN {
    var edn = figures
    edn["valid?"] = verdict.edn
    return edn
  }
}

/// What a checker says of a run.
public enum Verdict: Int, Comparable, Sendable {
  /// All that was asked of it holds.
  case valid
  /// Nothing was found wrong, but too little was seen to say that all is well.
  case unknown
  /// Something is wrong.
  case invalid

  public static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }

  /// The verdict on a whole with these parts: the worst of them, and valid where there are none.
  public static func merging(_ parts: some Sequence<Verdict>) -> Verdict { parts.max() ?? .valid }

  /// As Jepsen writes it under `:valid?`.
  public var edn: EDN {
    switch self {
    case .valid: .bool(true)
    case .unknown: .keyword("unknown")
    case .invalid: .bool(false)
    }
  }
}

extension Anomaly.Severity {
  /// What a run with such an anomaly is at least.
  package var verdict: Verdict {
    switch self {
    case .invalid: .invalid
    case .unknown: .unknown
    case .warning: .valid
    }
  }
}
