import Glomers
import History

/// Messages that were acknowledged, and that no poll that succeeded has shown; and those that a node does not show in
/// the end, though all others may.
struct KafkaUnseen {
  /// By key, in the order of their acknowledgements, values that nobody has seen.
  private var unseen: [[Int]]
  private let lastTime: Duration?

  init(_ data: KafkaHistory) {
    unseen = Array(repeating: [], count: data.keys.count)
    var last: Int?
    for entry in data.entries where entry.kind == .ok && entry.assigned == nil {
      last = entry.index
      for access in data.accesses[entry.accesses] where !access.isPoll {
        for place in access.messages {
          let value = data.values[place]
          if data.keys[access.key].readers[value] < 0 { unseen[access.key].append(value) }
        }
      }
    }
    lastTime = last.map { .nanoseconds(data.history.time(of: $0)) }
  }

  /// Nil if there are none.
  func edn(_ data: KafkaHistory, messagesMax: Int) -> EDN? {
    let keys = unseen.indices.filter { !unseen[$0].isEmpty }
    guard !keys.isEmpty else { return nil }
    return [
      "time": .integer(Int(lastTime?.nanoseconds ?? 0)),
      "unseen": .map(keys.map { .init(EDN(data.keys[$0].name), .integer(unseen[$0].count)) }),
      "messages": .map(
        keys.map { key in
          let values = unseen[key].map { data.value(key, $0) }.sorted(by: JSON.precedes)
          return .init(EDN(data.keys[key].name), .vector(values.prefix(messagesMax).map { EDN($0) }))
        }),
    ]
  }

  func anomalies(_ data: KafkaHistory) -> [Anomaly] {
    unseen.indices.filter { !unseen[$0].isEmpty }.map { key in
      let message = EDN(data.value(key, unseen[key][0])).shown
      let others = unseen[key].count > 1 ? ", nor \(unseen[key].count - 1) others" : ""
      let writer = data.keys[key].writers[unseen[key][0]]
      return Anomaly(
        "unseen-message",
        "nobody has ever seen message \(message) of key \(EDN(data.keys[key].name).shown)\(others)",
        operations: [writer], node: data.history[writer].node)
    } + missing(data)
  }

  /// Of each node, what its last consumer did not get though it read from the beginning to where the node had no more.
  private func missing(_ data: KafkaHistory) -> [Anomaly] {
    var finals: [Operation.Process: (node: NodeID?, polls: [KafkaHistory.Entry])] = [:]
    var seeks: [Operation.Process: Int] = [:]
    for entry in data.entries where data.history.isFinal(entry.index) && entry.kind == .ok {
      let operation = data.history[entry.index]
      if operation.notes["seek-to-beginning?"] != nil { seeks[entry.process] = entry.index }
      guard operation.function == "poll", seeks[entry.process] != nil else { continue }
      finals[entry.process, default: (operation.node, [])].polls.append(entry)
    }
    let begun = (0..<data.history.count).first { data.history.isFinal($0) } ?? 0
    var reported: Set<NodeID?> = []
    return finals.sorted { $0.value.polls[0].index < $1.value.polls[0].index }.compactMap { process, final in
      guard !reported.contains(final.node), let last = final.polls.last else { return nil }
      let ongoing = Set(data.accesses[last.accesses].map(\.key))
      var seen = data.keys.map { [Bool](repeating: false, count: $0.values.count) }
      for poll in final.polls {
        for access in data.accesses[poll.accesses] {
          for place in access.messages { seen[access.key][data.values[place]] = true }
        }
      }
      for key in data.keys.indices where !ongoing.contains(key) {
        let writers = data.keys[key].writers
        // What nobody has seen is reported as such.
        let lacking = writers.indices.filter {
          writers[$0] >= 0 && writers[$0] < begun && data.history.kind(of: writers[$0]) == .ok
            && data.keys[key].readers[$0] >= 0 && !seen[key][$0]
        }
        guard let first = lacking.first else { continue }
        reported.insert(final.node)
        return Anomaly(
          "missing-message",
          "in the end \(final.node?.name ?? "a node") has no more of key \(EDN(data.keys[key].name).shown), and "
            + "has not shown \(EDN(data.value(key, first)).shown)",
          operations: [writers[first], seeks[process]!, last.index], node: final.node, breaking: .convergence)
      }
      return nil
    }
  }
}
