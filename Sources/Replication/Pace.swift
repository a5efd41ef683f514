public import Glomers

/// When a replica speaks, when it speaks again, and how much it sends.
public struct Pace: Equatable, Sendable {
  /// The least time from one message to a peer to the next one that brings it news.
  public let period: Duration
  /// Whether the caller has messages of its own for news, and decides whom to ask
  /// (``Dissemination/say(to:repairing:asking:)``). Rounds then only join, answer, and repair.
  public let isOnDemand: Bool
  /// The time within which a peer must show that it holds what it was sent, and within which a gap must be filled before
  /// it is asked for.
  public var timeout: Duration
  /// On demand: the time within which a gap must be filled before it is asked for the first time.
  public var gapDelay: Duration
  /// The most bytes of entries in one message. Only an entry that is longer by itself makes a longer message.
  public let messageBytesMax: Int
  /// The most bytes of entries that are sent to a peer and not yet acknowledged.
  public let windowBytes: Int
  /// A mistake; nil in every node but a mutant.
  public let flaw: Flaw?

  public static let messageBytes = Option(
    "message-bytes", .integer(256 << 10, in: 1 << 10...4 << 20),
    "The most bytes of entries in one message to a peer: the fewer, the sooner other messages get through.")
  public static let window = Option(
    "window-bytes", .integer(1 << 20, in: 1 << 10...64 << 20),
    "The most bytes of entries that are under way to a peer, not yet acknowledged.")
  /// Which mistake a mutant makes. No node has this among its options, so no command line can set it.
  public static let mistake = Option("mistake", .text("", as: "NAME"), "What a mutant does wrong.")
  /// The options of every node that replicates.
  public static let options = [messageBytes, window]

  public init(
    period: Duration, timeout: Duration, messageBytesMax: Int = 256 << 10, windowBytes: Int = 1 << 20,
    isOnDemand: Bool = false, flaw: Flaw? = nil
  ) {
    self.period = period
    self.isOnDemand = isOnDemand
    self.timeout = timeout
    gapDelay = timeout
    self.messageBytesMax = messageBytesMax
    self.windowBytes = windowBytes
    self.flaw = flaw
  }

  public init(_ cluster: Cluster, period: Duration, timeout: Duration, isOnDemand: Bool = false) {
    self.init(
      period: period, timeout: timeout, messageBytesMax: cluster.integer(Self.messageBytes),
      windowBytes: cluster.integer(Self.window), isOnDemand: isOnDemand,
      flaw: Flaw(rawValue: cluster.text(Self.mistake)))
  }

  /// From a node's first question to a peer to the second: longer than a round trip in most networks.
  static let askInterval = Duration.milliseconds(250)

  /// How long a node that was started asks before it goes on without those peers that have not answered: longer than
  /// starting all nodes and a round trip take, and short beside the five seconds for which a client waits.
  static let recoveryTimeout = Duration.seconds(1)

  /// Nothing is repeated less often than this while a peer has been silent for less than eight times as long, so that
  /// replicas agree within seconds after a short partition.
  var backOffMax: Duration { max(timeout, .seconds(2)) }
}

/// How often a peer that does not answer was told again, and how long its answer was waited for all together. That is no
/// reading of a clock, so that a node that was stopped for an hour does not take its peers for silent so long.
public struct BackOff: Equatable, Sendable {
  /// Messages repeated since the last answer.
  public private(set) var count = 0
  private var waited = Duration.zero

  public init() {}

  /// The time until the next message: doubled each time up to ``Pace/backOffMax``, and to a peer that has been silent for
  /// long an eighth of that time, at most half a minute.
  ///
  /// - Parameter first: the time from the first message to the second.
  public func interval(_ first: Duration, _ pace: Pace) -> Duration {
    if pace.flaw == .neverBacksOff { return first }
    return max(min(pace.backOffMax, first * (1 << min(count, 16))), min(waited / 8, .seconds(30)))
  }

  /// Counts a message, and the wait for an answer to it, or to the message before it.
  public mutating func add(_ interval: Duration) {
    count += 1
    waited += interval
  }
}

/// Mistakes that the core once made, for mutants: so invariants and checkers are tested by what they must find out.
public enum Flaw: String, CaseIterable, Sendable {
  /// All that a peer lacks goes into one message.
  case sendsAllAtOnce = "sends-all-at-once"
  /// A node that was started assigns before its peers have told what they hold of it.
  case asksNobody = "asks-nobody"
  /// A peer that was started again is believed to hold what it held.
  case trustsTheDead = "trusts-the-dead"
  /// A node that was started again begins a new stream, though it could continue its last one.
  case beginsNewStreams = "begins-new-streams"
  /// Round trips of more than twice the budget are left out for ever.
  case ignoresLongRoundTrips = "ignores-long-round-trips"
  /// Each message of a peer puts off the repair of what it lacks, and the question for what is missing here.
  case putsOffRepairs = "puts-off-repairs"
  /// A client is told that its record is held as asked for when one node fewer holds it (kafka).
  case acknowledgesEarly = "acknowledges-early"
  /// A peer that does not answer is asked as often as one that does.
  case neverBacksOff = "never-backs-off"
}

/// What a node that was started must know before it adds entries.
public enum Recovery: Equatable, Sendable {
  /// What was added to its own earlier streams: enough where an entry has no meaning but its value. Peers that do not
  /// answer are waited for no longer than ``Pace/recoveryTimeout``.
  case ownStreams
  /// Everything that each answering peer held when it accepted this incarnation, where entries must come after what this
  /// node has once seen. `answers` peers must have accepted it at least, however long that takes; only if nobody who
  /// answers holds anything, as at a first start, are `answersIfFresh` enough after ``Pace/recoveryTimeout``.
  case everything(answers: Int, answersIfFresh: Int)
}

/// A message that is due to a peer.
public struct Push: Equatable, Sendable {
  /// Which entries may go along.
  public enum Scope: Equatable, Sendable {
    case nothing
    /// News: those of one stream of the sender's own.
    case stream(Incarnation)
    /// A repair: those of every stream.
    case all
  }

  public let peer: NodeID
  /// What the peer has said that it holds.
  public let known: VersionVector
  /// What the peer holds or has been sent: entries beyond this are to go along.
  public let since: VersionVector
  public let scope: Scope
  /// The most bytes of entries.
  public let bytesMax: Int
  let incarnation: Incarnation
  let wantsAnswer: Bool
  let challenge: Int?
  let echo: Int?

  /// Whether entries of a stream may go along.
  public func includes(_ stream: Incarnation) -> Bool {
    switch scope {
    case .nothing: false
    case .stream(let own): stream == own
    case .all: true
    }
  }

  func advertisement(of version: VersionVector, isPartial: Bool) -> Advertisement {
    Advertisement(
      incarnation, version: version, wantsAnswer: wantsAnswer, isPartial: isPartial, challenge: challenge,
      echo: echo)
  }
}
