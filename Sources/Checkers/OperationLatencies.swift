import Glomers
import History

/// How long clients waited for an ok.
public struct OperationLatencies: Equatable, Sendable {
  /// By function; those that never succeeded are missing.
  public let functions: [String: Quantiles]
  /// Of all functions together; nil where nothing succeeded.
  public let all: Quantiles?

  init(_ history: History) {
    var nanoseconds: [String: [Int64]] = [:]
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) == .ok {
      guard let begun = history.invocationIndex(of: index) else { continue }
      // A history from elsewhere may hold any times.
      let wait = Duration.nanoseconds(history.time(of: index)) - .nanoseconds(history.time(of: begun))
      nanoseconds[history.function(of: index), default: []].append(max(0, wait.nanoseconds))
    }
    // Sorted already, they cost little to sort again.
    for function in nanoseconds.keys { nanoseconds[function]!.sort() }
    functions = nanoseconds.compactMapValues { Quantiles(nanoseconds: $0) }
    all = Quantiles(nanoseconds: Array(nanoseconds.values.joined()))
  }

  /// For each function the quantiles in milliseconds.
  var edn: EDN {
    .map(functions.sorted { $0.key < $1.key }.map { .init(.keyword($0.key), $0.value.edn()) })
  }
}
