import Glomers
public import History

/// Jepsen's kafka checker, as Maelstrom uses it, and beside it what it is blind to: committed offsets, messages that
/// were never sent, and nodes that do not come to show everything.
public struct KafkaChecker: Checker {
  /// Of one kind of error.
  private static let shownMax = 8
  private static let messagesShownMax = 32
  /// A lag that is worth a warning where none is too long: as long as a client waits for an answer, and a third of the
  /// history.
  private static func lagNoted(_ history: History) -> Duration {
    max(.seconds(5), (history.operations.last?.time ?? .zero) / 3)
  }

  private let lagMax: Duration?

  /// - Parameter lagMax: the longest that polls may lag behind what is known of a log; nil allows any lag.
  public init(lagMax: Duration? = nil) { self.lagMax = lagMax }

  public func check(_ history: History) -> Finding {
    let data = KafkaHistory(history)
    let logs = KafkaLogs(data)
    let errors =
      KafkaContents(history: data, logs: logs).errors + KafkaOrder(history: data, logs: logs).errors
    let unseen = KafkaUnseen(data)
    let lag = KafkaLag(data)

    var byKind = Dictionary(grouping: errors, by: \.kind.rawValue).mapValues { condensed($0, data) }
    if let figures = unseen.edn(data, messagesMax: Self.messagesShownMax) { byKind["unseen"] = figures }
    let allowed = Set(KafkaError.Kind.allCases.filter(\.isAllowed).map(\.rawValue))
    let types = byKind.keys.sorted()
    let bad = types.filter { !allowed.contains($0) }
    var figures: EDN = [
      "worst-realtime-lag": edn(lag.worst, data), "bad-error-types": .vector(bad.map { .keyword($0) }),
      "error-types": .vector(types.map { .keyword($0) }), "info-txn-causes": .vector(infoCauses(history)),
    ]
    for type in types { figures[type] = byKind[type] }

    let offsets = data.keys.indices.map { key in
      (data.keys[key].name.name ?? "", logs.logs[key].starts.indices.map { logs.logs[key].offset(of: $0) })
    }
    let commits = KafkaCommits(history: history, offsets: Dictionary(offsets) { first, _ in first })
    let anomalies =
      KafkaAnomalies(history: data).of(errors) + unseen.anomalies(data)
      + KafkaStrangers(history: data).anomalies
      + commits.anomalies + high(lag.worst, data) + oversized(data)
    return Finding(
      bad.isEmpty ? data.oversized == nil ? .valid : .unknown : .invalid, figures, worstLag: lag.worst.lag,
      anomalies: anomalies)
  }

  private func edn(_ worst: KafkaLag.Worst, _ data: KafkaHistory) -> EDN {
    var edn: EDN = ["time": .real(worst.time.seconds), "lag": .real(worst.lag.seconds)]
    edn["process"] = worst.process?.edn
    edn["key"] = worst.key.map { EDN(data.keys[$0].name) }
    return edn
  }

  /// The longest lag, if it is too long, or worth a warning.
  private func high(_ worst: KafkaLag.Worst, _ data: KafkaHistory) -> [Anomaly] {
    guard let operation = worst.operation, worst.lag > lagMax ?? Self.lagNoted(data.history) else {
      return []
    }
    let key = worst.key.map { EDN(data.keys[$0].name).shown } ?? "nil"
    let seconds = (worst.lag.seconds * 10).rounded() / 10
    return [
      Anomaly(
        "high-lag",
        "a poll did not show of key \(key) what had been there for \(seconds) s: no consumer of that node was as far",
        operations: [operation], node: data.history[operation].node,
        severity: lagMax == nil ? .warning : .invalid)
    ]
  }

  private func oversized(_ data: KafkaHistory) -> [Anomaly] {
    guard let index = data.oversized else { return [] }
    return [
      Anomaly(
        "oversized-integer",
        "an offset has more than 64 bits, and this checker judges no such: what is wrong with it would not be seen",
        operations: [index], node: data.history[index].node, severity: .unknown)
    ]
  }

  /// How many there are, and those that say most.
  private func condensed(_ errors: [KafkaError], _ data: KafkaHistory) -> EDN {
    let shown = errors.sorted { abs($0.distance ?? 0) > abs($1.distance ?? 0) }.prefix(Self.shownMax)
    return [
      "count": .integer(errors.count),
      "errs": .vector(
        shown.map { error in
          var edn: EDN = ["key": EDN(data.keys[error.key].name)]
          edn["values"] = .vector(
            error.values.prefix(Self.messagesShownMax).map { EDN(data.value(error.key, $0)) })
          if !error.offsets.isEmpty { edn["offsets"] = .vector(error.offsets.map { .integer($0) }) }
          edn["delta"] = error.distance.map { .integer($0) }
          edn["op-indices"] = .vector(error.operations.map { .integer($0) })
          return edn
        }),
    ]
  }

  /// Why operations ended without anybody knowing how, each reason once.
  private func infoCauses(_ history: History) -> [EDN] {
    var causes: [EDN] = []
    for index in 0..<history.count where history.kind(of: index) == .info && history.isClient(index) {
      guard ["send", "poll", "txn"].contains(history.function(of: index)) else { continue }
      let cause = history.error(of: index).map { EDN(keywording: $0) } ?? .null
      if !causes.contains(cause) { causes.append(cause) }
    }
    return causes
  }
}
