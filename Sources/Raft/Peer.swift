internal import Glomers

/// What a leader knows of another node (figure 3.1's nextIndex and matchIndex), and what is on its way there.
struct Peer<Machine: StateMachine>: Sendable {
  enum Mode: Sendable {
    /// Entries are sent as they come, without waiting for answers (§10.2.1).
    case replicate
    /// Where the logs agree is not known: empty messages ask, one at a time.
    case probe(isWaiting: Bool)
    /// The entries that it lacks are compacted. Apart, so that a peer is small.
    indirect case snapshot(Transfer)
  }

  /// A snapshot on its way.
  struct Transfer: Sendable {
    let header: SnapshotHeader
    let pieces: [Machine.Piece]
    /// How many the peer has.
    var taken = 0
    /// When a part was sent that was not answered; nil if it was.
    var waitingSince: Instant?
  }

  let node: NodeID
  var next: Int
  var match = 0
  var mode = Mode.replicate
  /// Messages with entries that were not answered: the last index of each, and its size in bytes.
  private(set) var flight: [(last: Int, bytes: Int)] = []
  private(set) var flightBytes = 0
  /// The commit index that it was told last.
  var toldCommit = 0
  /// An entry that came from this node was committed: its client waits there.
  var awaitsCommit = false
  /// The greatest round that it has answered, and the last in which it was sent something to answer.
  var round = 0
  var sentRound = 0
  var lastSent: Instant
  var lastHeard: Instant
  /// When the oldest message that was not answered was sent, or the last answer came.
  var lastProgress: Instant

  init(_ node: NodeID, after lastIndex: Int, at now: Instant) {
    self.node = node
    next = lastIndex + 1
    lastSent = now
    lastHeard = now
    lastProgress = now
  }

  /// Whether it is likely to answer sooner than another: nothing is on its way to it, or it answers later rounds.
  func answersSooner(than other: Peer) -> Bool {
    let (isFree, isOtherFree) = (
      isReplicating && sentRound <= round, other.isReplicating && other.sentRound <= other.round
    )
    return isFree == isOtherFree ? round > other.round : isFree
  }

  private var isReplicating: Bool { if case .replicate = mode { true } else { false } }

  /// Whether something that should have been answered has not been.
  var isWaiting: Bool {
    switch mode {
    case .replicate: !flight.isEmpty
    case .probe(let isWaiting): isWaiting
    case .snapshot(let transfer): transfer.waitingSince != nil
    }
  }

  /// Whether its client waits for a commit that it could be told of now: for entries that it has been sent.
  func wantsCommit(_ commit: Int) -> Bool { awaitsCommit && toldCommit < min(commit, next - 1) }

  mutating func sent(_ count: Int, bytes: Int, at now: Instant) {
    if flight.isEmpty { lastProgress = now }
    next += count
    flight.append((next - 1, bytes))
    flightBytes += bytes
  }

  /// Its log agrees up to an index.
  mutating func matched(_ index: Int, at now: Instant) {
    match = max(match, index)
    next = max(next, match + 1)
    lastProgress = now
    if case .probe = mode {
      mode = .replicate
      next = match + 1
    }
    var landed = 0
    while landed < flight.count, flight[landed].last <= match {
      flightBytes -= flight[landed].bytes
      landed += 1
    }
    flight.removeFirst(landed)
  }

  /// Asks anew where the logs agree: from an index on they may not.
  mutating func probe(from index: Int) {
    next = max(index, match + 1)
    flight = []
    flightBytes = 0
    mode = .probe(isWaiting: false)
  }
}
