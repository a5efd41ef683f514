import Glomers
import History

/// How long clients waited for an ok, by function.
struct OperationLatencies {
  private var waits: [String: [Duration]] = [:]

  init(_ history: History) {
    for operation in history.operations where operation.isClient && operation.kind == .ok {
      guard let begun = history.invocation(of: operation.index) else { continue }
      waits[operation.function, default: []].append(max(.zero, operation.time - begun.time))
    }
  }

  /// For each function the quantiles in milliseconds.
  var edn: EDN {
    .map(
      waits.sorted { $0.key < $1.key }.map { function, waits in
        EDN.Member(
          .keyword(function),
          .distribution(EDN.latencyPoints, quantiles(EDN.latencyPoints, of: waits) ?? []) {
            .milliseconds($0)
          })
      })
  }
}
