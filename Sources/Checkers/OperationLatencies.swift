import Glomers
import History

/// How long clients waited for an ok, by function.
struct OperationLatencies {
  /// In nanoseconds.
  private var waits: [String: [Int64]] = [:]

  init(_ history: History) {
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) == .ok {
      guard let begun = history.invocationIndex(of: index) else { continue }
      // A history from elsewhere may hold any times.
      let wait = Duration.nanoseconds(history.time(of: index)) - .nanoseconds(history.time(of: begun))
      waits[history.function(of: index), default: []].append(max(0, wait.nanoseconds))
    }
  }

  /// For each function the quantiles in milliseconds.
  var edn: EDN {
    .map(
      waits.sorted { $0.key < $1.key }.map { function, waits in
        EDN.Member(
          .keyword(function),
          .distribution(EDN.latencyPoints, quantiles(EDN.latencyPoints, of: waits) ?? []) {
            .milliseconds(.nanoseconds($0))
          })
      })
  }
}
