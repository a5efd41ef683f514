import Glomers
import History

/// Errors in the order in which processes see and send messages.
struct KafkaOrder {
  /// Where a process has last read in a key, or sent to it.
  private struct Last {
    let value: Int
    let operation: Int
  }

  let history: KafkaHistory
  let logs: KafkaLogs

  var errors: [KafkaError] {
    var found: [KafkaError] = []
    var lastReads: [Operation.Process: [Int: Last]] = [:]
    var lastSends: [Operation.Process: [Int: Last]] = [:]
    for entry in history.entries {
      if let assigned = entry.assigned {
        guard entry.kind != .fail else { continue }
        // Only in keys that it keeps does a consumer go on where it was.
        let kept = Set(assigned)
        lastReads[entry.process] = lastReads[entry.process]?.filter { kept.contains($0.key) }
        lastSends[entry.process] = lastSends[entry.process]?.filter { kept.contains($0.key) }
        continue
      }
      found += inner(entry, arePolls: true) + inner(entry, arePolls: false)
      for (key, values) in values(of: entry, arePolls: true) {
        guard let first = values.first, let final = values.last else { continue }
        if let last = lastReads[entry.process]?[key] {
          found += outer(key, last, first, entry, skip: .pollSkip, back: .nonmonotonicPoll)
        }
        if entry.kind == .ok {
          lastReads[entry.process, default: [:]][key] = Last(value: final, operation: entry.index)
        }
      }
      guard entry.kind == .ok || entry.kind == .info else { continue }
      for (key, values) in values(of: entry, arePolls: false) {
        guard let first = values.first, let final = values.last else { continue }
        if let last = lastSends[entry.process]?[key] {
          found += outer(key, last, first, entry, skip: nil, back: .nonmonotonicSend)
        }
        lastSends[entry.process, default: [:]][key] = Last(value: final, operation: entry.index)
      }
    }
    return found
  }

  /// From the last value of the operation before to the first of this one.
  private func outer(
    _ key: Int, _ last: Last, _ first: Int, _ entry: KafkaHistory.Entry, skip: KafkaError.Kind?,
    back: KafkaError.Kind
  ) -> [KafkaError] {
    error(key, last.value, first, [last.operation, entry.index], skip: skip, back: back).map { [$0] } ?? []
  }

  /// From one value to the next within an operation.
  private func inner(_ entry: KafkaHistory.Entry, arePolls: Bool) -> [KafkaError] {
    values(of: entry, arePolls: arePolls).flatMap { key, values in
      zip(values, values.dropFirst()).compactMap { first, second in
        error(
          key, first, second, [entry.index], skip: arePolls ? .innerPollSkip : .innerSendSkip,
          back: arePolls ? .innerNonmonotonicPoll : .innerNonmonotonicSend)
      }
    }
  }

  private func error(
    _ key: Int, _ first: Int, _ second: Int, _ operations: [Int], skip: KafkaError.Kind?,
    back: KafkaError.Kind
  ) -> KafkaError? {
    let log = logs.logs[key]
    let distance = log.distance(from: first, to: second)
    if distance < 1 {
      return KafkaError(
        kind: back, key: key, values: [first, second], operations: operations, distance: distance)
    }
    guard distance > 1, let skip, let start = log.places[first], let end = log.places[second] else {
      return nil
    }
    // What was skipped is shown by its last witness.
    let skipped = ((start + 1)..<end).map { log.value(at: $0) }
    let witness = log.sightings[log.starts[start + 1]].operation
    return KafkaError(
      kind: skip, key: key, values: skipped, operations: Set(operations + [witness]).sorted(),
      distance: distance)
  }

  /// The values that an operation polled, or sent, by key.
  private func values(of entry: KafkaHistory.Entry, arePolls: Bool) -> [(key: Int, values: ArraySlice<Int>)] {
    var found: [(key: Int, values: ArraySlice<Int>)] = []
    var places: [Int: Int] = [:]
    for access in history.accesses[entry.accesses] where access.isPoll == arePolls {
      let values = history.values[access.messages]
      if let place = places[access.key] {
        found[place].values += values
      } else {
        places[access.key] = found.count
        found.append((access.key, values))
      }
    }
    return found
  }
}
