public import Glomers
public import Wire

/// What is replicated: a deterministic state machine (Schneider: *Implementing fault-tolerant services using the state
/// machine approach*, 1990). The same commands in the same order lead to the same state and the same answers at every node.
public protocol StateMachine: Sendable {
  /// What clients say to it, its answers included.
  associatedtype Message: WireMessage
  /// A part of a snapshot, small enough to be sent in one message.
  associatedtype Piece: StorableRecord

  init()

  /// What a client's message asks for.
  static func purpose(of message: Message) -> Purpose

  /// Carries out a command. An error leaves the state as it was.
  mutating func apply(_ command: Message) -> Outcome<Message>

  /// The same where nobody waits for the outcome, as at all nodes but one.
  mutating func replay(_ command: Message)

  /// Answers a query from the state as it is.
  func answer(_ query: Message) -> Outcome<Message>

  /// An upper bound of a command's length on the wire, in bytes.
  static func encodedBytes(of command: Message) -> Int

  /// The whole state, in pieces. Their order matters no more than that ``restore(_:)`` is given them in it.
  var pieces: [Piece] { get }

  /// Adds a piece of a snapshot to a state that began as the first one.
  mutating func restore(_ piece: Piece)

  /// An upper bound of a piece's length on the wire, in bytes.
  static func encodedBytes(of piece: Piece) -> Int

  /// Settings that its node takes from the command line beside the core's.
  static var options: [Option] { get }

  /// A mistake to make, so that the checkers can be shown to find it: see `make mutants`. Nil in every node that is shipped.
  static var flaw: Flaw? { get }
}

extension StateMachine {
  public mutating func replay(_ command: Message) { _ = apply(command) }
  public static var options: [Option] { [] }
  public static var flaw: Flaw? { nil }
}

/// What a client's message asks of a state machine.
public enum Purpose: Equatable, Sendable {
  /// A change of the state, to be ordered among all others.
  case command
  /// A question, which leaves the state as it is.
  case query
  case refused(RPCError)
}

/// Mistakes that a Raft core could make.
public enum Flaw: String, CaseIterable, Sendable {
  /// A new configuration counts only once it is committed: votes and acknowledgements are counted in the old one.
  case countsInOldConfiguration = "counts-in-old-configuration"
  /// An entry of an older term is committed by counting the nodes that hold it (§3.6.2, figure 3.8).
  case commitsOlderTerms = "commits-older-terms"
  /// A vote is given before it is stored.
  case forgetsVotes = "forgets-votes"
  /// A snapshot says nothing of the configuration.
  case forgetsConfiguration = "forgets-configuration"
  /// A leader answers reads without asking whether it still is one.
  case readsWithoutAsking = "reads-without-asking"
  /// A leader that was removed goes on as one.
  case goesOnRemoved = "goes-on-removed"
  /// A node that was restarted applies the entries that its snapshot covers once more.
  case appliesTwice = "applies-twice"
  /// A request that is passed on again is carried out again.
  case carriesOutCopies = "carries-out-copies"
}
