import Glomers
import History

/// Jepsen's frequency distribution of durations: of the sorted whole, the elements at five fractions of it, not
/// interpolated.
public struct Quantiles: Equatable, Sendable {
  /// At 0.
  public let minimum: Duration
  /// At 0.5.
  public let median: Duration
  /// At 0.95.
  public let percentile95: Duration
  /// At 0.99.
  public let percentile99: Duration
  /// At 1.
  public let maximum: Duration

  /// Nil where there are no durations.
  public init?(nanoseconds: [Int64]) {
    guard !nanoseconds.isEmpty else { return nil }
    // What is below one fraction is not above it: no need to sort.
    var values = nanoseconds, from = 0
    func element(at fraction: Double) -> Duration {
      let place = min(values.count - 1, Int(Double(values.count) * fraction))
      values.putInPlace(place, of: from..<values.count)
      from = place
      return .nanoseconds(values[place])
    }
    minimum = element(at: 0)
    median = element(at: 0.5)
    percentile95 = element(at: 0.95)
    percentile99 = element(at: 0.99)
    maximum = element(at: 1)
  }

  /// A map from fractions to durations, as in `{0 0, 0.5 230, 0.95 410, 0.99 455, 1 502}`.
  func edn(_ write: (Duration) -> EDN = EDN.milliseconds) -> EDN {
    .map([
      .init(0, write(minimum)), .init(.real(0.5), write(median)), .init(.real(0.95), write(percentile95)),
      .init(.real(0.99), write(percentile99)), .init(1, write(maximum)),
    ])
  }
}

extension EDN {
  /// A duration in milliseconds, to a tenth of one.
  static func milliseconds(_ duration: Duration) -> EDN {
    .real((duration.milliseconds * 10).rounded() / 10)
  }
}

/// How long clients waited for an ok.
public struct OperationLatencies: Equatable, Sendable {
  /// By function; those that never succeeded are missing.
  public let functions: [String: Quantiles]
  /// Of all functions together; nil where nothing succeeded.
  public let all: Quantiles?

  init(_ history: History) {
    let names = history.functionNames
    var waits = names.map { _ in [Int64]() }
    for index in 0..<history.count where history.kind(of: index) == .ok && history.isClient(index) {
      guard let begun = history.invocationIndex(of: index) else { continue }
      waits[history.functionNumber(of: index)].append(max(0, history.duration(from: begun, to: index)))
    }
    // What Swift takes for one name is one here.
    functions = Dictionary(zip(names, waits), uniquingKeysWith: +).compactMapValues {
      Quantiles(nanoseconds: $0)
    }
    let some = waits.filter { !$0.isEmpty }
    all = Quantiles(nanoseconds: some.count == 1 ? some[0] : Array(some.joined()))
  }

  /// For each function the quantiles in milliseconds.
  var edn: EDN {
    .map(functions.sorted { $0.key < $1.key }.map { .init(.keyword($0.key), $0.value.edn()) })
  }
}
