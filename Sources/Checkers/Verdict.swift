public import History

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
