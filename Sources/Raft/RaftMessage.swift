public import Glomers
public import Wire

/// What nodes of a Raft cluster say to each other: figure 3.1's two calls and their answers, snapshots (figure 5.3),
/// leadership transfer (§3.10), and requests on their way to the leader (§6.2, §6.4). None is an answer to a call of the
/// host: any may be lost, copied or overtaken.
public enum RaftMessage<Machine: StateMachine>: Equatable, Sendable {
  case requestVote(RequestVote)
  case vote(Vote)
  case append(Append<Machine.Message>)
  case appended(Appended)
  /// A client waits at the receiver for what it has by now been sent: it is committed. Not answered.
  case committed(Committed)
  indirect case snapshot(SnapshotPart<Machine>)
  case snapshotTaken(SnapshotTaken)
  /// The receiver is to become the leader at once (§3.10).
  case timeoutNow(term: Int)
  /// Commands that clients have given the sender. The second of each pair is its number.
  case forward(life: Int, [Forwarded<Machine.Message>])
  /// Asks for an index at which the sender may answer the queries that it has got so far. `batch` names them, and `term` is
  /// the sender's: if it is not later than the leader's, the sender itself confirms that the leader still is one.
  case readIndex(life: Int, batch: Int, term: Int)
  case readAt(ReadAt)
  /// A client wants a node to become a member, or to cease to be one.
  case change(MembershipChange)

  /// The term that figure 3.1's rules look at; nil for what any node may say at any time.
  var term: Int? {
    switch self {
    case .requestVote(let request): request.term
    case .vote(let vote): vote.term
    case .append(let append): append.term
    case .appended(let appended): appended.term
    case .committed(let committed): committed.term
    case .snapshot(let part): part.term
    case .snapshotTaken(let taken): taken.term
    case .timeoutNow(let term): term
    case .readAt(let read): read.term
    case .forward, .readIndex, .change: nil
    }
  }
}

public struct RequestVote: Equatable, Sendable {
  public enum Kind: String, Sendable {
    /// Whether the receiver would vote (PreVote, §9.6): nothing changes yet.
    case pre
    case real
    /// The leader itself wants this election: it is no disruption (§4.2.3).
    case transfer
  }

  /// The term of the election.
  public let term: Int
  public let lastIndex: Int
  public let lastTerm: Int
  public let kind: Kind
}

public struct Vote: Equatable, Sendable {
  /// Of a vote that is given, the election's; of one that is refused, the receiver's.
  public let term: Int
  public let isGranted: Bool
  public let isPre: Bool
}

/// Entries, or none: then it is a heartbeat.
public struct Append<Command: WireMessage>: Equatable, Sendable {
  public let term: Int
  public let previousIndex: Int
  public let previousTerm: Int
  public let entries: [Entry<Command>]
  public let commit: Int
  /// The leader's round of messages (``Raft/round``). An answer to it tells that the leader still was one when it began.
  public let round: Int
  /// The election timeout that the leader has derived from its round trips, in milliseconds.
  public let timeoutMilliseconds: Int
}

public struct Appended: Equatable, Sendable {
  public let term: Int
  /// The receiver's log is the leader's up to here. If it was refused: a guess at where they might agree.
  public let index: Int
  /// What was refused: the index before its entries; nil if it was taken.
  public let refused: Int?
  public let round: Int
}

/// What is committed: the log up to an entry, told by its term (log matching, §3.5).
public struct Committed: Equatable, Sendable {
  public let term: Int
  public let index: Int
  public let indexTerm: Int
}

/// What a snapshot covers.
public struct SnapshotHeader: Equatable, Sendable {
  public let index: Int
  public let term: Int
  public let configuration: Configuration
  public let sessions: Sessions
}

/// Some pieces of a snapshot (figure 5.3's chunk).
public struct SnapshotPart<Machine: StateMachine>: Equatable, Sendable {
  public let term: Int
  public let header: SnapshotHeader
  /// How many pieces come before these.
  public let offset: Int
  public let pieces: [Machine.Piece]
  public let isLast: Bool
  public let round: Int
}

public struct SnapshotTaken: Equatable, Sendable {
  public let term: Int
  public let index: Int
  /// How many pieces the receiver has; nil once it has installed all.
  public let count: Int?
  public let round: Int
}

public struct Forwarded<Command: WireMessage>: Equatable, Sendable {
  public let number: Int
  public let command: Command

  public init(number: Int, _ command: Command) {
    self.number = number
    self.command = command
  }
}

public struct ReadAt: Equatable, Sendable {
  public let term: Int
  public let life: Int
  public let batch: Int
  /// The queries may be answered once this has been applied.
  public let index: Int
  /// Up to here the receiver's log is committed.
  public let commit: Int
}

public struct MembershipChange: Hashable, Sendable {
  public let node: NodeID
  public let isMember: Bool

  public init(_ node: NodeID, isMember: Bool) {
    self.node = node
    self.isMember = isMember
  }
}
