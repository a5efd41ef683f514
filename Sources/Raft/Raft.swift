public import Glomers

/// Raft (Ongaro: *Consensus: bridging theory and practice*, Stanford 2014), as a pure value: methods take the time and
/// messages, and leave actions to be taken out with ``drain(into:)``. Paragraph signs in comments are the dissertation's.
///
/// 1. A follower that hears no leader for an election timeout asks whether it would be elected (PreVote, §9.6), and then
///    to be elected (§3.4). A leader that hears no majority for as long gives up (§6.2).
/// 2. A leader puts commands into its log and sends them on without waiting for answers (§3.5, §10.2.1). What a majority
///    holds, with an entry of the leader's own term at its end, is committed (§3.6.2).
/// 3. Every node applies committed entries in order, each call once (§6.3): `Sessions.swift`.
/// 4. A query is answered once its node has applied what was committed when the query came, and a majority has answered
///    the leader since (ReadIndex, §6.4). No clock is trusted.
/// 5. Entries that are applied are compacted: the state machine stands for them (chapter 5).
/// 6. One member at a time is added or removed, and only after the leader's term has committed an entry (§4.1, and the
///    correction of 2015): `RaftMembership.swift`.
///
/// The caller stores what `.persist` says before it carries out anything of the same event or a later one. So a leader
/// may count itself at once: nobody hears of it before its own log is stored.
public struct Raft<Machine: StateMachine>: Sendable {
  public typealias Message = RaftMessage<Machine>

  public enum Role: Equatable, Sendable {
    case follower, preCandidate, candidate, leader
  }

  public enum Action: Equatable, Sendable {
    case send(Message, to: NodeID)
    case persist(RaftRecord<Machine>)
    /// A command of this node's clients was carried out.
    case applied(CommandID, Outcome<Machine.Message>)
    /// The log had a command of this node's clients that has been carried out already, or is too old to be told from one
    /// that has.
    case skipped(CommandID)
    /// The queries of a batch of this node may be answered.
    case mayRead(batch: Int)
    /// A snapshot took the place of entries: which of this node's commands they had is not known.
    case restored
    /// A configuration is committed.
    case changed(Configuration)
  }

  /// What grows, and how far.
  public struct Limits: Sendable {
    /// A message has no more bytes of entries, or of pieces of a snapshot, unless a single one has.
    public var messageBytes = 256 << 10
    /// So many bytes of entries may be on their way to a node, and a message more.
    public var flightBytes = 1 << 20
    /// So many bytes may wait to be committed; a leader takes no commands beyond it.
    public var uncommittedBytes = 16 << 20
    /// So many bytes of entries that are applied are kept in memory, for nodes that are behind: between half of it and
    /// all, and four times as many while a snapshot is on its way.
    public var tailBytes = 2 << 20
  }

  public let me: NodeID
  public var limits = Limits()

  // MARK: Stored (figure 3.1: persistent state)

  /// Which start of this node this is: from 1.
  public internal(set) var life = 0
  public internal(set) var term = 0
  var votedFor: NodeID?
  var log: RaftLog<Machine>

  // MARK: Not stored (figure 3.1: volatile state)

  public internal(set) var commit = 0
  public internal(set) var applied = 0
  public internal(set) var machine = Machine()
  var sessions = Sessions()
  public internal(set) var role = Role.follower
  /// Nil while none is known.
  public internal(set) var leader: NodeID?
  /// A snapshot that is being received.
  var receipt: (header: SnapshotHeader, pieces: [Machine.Piece])?

  // MARK: Elections

  var timing: Timing
  /// Who has given the vote that this candidate asks for.
  var votes: Set<NodeID> = []
  var askedAt = Instant.zero
  /// Attempts since the last leader.
  var failedAttempts = 0
  var electionDeadline: Instant
  /// When the leader was heard last.
  var leaderHeard = Instant.zero
  var isVoteDirty = false

  // MARK: A leader's (figure 3.1: volatile state on leaders)

  var peers: [Peer<Machine>] = []
  /// The first entry of the leader's term.
  var termStart = 0
  /// Counts the times at which messages were sent. Messages carry it, and answers to them.
  var round = 0
  /// The round whose first answer tells the round trip.
  var sample: (round: Int, at: Instant)?
  var reads = ReadQueue()
  var beatDeadline = Instant.zero
  var quorumDeadline = Instant.zero
  var transferring: (to: NodeID, deadline: Instant)?
  var removedAt: [NodeID: Instant] = [:]

  let initial: Configuration
  /// The nodes of the cluster that the records are of, in order; empty where they don't tell.
  var recordedCluster: [NodeID] = []
  /// The nodes of the cluster that the records are of, if it is another one than this.
  public internal(set) var otherCluster: [NodeID]?
  var now: Instant
  var random: Random
  private var actions: [Action] = []
  /// The log up to here has been given to be stored: a leader's own entries are, many at a time.
  private var handedOver = 0

  /// Starts a node.
  ///
  /// - Parameters:
  ///   - configuration: of a cluster that is new.
  ///   - records: what earlier lives persisted, oldest first.
  ///   - electionTimeout: the least one; nil to derive it from round trips.
  public init(
    me: NodeID, configuration: Configuration, recovering records: [RaftRecord<Machine>] = [],
    electionTimeout: Duration? = nil, random: Random, at now: Instant
  ) {
    self.me = me
    self.random = random
    self.now = now
    initial = configuration
    log = RaftLog(configuration)
    timing = Timing(fixed: electionTimeout)
    electionDeadline = now
    recover(records)
    markHandedOver()
    life += 1
    settleCluster()
    persist(.life(life, cluster: recordedCluster))
    electionDeadline = now + draw(timing.timeout)
    // In a new cluster somebody has to be the first to ask: rather one than all.
    if term == 0, configuration.voters.first == me { electionDeadline = now + timing.timeout / 8 }
    if log.configuration.voters == [me] { electionDeadline = now }
  }

  // MARK: Events

  /// Takes a message of another node of the cluster. Messages are handled without regard to who is a member (§4.1): a node
  /// may not have heard of a configuration yet.
  public mutating func receive(_ message: Message, from peer: NodeID, at now: Instant) {
    self.now = now
    defer { storeVote() }
    if let term = message.term, !admits(message, of: term, from: peer) { return }
    switch message {
    case .append(let append): take(append, from: peer)
    case .appended(let appended): take(appended, from: peer)
    case .committed(let committed): take(committed, from: peer)
    case .requestVote(let request): take(request, from: peer)
    case .vote(let vote): take(vote, from: peer)
    case .snapshot(let part): take(part, from: peer)
    case .snapshotTaken(let taken): take(taken, from: peer)
    case .timeoutNow: if mayLead { campaign(.transfer) }
    case .forward(let life, let commands):
      remind(peer)
      for forwarded in commands {
        _ = propose(
          forwarded.command, as: CommandID(origin: peer, life: life, number: forwarded.number), at: now)
      }
    case .readIndex(let life, let batch, let term):
      remind(peer)
      _ = read(batch, life: life, of: peer, askedIn: term, at: now)
    case .readAt(let read):
      guard read.life == life, peer == leader else { break }
      commit(upTo: min(read.commit, log.lastIndex))
      reads.mayRead(read.batch, at: read.index)
    case .change(let change): _ = self.change(change, at: now)
    }
    releaseReads()
  }

  /// Does what is due.
  public mutating func advance(to now: Instant) {
    self.now = now
    defer { storeVote() }
    if role == .leader {
      if now >= beatDeadline { beat() }
    } else if now >= electionDeadline {
      campaign(.pre)
    }
  }

  /// When ``advance(to:)`` is next needed; nil for a node that waits to be spoken to.
  public var deadline: Instant? {
    if role == .leader { return beatDeadline }
    return mayLead ? electionDeadline : nil
  }

  /// Takes out what is to be done, in order, in exchange for memory to use again: a list that is empty.
  public mutating func drain(into list: inout [Action]) {
    precondition(list.isEmpty, "what was to be done would be lost")
    persistAdded()
    swap(&list, &actions)
  }

  /// After that long, what was sent to a leader and not answered may have got lost.
  public var answerTimeout: Duration { max(timing.timeout / 2, timing.answerMax * 3) }

  public var hasActions: Bool { !actions.isEmpty || handedOver < log.lastIndex }

  /// In force, committed or not.
  public var configuration: Configuration { log.configuration }

  mutating func send(_ message: Message, to node: NodeID) { actions.append(.send(message, to: node)) }
  mutating func persist(_ record: RaftRecord<Machine>) { actions.append(.persist(record)) }

  /// Has what the leader has added to its log stored, many entries in one record.
  mutating func persistAdded() {
    while handedOver < log.lastIndex {
      let count = log.count(after: handedOver, bytesMax: limits.messageBytes)
      persist(.entries(after: handedOver, log.entries(after: handedOver, count: count)))
      handedOver += count
    }
  }

  /// The log was changed, and that is stored by a record of its own.
  mutating func markHandedOver() { handedOver = log.lastIndex }

  mutating func act(_ action: Action) { actions.append(action) }

  // MARK: Terms (§3.3)

  /// One message raises a node's term by no more than this. Terms are below 2^53 in messages, and one that comes close would
  /// leave the cluster no terms for its elections.
  static var termLeapMax: Int { 1 << 32 }

  /// Figure 3.1's rules for all servers: a newer term makes a follower, and an older one is told so. False for a message
  /// of which no more is to be made.
  private mutating func admits(_ message: Message, of term: Int, from peer: NodeID) -> Bool {
    if term > self.term + Self.termLeapMax {
      // Nobody of this cluster says that, or this node is far behind: then it gets there in steps.
      switch message {
      case .requestVote(let request) where request.kind == .pre || request.kind == .real && hasLeader: break
      default: follow(nil, in: self.term + Self.termLeapMax)
      }
      return false
    }
    if term > self.term {
      if case .requestVote = message, peer == leader {
        // It leads no more: none asks for votes in its own term. To wait for it longer would keep it from leading again.
        leader = nil
        electionDeadline = min(electionDeadline, now + draw(timing.attempt))
      }
      switch message {
      // Of an election that may never be.
      case .requestVote(let request) where request.kind == .pre: return true
      case .vote(let vote) where vote.isPre && vote.isGranted: return true
      // A node that was removed, or had been cut off, does not disturb (§4.2.3).
      case .requestVote(let request) where request.kind == .real && hasLeader: return false
      default: follow(nil, in: term)
      }
    } else if term < self.term {
      switch message {
      case .append(let append):
        let refused = Appended(
          term: self.term, index: 0, refused: append.previousIndex, round: append.round)
        send(.appended(refused), to: peer)
      case .snapshot(let part):
        send(.appended(Appended(term: self.term, index: 0, refused: 0, round: part.round)), to: peer)
      case .requestVote(let request):
        send(.vote(Vote(term: self.term, isGranted: false, isPre: request.kind == .pre)), to: peer)
      default: break
      }
      return false
    }
    return true
  }

  /// Becomes, or stays, a follower.
  mutating func follow(_ leader: NodeID?, in term: Int) {
    if term > self.term {
      self.term = term
      votedFor = nil
      isVoteDirty = true
    }
    if role == .leader {
      peers = []
      reads.forgetOthers()
      transferring = nil
      removedAt = [:]
    }
    role = .follower
    self.leader = leader
    if leader != nil {
      leaderHeard = now
      failedAttempts = 0
    }
    // Where no leader is known, none is waited for: it may take this node's log to elect one.
    electionDeadline = now + draw(leader == nil ? timing.attempt : timing.timeout)
  }

  /// One record for a turn in which a term has begun and a vote was given.
  private mutating func storeVote() {
    guard isVoteDirty else { return }
    isVoteDirty = false
    persist(.vote(term: term, candidate: Machine.flaw == .forgetsVotes ? nil : votedFor))
  }

  // MARK: Elections (§3.4, §3.6.1, §9.6)

  /// Whether a leader was heard lately: then no other is wanted.
  var hasLeader: Bool { role == .leader || leader != nil && now - leaderHeard < timing.timeout }

  /// Whether this node is a voter, or was one before a configuration that may yet be overwritten: nobody else may have the
  /// log that it takes to commit it (§4.2.2).
  private var mayLead: Bool {
    log.configuration.voters.contains(me)
      || log.configurationIndex > commit && log.configuration(at: commit).voters.contains(me)
  }

  private mutating func campaign(_ kind: RequestVote.Kind) {
    // After a snapshot or a removal that came with the timer set.
    guard mayLead else { return electionDeadline = now + draw(timing.timeout) }
    leader = nil
    if kind == .pre {
      // Votes for the same election go on counting.
      if role == .preCandidate { failedAttempts += 1 } else { votes = [me] }
      role = .preCandidate
    } else {
      // A majority answers: what comes next is not put off by that none did before.
      failedAttempts = 0
      role = .candidate
      term += 1
      votedFor = me
      isVoteDirty = true
      votes = [me]
    }
    askedAt = now
    electionDeadline = now + draw(timing.attempt(after: failedAttempts))
    let request = RequestVote(
      term: kind == .pre ? term + 1 : term, lastIndex: log.lastIndex, lastTerm: log.lastTerm, kind: kind)
    for voter in log.configuration.voters where voter != me { send(.requestVote(request), to: voter) }
    countVotes()
  }

  private mutating func countVotes() {
    guard counting.isMajority(where: votes.contains) else { return }
    if role == .preCandidate { campaign(.real) } else { lead() }
  }

  /// The configuration in which votes and acknowledgements count.
  var counting: Configuration {
    Machine.flaw == .countsInOldConfiguration ? log.configuration(at: commit) : log.configuration
  }

  private mutating func take(_ request: RequestVote, from peer: NodeID) {
    remind(peer)
    let isUpToDate = (request.lastTerm, request.lastIndex) >= (log.lastTerm, log.lastIndex)
    if !isUpToDate, !hasLeader {
      // A leader is wanted, and that node can't be one where this node's vote is needed: this one asks soon.
      electionDeadline = min(electionDeadline, now + draw(timing.attempt))
    }
    if request.kind == .pre {
      let isGranted = request.term > term && isUpToDate && !hasLeader
      send(.vote(Vote(term: isGranted ? request.term : term, isGranted: isGranted, isPre: true)), to: peer)
      return
    }
    let isGranted = isUpToDate && (votedFor == nil || votedFor == peer)
    if isGranted, votedFor == nil {
      votedFor = peer
      isVoteDirty = true
      electionDeadline = now + draw(timing.timeout)
    }
    send(.vote(Vote(term: term, isGranted: isGranted, isPre: false)), to: peer)
  }

  private mutating func take(_ vote: Vote, from peer: NodeID) {
    guard vote.isGranted, role == (vote.isPre ? .preCandidate : .candidate),
      vote.term == (vote.isPre ? term + 1 : term)
    else { return }
    timing.measured(now - askedAt)
    votes.insert(peer)
    countVotes()
  }

  private mutating func lead() {
    role = .leader
    leader = me
    failedAttempts = 0
    peers = log.configuration.members.filter { $0 != me }.map { Peer($0, after: log.lastIndex, at: now) }
    sample = nil
    timing.leads()
    beatDeadline = now + timing.heartbeat
    quorumDeadline = now + timing.timeout
    termStart = log.lastIndex + 1
    add(.nothing)
  }

  /// From a duration to twice as long.
  private mutating func draw(_ least: Duration) -> Duration {
    .nanoseconds(least.nanoseconds + Int64.random(in: 0..<max(1, least.nanoseconds), using: &random))
  }
}
