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
    var worst = Worst()
    // By process, what it is assigned, and the highest offset it has seen there.
    var seen: [Operation.Process: [Int: Int]] = [:]
    for entry in history.entries where entry.kind == .ok {
      if let assigned = entry.assigned {
        let kept = seen[entry.process] ?? [:]
        seen[entry.process] = Dictionary(assigned.map { ($0, kept[$0] ?? -1) }) { first, _ in first }
        continue
      }
      let operation = history.history[entry.index]
      guard operation.function != "send", let begun = history.history.invocation(of: entry.index) else {
        continue
      }
      for (key, end) in Self.ends(history, entry) {
        seen[entry.process, default: [:]][key, default: end].raise(to: end)
      }
      // Of several keys with the same lag, the first that the history names.
      for (key, offset) in (seen[entry.process] ?? [:]).sorted(by: { $0.key < $1.key }) {
        let lag = Self.expiry(of: offset, steps[key]).map { max(.zero, begun.time - $0) } ?? .zero
        guard worst.process == nil || lag > worst.lag else { continue }
        worst = Worst(time: begun.time, lag: lag, process: entry.process, key: key, operation: entry.index)
      }
    }
    self.worst = worst
  }

  private static func steps(_ history: KafkaHistory) -> [[Step]] {
    var steps: [[Step]] = Array(repeating: [], count: history.keys.count)
    for entry in history.entries where entry.kind == .ok || entry.kind == .info {
      for (key, end) in ends(history, entry) where end > steps[key].last?.offset ?? -1 {
        steps[key].append(Step(offset: end, time: history.history[entry.index].time))
      }
    }
    return steps
  }

  /// The highest offsets that an operation shows, by key.
  private static func ends(_ history: KafkaHistory, _ entry: KafkaHistory.Entry) -> [(key: Int, offset: Int)]
  {
    history.accesses[entry.accesses].compactMap { access in
      let end = history.offsets[access.messages].lazy.compactMap { $0 }.max()
      // A poll that lists a key without messages has seen that there are none.
      return end.map { (access.key, $0) } ?? (access.isPoll ? (access.key, -1) : nil)
    }
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

extension Int {
  fileprivate mutating func raise(to other: Int) { self = Swift.max(self, other) }
}
