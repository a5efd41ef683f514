import Glomers
import History

/// Jepsen's real-time lag: how long, at the beginning of a poll, the newest message of a key that its process has seen
/// had not been the newest any more, at the least.
///
/// A process that has just been assigned a key counts as having seen nothing of it.
struct KafkaLag: Sendable {
  struct Worst: Equatable, Sendable {
    var time = Duration.zero
    var lag = Duration.zero
    /// Nil where nobody polled a key that it was assigned.
    var process: Operation.Process?
    var key: Int?
    /// The end of the poll.
    var operation: Int?
  }

  /// When a key was first known to have an offset as high.
  private struct Step {
    let offset: Int
    let time: Duration
  }

  let worst: Worst

  init(_ history: KafkaHistory) {
    let steps = Self.steps(history)
    let operations = history.history
    var worst = Worst()
    // By process, what it is assigned, and the highest offset it has seen there; in the order of the keys.
    var seen: [Operation.Process: [(key: Int, offset: Int)]] = [:]
    for entry in history.entries where entry.kind == .ok {
      if let assigned = entry.assigned {
        let kept = Dictionary(uniqueKeysWithValues: seen[entry.process] ?? [])
        seen[entry.process] = Set(assigned).sorted().map { ($0, kept[$0] ?? -1) }
        continue
      }
      guard operations.function(of: entry.index) != "send",
        let begun = operations.invocationIndex(of: entry.index)
      else { continue }
      // Taken out and put back: a second owner would make a change copy it all.
      var ends = seen.updateValue([], forKey: entry.process) ?? []
      for access in history.accesses[entry.accesses] {
        guard let end = Self.end(history, access) else { continue }
        let place = Self.place(of: access.key, ends)
        if place < ends.count, ends[place].key == access.key {
          ends[place].offset = max(ends[place].offset, end)
        } else {
          ends.insert((access.key, end), at: place)
        }
      }
      // Of several keys with the same lag, the first that the history names.
      let time = Duration.nanoseconds(operations.time(of: begun))
      for (key, offset) in ends {
        let lag = Self.expiry(of: offset, steps[key]).map { max(.zero, time - $0) } ?? .zero
        guard worst.process == nil || lag > worst.lag else { continue }
        worst = Worst(time: time, lag: lag, process: entry.process, key: key, operation: entry.index)
      }
      seen[entry.process] = ends
    }
    self.worst = worst
  }

  /// The place of a key, or where it belongs.
  private static func place(of key: Int, _ ends: [(key: Int, offset: Int)]) -> Int {
    var (low, high) = (0, ends.count)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func steps(_ history: KafkaHistory) -> [[Step]] {
    var steps: [[Step]] = Array(repeating: [], count: history.keys.count)
    for entry in history.entries where entry.kind == .ok || entry.kind == .info {
      for access in history.accesses[entry.accesses] {
        guard let end = end(history, access), end > steps[access.key].last?.offset ?? -1 else { continue }
        let time = history.history.time(of: entry.index)
        steps[access.key].append(Step(offset: end, time: .nanoseconds(time)))
      }
    }
    return steps
  }

  /// The highest offset that an operation shows of a key; -1 for a poll that lists a key without messages, which has seen
  /// that there are none.
  private static func end(_ history: KafkaHistory, _ access: KafkaHistory.Access) -> Int? {
    var end: Int?
    for place in access.messages {
      guard let offset = history.offsets[place] else { continue }
      end = max(end ?? offset, offset)
    }
    return end ?? (access.isPoll ? -1 : nil)
  }

  /// When an offset was first known not to be the last.
  private static func expiry(of offset: Int, _ steps: [Step]) -> Duration? {
    var low = 0
    var high = steps.count
    while low < high {
      let middle = (low + high) / 2
      if steps[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    return low < steps.count ? steps[low].time : nil
  }
}
