import Glomers
import History

/// Anomalies as they stand in the results: the first few of each kind in full, and how many there were.
struct AnomalyReport {
  private static let shownMax = 5
  /// Longer arrays in the operations of an anomaly are left to the history, as is the rest of long values and errors.
  private static let shownElementsMax = 32

  private let anomalies: [Anomaly]
  private let history: History

  init(_ anomalies: [Anomaly], _ history: History) {
    self.anomalies = anomalies
    self.history = history
  }

  var edn: EDN {
    var counts: [String: Int] = [:]
    var shownCounts: [String: Int] = [:]
    var nodes: [String: Set<NodeID?>] = [:]
    var shown: [EDN] = []
    for anomaly in anomalies {
      counts[anomaly.name, default: 0] += anomaly.count
      nodes[anomaly.name, default: []].insert(anomaly.node)
      guard anomaly.count == 1, shownCounts[anomaly.name, default: 0] < Self.shownMax else { continue }
      shownCounts[anomaly.name, default: 0] += 1
      shown.append(describe(anomaly))
    }
    let members = counts.sorted { $0.key < $1.key }
    for (name, count) in members where count > shownCounts[name, default: 0] {
      let more = count - shownCounts[name, default: 0]
      var rest: EDN = ["name": .keyword(name)]
      if nodes[name]!.count == 1, let node = nodes[name]!.first! { rest["node"] = .string(node.name) }
      rest["detail"] = .string("and \(more) more")
      rest["operations"] = []
      shown.append(rest)
    }
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
        operation.error = operation.error.map { JSON(EDN($0).bounded) }
        let count = operation.value.array?.count ?? 0
        guard count > Self.shownElementsMax else {
          operation.value = JSON(EDN(operation.value).bounded)
          return operation.edn
        }
        operation.value = .null
        var edn = operation.edn
        edn["value"] = nil
        edn["value-count"] = .integer(count)
        return edn
      })
    if !anomaly.steps.isEmpty {
      edn["steps"] = .vector(
        anomaly.steps.map { step in
          [
            "from": .integer(step.from), "to": .integer(step.to), "type": .keyword(step.relation),
            "words": .string(step.words),
          ]
        })
    }
    return edn
  }
}
