import Glomers
import Histogram

/// How long clients waited for an ok, by function. Figures are true to three digits.
struct OperationLatencies {
  private var histograms: [String: Histogram<UInt32>] = [:]

  init(_ history: History) {
    for operation in history.operations where operation.isClient && operation.kind == .ok {
      guard let begun = history.invocation(of: operation.index) else { continue }
      let microseconds = max(0, (operation.time - begun.time).nanoseconds / 1000)
      histograms[operation.function, default: Histogram(numberOfSignificantValueDigits: .three)]
        .record(UInt64(microseconds))
    }
  }

  /// For each function the quantiles in milliseconds.
  var edn: EDN {
    .map(
      histograms.sorted { $0.key < $1.key }.map { function, histogram in
        let values = EDN.latencyPoints.map { histogram.valueAtPercentile($0 * 100) }
        return EDN.Member(
          .keyword(function),
          .distribution(EDN.latencyPoints, values) { .milliseconds(.microseconds(Int64($0))) })
      })
  }
}
