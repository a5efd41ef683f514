import Glomers
import History

/// Jepsen's frequency distribution: for each point from 0 to 1 the element at that fraction of the sorted whole,
/// not interpolated. Nil where there are no elements.
func quantiles<Element: Comparable>(_ points: [Double], of elements: [Element]) -> [Element]? {
  guard !elements.isEmpty else { return nil }
  let sorted = elements.sorted()
  return points.map { sorted[min(sorted.count - 1, Int(Double(sorted.count) * $0))] }
}

extension EDN {
  /// The points at which Jepsen reports latencies.
  static let latencyPoints = [0, 0.5, 0.95, 0.99, 1]

  /// A map from points to what is found there, as in `{0 0, 0.5 230, 0.95 410, 0.99 455, 1 502}`.
  static func distribution<Value>(_ points: [Double], _ values: [Value], _ write: (Value) -> EDN) -> EDN {
    .map(
      zip(points, values).map { point, value in
        Member(point == point.rounded() ? .integer(Int(point)) : .real(point), write(value))
      })
  }

  /// A duration in milliseconds, to a tenth of one.
  static func milliseconds(_ duration: Duration) -> EDN {
    .real((duration.milliseconds * 10).rounded() / 10)
  }
}
