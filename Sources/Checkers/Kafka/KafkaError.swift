import Glomers

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
