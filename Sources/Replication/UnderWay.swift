internal import Glomers

/// Entries that were sent to a peer and not yet acknowledged: those of one message, or of a few that the caller of a core
/// on demand has sent.
struct UnderWay: Sendable {
  /// The caller's own messages are counted apart up to this number, and then with the last.
  fileprivate static let carriedMax = 16

  let bytes: Int
  /// The last number of each stream.
  let ends: VersionVector
  /// Whether it is longer than a message may be, and not because of a single entry.
  let isOverlong: Bool

  init(bytes: Int, ends: VersionVector, isOverlong: Bool = false) {
    (self.bytes, self.ends, self.isOverlong) = (bytes, ends, isOverlong)
  }

  /// Entries of so many bytes that follow `sent` in their streams.
  init(bytes: Int, ends: VersionVector, after sent: VersionVector, _ pace: Pace) {
    var isOverlong = false
    if bytes > pace.messageBytesMax {
      isOverlong = ends.sorted.reduce(0) { $0 + max(0, $1.count - sent[$1.origin]) } > 1
    }
    self.init(bytes: bytes, ends: ends, isOverlong: isOverlong)
  }
}

extension [UnderWay] {
  var bytes: Int { reduce(0) { $0 + $1.bytes } }

  /// The bytes of a message that is longer than it may be; nil if there is none.
  var overlong: Int? { isEmpty ? nil : first(where: \.isOverlong)?.bytes }

  /// Adds the entries of a message of the caller's own. To a peer that is probed, all under way counts as one message.
  mutating func carry(_ message: UnderWay, isProbing: Bool) {
    let isFull = count >= UnderWay.carriedMax || isProbing && !isEmpty
    guard isFull, let last = popLast() else { return append(message) }
    var ends = message.ends
    ends.merge(last.ends)
    append(
      UnderWay(
        bytes: last.bytes + message.bytes, ends: ends, isOverlong: last.isOverlong || message.isOverlong))
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

extension PeerProgress {
  /// Whether a push now asks for what this node lacks.
  func mayPull(_ pace: Pace, at now: Instant) -> Bool { pull?.mayAsk(pace, at: now) ?? false }

  /// Whether what the peer holds beyond this node is on its way.
  func isPulling(at now: Instant) -> Bool { pull?.isComing(at: now) ?? false }
}
