import Checkers
internal import Glomers

/// Anomalies that are seen while the test runs. Of one kind at one node only the first are kept in full, so that a
/// node that prints nothing but rubbish does not fill the memory.
struct AnomalyLog: Sendable {
  static let limitPerKind = 10

  private struct Kind: Hashable {
    let name: String
    let node: NodeID?
  }

  private(set) var count = 0
  private var kept: [Anomaly] = []
  private var counts: [Kind: Int] = [:]

  mutating func add(_ anomaly: Anomaly) {
    count += 1
    let kind = Kind(name: anomaly.name, node: anomaly.node)
    counts[kind, default: 0] += 1
    if counts[kind]! <= Self.limitPerKind { kept.append(anomaly) }
  }

  /// Those that were kept, and for each kind of which there were more, how many.
  var anomalies: [Anomaly] {
    var told: Set<Kind> = []
    return kept
      + kept.compactMap { anomaly in
        let kind = Kind(name: anomaly.name, node: anomaly.node)
        let more = counts[kind]! - Self.limitPerKind
        guard more > 0, told.insert(kind).inserted else { return nil }
        return Anomaly(
          anomaly.name, "and \(more) more", node: anomaly.node, severity: anomaly.severity,
          breaking: anomaly.demand, count: more)
      }
  }
}
