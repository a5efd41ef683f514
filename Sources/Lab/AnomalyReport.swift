import Glomers

/// Anomalies as they stand in the results: the first few of each kind in full, and how many there were.
struct AnomalyReport {
  private static let shownMax = 5
  /// Longer arrays in the operations of an anomaly are left to the history.
  private static let shownElementsMax = 32

  private let anomalies: [Anomaly]
  private let history: History

  init(_ anomalies: [Anomaly], _ history: History) {
    self.anomalies = anomalies
    self.history = history
  }

  var edn: EDN {
    var counts: [String: Int] = [:]
    var shown: [EDN] = []
    for anomaly in anomalies {
      counts[anomaly.name, default: 0] += 1
      if counts[anomaly.name]! <= Self.shownMax { shown.append(describe(anomaly)) }
    }
    let members = counts.sorted { $0.key < $1.key }
    return [
      "anomalies": .vector(shown),
      "anomaly-counts": .map(members.map { .init(.keyword($0.key), .integer($0.value)) }),
    ]
  }

  private func describe(_ anomaly: Anomaly) -> EDN {
    var edn: EDN = ["name": .keyword(anomaly.name), "severity": .keyword(anomaly.severity.rawValue)]
    edn["node"] = anomaly.node.map { .string($0.name) }
    edn["detail"] = .string(anomaly.detail)
    edn["operations"] = .vector(
      anomaly.operations.map { index in
        var operation = history[index]
        let count = operation.value.array?.count ?? 0
        guard count > Self.shownElementsMax else { return operation.edn }
        operation.value = .null
        var edn = operation.edn
        edn["value"] = nil
        edn["value-count"] = .integer(count)
        return edn
      })
    return edn
  }
}
