public import History

/// The share of operations that must succeed.
public enum Availability: Equatable, Sendable {
  /// Every operation.
  case total
  /// From 0 to 1.
  case fraction(Double)
}

/// Maelstrom's availability checker: whether as many of the clients' operations succeeded as were wanted.
public struct AvailabilityChecker: Checker {
  private let wanted: Availability?

  /// - Parameter wanted: nil wants nothing.
  public init(_ wanted: Availability?) { self.wanted = wanted }

  public func check(_ history: History) -> Finding {
    var invocations = 0
    var successes = 0
    for index in 0..<history.count where history.isClient(index) {
      switch history.kind(of: index) {
      case .invoke: invocations += 1
      case .ok: successes += 1
      case .fail, .info: break
      }
    }
    let fraction = invocations == 0 ? 1 : Double(successes) / Double(invocations)
    let isEnough =
      switch wanted {
      case nil: true
      case .total: successes == invocations
      case .fraction(let least): least <= fraction
      }
    let written: EDN = invocations == 0 ? 1 : .fraction(fraction)
    return Finding(isEnough ? .valid : .invalid, ["ok-fraction": written])
  }
}
