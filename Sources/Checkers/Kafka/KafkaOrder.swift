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
      guard !entry.accesses.isEmpty else { continue }
      let polled = values(of: entry, arePolls: true)
      let sent = values(of: entry, arePolls: false)
      addInner(entry, polled, skip: .innerPollSkip, back: .innerNonmonotonicPoll, to: &found)
      addInner(entry, sent, skip: .innerSendSkip, back: .innerNonmonotonicSend, to: &found)
      for (key, values) in polled {
        guard let first = values.first, let final = values.last else { continue }
        if let last = lastReads[entry.process]?[key],
          let error = outer(key, last, first, entry, skip: .pollSkip, back: .nonmonotonicPoll)
        {
          found.append(error)
        }
        if entry.kind == .ok {
          lastReads[entry.process, default: [:]][key] = Last(value: final, operation: entry.index)
        }
      }
      guard entry.kind == .ok || entry.kind == .info else { continue }
      for (key, values) in sent {
        guard let first = values.first, let final = values.last else { continue }
        if let last = lastSends[entry.process]?[key],
          let error = outer(key, last, first, entry, skip: nil, back: .nonmonotonicSend)
        {
          found.append(error)
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
  ) -> KafkaError? {
    error(key, last.value, first, [last.operation, entry.index], skip: skip, back: back)
  }

  /// From one value to the next within an operation.
  private func addInner(
    _ entry: KafkaHistory.Entry, _ found: [(key: Int, values: ArraySlice<Int>)], skip: KafkaError.Kind,
    back: KafkaError.Kind, to errors: inout [KafkaError]
  ) {
    for (key, values) in found {
      for place in values.indices.dropFirst() {
        if let error = error(key, values[place - 1], values[place], [entry.index], skip: skip, back: back) {
          errors.append(error)
        }
      }
    }
  }

  private func error(
    _ key: Int, _ first: Int, _ second: Int, _ operations: @autoclosure () -> [Int], skip: KafkaError.Kind?,
    back: KafkaError.Kind
  ) -> KafkaError? {
    let distance = logs.logs[key].distance(from: first, to: second)
    // Nearly always it is the next one.
    if distance == 1 { return nil }
    let log = logs.logs[key]
    if distance < 1 {
      return KafkaError(
        kind: back, key: key, values: [first, second], operations: operations(), distance: distance)
    }
    guard let skip, let start = log.places[first], let end = log.places[second] else { return nil }
    // What was skipped is shown by its last witness.
    let skipped = ((start + 1)..<end).map { log.value(at: $0) }
    let witness = log.sightings[log.starts[start + 1]].operation
    return KafkaError(
      kind: skip, key: key, values: skipped, operations: Set(operations() + [witness]).sorted(),
      distance: distance)
  }

  /// So many keys are looked through faster than a dictionary finds one.
  private static let fewKeys = 16

  /// The values that an operation polled, or sent, by key.
  private func values(of entry: KafkaHistory.Entry, arePolls: Bool) -> [(key: Int, values: ArraySlice<Int>)] {
    var found: [(key: Int, values: ArraySlice<Int>)] = []
    var places: [Int: Int] = [:]
    for access in history.accesses[entry.accesses] where access.isPoll == arePolls {
      let values = history.values[access.messages]
      let isFew = found.count <= Self.fewKeys
      if let place = isFew ? found.firstIndex(where: { $0.key == access.key }) : places[access.key] {
        found[place].values += values
        continue
      }
      found.append((access.key, values))
      guard found.count > Self.fewKeys else { continue }
      for place in isFew ? found.indices : found.count - 1..<found.count { places[found[place].key] = place }
    }
    return found
  }
}
