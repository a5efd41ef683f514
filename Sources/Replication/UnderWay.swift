internal import Glomers

/// Entries that were sent to a peer and not yet acknowledged: those of one message, or of a few that the caller of a core
/// on demand has sent.
struct UnderWay: Sendable {
  /// The caller's own messages are counted apart up to this number, and then with the last.
  fileprivate static let carriedMax = 16

  let bytes: Int
  /// The last number of each stream.
  let ends: VersionVector
}

extension [UnderWay] {
  var bytes: Int { reduce(0) { $0 + $1.bytes } }

  /// Adds the entries of a message of the caller's own. To a peer that is probed, all under way counts as one message.
  mutating func carry(_ bytes: Int, ends: VersionVector, isProbing: Bool) {
    let isFull = count >= UnderWay.carriedMax || isProbing && !isEmpty
    guard isFull, let last = popLast() else { return append(UnderWay(bytes: bytes, ends: ends)) }
    var ends = ends
    ends.merge(last.ends)
    append(UnderWay(bytes: last.bytes + bytes, ends: ends))
  }
}

/// On demand: how a replica comes by what a peer was seen to hold and it lacks itself.
struct Pull: Sendable {
  enum State: Sendable {
    /// The gap was seen. A message that leaves anyway asks for it at once.
    case seen
    /// Another peer was asked for all of it.
    case comesFromAnother
    /// The peer was asked, or has sent a part.
    case isComing
  }

  var state: State
  /// When to ask; nil until that is reckoned.
  var due: Instant?

  /// Whether a message that leaves now asks for it.
  func mayAsk(_ pace: Pace, at now: Instant) -> Bool {
    guard let due else { return false }
    return due <= now || state == .seen && due <= now + pace.gapDelay
  }

  func isComing(at now: Instant) -> Bool {
    guard state == .isComing else { return false }
    return due.map { now < $0 } ?? true
  }
}
