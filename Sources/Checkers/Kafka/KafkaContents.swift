import History
import Glomers

/// Errors in what the logs hold: messages that are lost, or double, or should not be there.
struct KafkaContents {
  let history: KafkaHistory
  let logs: KafkaLogs

  var errors: [KafkaError] {
    history.keys.indices.flatMap { key in
      inconsistentOffsets(key) + duplicates(key) + lostWrites(key) + untimelyReads(key)
    } + precommittedReads
  }

  private func inconsistentOffsets(_ key: Int) -> [KafkaError] {
    let log = logs.logs[key]
    return log.starts.indices.compactMap { place in
      let sightings = log.sightings(at: place)
      guard sightings.count > 1 else { return nil }
      return KafkaError(
        kind: .inconsistentOffsets, key: key, values: sightings.map(\.value),
        operations: sightings.prefix(2).map(\.operation).sorted(), offsets: [log.offset(of: place)])
    }
  }

  private func duplicates(_ key: Int) -> [KafkaError] {
    let log = logs.logs[key]
    let doubled = history.keys[key].values.indices.filter { log.firstPlaces[$0] != log.lastPlaces[$0] }
    guard !doubled.isEmpty else { return [] }
    let byValue = Dictionary(grouping: log.sightings, by: \.value)
    return doubled.map { value in
      let sightings = byValue[value]!
      return KafkaError(
        kind: .duplicate, key: key, values: [value],
        operations: Set(sightings.prefix(2).map(\.operation)).sorted(), offsets: sightings.map(\.offset))
    }
  }

  /// What lies below something that was read was there to be read.
  private func lostWrites(_ key: Int) -> [KafkaError] {
    let log = logs.logs[key]
    let (writers, readers) = (history.keys[key].writers, history.keys[key].readers)
    // A value at several offsets counts as read at the first of them, and has to be read by the last.
    let read = readers.indices.filter { readers[$0] >= 0 && log.firstPlaces[$0] != nil }
    guard let highest = read.max(by: { log.firstPlaces[$0]! < log.firstPlaces[$1]! }) else { return [] }
    return readers.indices.compactMap { value in
      guard readers[value] < 0, let place = log.lastPlaces[value], place <= log.firstPlaces[highest]!,
        writers[value] >= 0,
        history.history.kind(of: writers[value]) == .ok || logs.committed.contains(writers[value])
      else { return nil }
      return KafkaError(
        kind: .lostWrite, key: key, values: [value, highest],
        operations: [writers[value], readers[highest]].sorted(), offsets: [log.offset(of: place)])
    }
  }

  /// Read though the send has failed, or before it began.
  private func untimelyReads(_ key: Int) -> [KafkaError] {
    let data = history.keys[key]
    return data.values.indices.compactMap { value in
      let (writer, reader) = (data.writers[value], data.readers[value])
      guard writer >= 0, reader >= 0 else { return nil }
      if data.hasFailed[value] {
        return KafkaError(
          kind: .abortedRead, key: key, values: [value], operations: [writer, reader].sorted())
      }
      guard let begun = history.history.invocationIndex(of: writer), reader < begun else { return nil }
      return KafkaError(kind: .futureRead, key: key, values: [value], operations: [reader, begun])
    }
  }

  private var precommittedReads: [KafkaError] {
    history.entries.compactMap { entry in
      // To have sent something and seen it, it must have done two things.
      guard entry.accesses.count > 1 else { return nil }
      let polls = history.accesses(of: entry, arePolls: true)
      guard !polls.isEmpty else { return nil }
      for send in history.accesses(of: entry, arePolls: false) {
        let seen = polls.filter { $0.key == send.key }.flatMap { history.values[$0.messages] }
        guard let value = history.values[send.messages].first(where: seen.contains) else { continue }
        return KafkaError(
          kind: .precommittedRead, key: send.key, values: [value], operations: [entry.index])
      }
      return nil
    }
  }
}
