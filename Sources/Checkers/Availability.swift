public import History

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
