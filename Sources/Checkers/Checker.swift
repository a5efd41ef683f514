public import History

/// Looks at a whole history and says what it thinks of it.
public protocol Checker: Sendable {
  func check(_ history: History) -> Finding
}

/// What a checker has found.
public struct Finding: Equatable, Sendable {
  /// Whether the history is valid.
  public let verdict: Verdict
  /// What Maelstrom would report: a map, without `:valid?`.
  public let figures: EDN
  /// What we report on top of that.
  public let anomalies: [Anomaly]

  /// - Parameters:
  ///   - figures: what Maelstrom would report.
  ///   - anomalies: what we report on top of that.
  public init(_ verdict: Verdict, _ figures: EDN = [:], anomalies: [Anomaly] = []) {
    self.verdict = verdict
    self.figures = figures
    self.anomalies = anomalies
  }

  /// The figures with the verdict under `:valid?`.
  public var edn: EDN {
    var edn = figures
    edn["valid?"] = verdict.edn
    return edn
  }
}
