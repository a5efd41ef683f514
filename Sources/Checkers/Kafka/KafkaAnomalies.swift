import Glomers
import History

/// Jepsen's errors in words, each with the operations that show it.
struct KafkaAnomalies {
  let history: KafkaHistory

  func of(_ errors: [KafkaError]) -> [Anomaly] { errors.map { anomaly($0) } }

  private func anomaly(_ error: KafkaError) -> Anomaly {
    let key = EDN(history.keys[error.key].name).shown
    let (name, words) = describe(error)
    return Anomaly(
      name, "key \(key): \(words)", operations: error.operations,
      node: history.history[error.operations.last!].node, severity: error.kind.isAllowed ? .warning : .invalid
    )
  }

  private func describe(_ error: KafkaError) -> (name: String, words: String) {
    let values = error.values.prefix(8).map { EDN(history.value(error.key, $0)).shown }
    let list = values.joined(separator: ", ") + (error.values.count > 8 ? ", …" : "")
    let offsets = error.offsets.map(String.init).joined(separator: ", ")
    return switch error.kind {
    case .inconsistentOffsets:
      ("inconsistent-offset", "offset \(offsets) is that of several messages: \(list)")
    case .duplicate: ("duplicate-message", "message \(list) is at several offsets: \(offsets)")
    case .lostWrite:
      (
        "lost-write",
        "message \(values[0]) at offset \(offsets) was never seen, though a later one, \(values[1]), was"
      )
    case .abortedRead: ("aborted-read", "message \(list) was shown, though its send has failed")
    case .futureRead: ("future-read", "message \(list) was shown before it was sent")
    case .precommittedRead: ("precommitted-read", "message \(list) was shown to the transaction that sent it")
    case .innerPollSkip: ("poll-skip", "one poll leaves out \(list)")
    case .pollSkip: ("poll-skip", "between two polls of a process \(list) was left out")
    case .innerNonmonotonicPoll: ("nonmonotonic-poll", "one poll shows \(list) in the wrong order")
    case .nonmonotonicPoll: ("nonmonotonic-poll", "a poll goes back from \(values[0]) to \(values[1])")
    case .innerSendSkip: ("send-skip", "between the sends of one transaction lies \(list)")
    case .innerNonmonotonicSend: ("nonmonotonic-send", "one transaction sends \(list), with falling offsets")
    case .nonmonotonicSend: ("nonmonotonic-send", "a process sends \(list), with falling offsets")
    }
  }
}

/// Messages that were shown though nobody has ever sent them. Jepsen's checker can't judge such a history at all.
struct KafkaStrangers {
  let history: KafkaHistory

  var anomalies: [Anomaly] {
    let sent = sentByInvocations
    return history.keys.indices.flatMap { key in
      let data = history.keys[key]
      return data.values.indices.compactMap { (value) -> Anomaly? in
        guard data.readers[value] >= 0, data.writers[value] < 0 else { return nil }
        guard !(sent[data.name]?.contains(data.values[value]) ?? false) else { return nil }
        return Anomaly(
          "phantom-message",
          "key \(EDN(data.name).shown): message \(EDN(data.values[value]).shown) was shown, and never sent",
          operations: [data.readers[value]], node: history.history[data.readers[value]].node)
      }
    }
  }

  /// Of sends that were still under way when the history ends.
  private var sentByInvocations: [JSON: Set<JSON>] {
    var sent: [JSON: Set<JSON>] = [:]
    let history = self.history.history
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) == .invoke {
      guard history.completionIndex(of: index) == nil, history.function(of: index) != "poll" else { continue }
      for micro in history.value(of: index).array ?? [] {
        guard let parts = micro.array, parts.count == 3, parts[0] == "send" else { continue }
        let key = parts[1].integer.map { .string(String($0)) } ?? parts[1]
        sent[key, default: []].insert(parts[2])
      }
    }
    return sent
  }
}

/// Something that a log must not show, under Jepsen's name for it.
struct KafkaError: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    /// An offset with several messages.
    case inconsistentOffsets = "inconsistent-offsets"
    /// A message at several offsets.
    case duplicate
    /// A message that was acknowledged, and that nobody saw, though somebody saw a later one.
    case lostWrite = "lost-write"
    /// A message that was shown, though its send has certainly failed (Adya's G1a).
    case abortedRead = "G1a"
    /// A message that was shown before its send had begun: a cycle of a dependency and of time.
    case futureRead = "G1c-realtime"
    /// A transaction that saw its own sends.
    case precommittedRead = "precommitted-read"
    /// Within one poll: messages left out, or in the wrong order.
    case innerPollSkip = "int-poll-skip"
    case innerNonmonotonicPoll = "int-nonmonotonic-poll"
    /// Within one transaction: other messages in between, or offsets that do not rise.
    case innerSendSkip = "int-send-skip"
    case innerNonmonotonicSend = "int-nonmonotonic-send"
    /// From one poll of a process to the next: messages left out, or seen before.
    case pollSkip = "poll-skip"
    case nonmonotonicPoll = "nonmonotonic-poll"
    /// From one send of a process to the next: offsets that do not rise.
    case nonmonotonicSend = "nonmonotonic-send"

    /// With transactions, sends of others come in between all the time.
    var isAllowed: Bool { self == .innerSendSkip }
  }

  let kind: Kind
  let key: Int
  /// Numbers of values of the key: those that it is about.
  let values: [Int]
  /// The fewest operations that show it: ends of operations.
  let operations: [Int]
  var offsets: [Int] = []
  /// For errors of order: how many places lie from one value to the next.
  var distance: Int?
}
