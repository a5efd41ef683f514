public import Glomers
public import Raft
public import Wire

/// A replicated state machine as a node: any node takes any request, and answers it itself.
///
/// A command gets a number, and goes to the leader, again and again until this node has applied it: the log may have it
/// twice, and its number lets the state machine carry it out once (`Sessions.swift` in Raft). The node answers from its
/// own replica, so it needs no answer from the leader. A query goes nowhere: the leader names an index, and this node
/// answers once it has applied so much.
///
/// A command that was never passed on certainly did not happen: error 11. One that was, and was not seen to be applied in
/// time, may happen yet: error 0. What a snapshot may have covered: error 13. A node that is no member refuses: error 40.
///
/// With a data directory, nothing acknowledged is lost by kills. Without one, a node that is killed forgets its votes and
/// its log, so it must not be started again: there could be two leaders.
public struct RaftNode<Machine: StateMachine>: Node where Machine.Message: Sendable {
  public typealias Message = RaftNodeMessage<Machine>
  public typealias Record = RaftRecord<Machine>

  public enum Timer: Hashable, Sendable {
    /// What has gathered at this instant is to be sent.
    case flush
    case tick
  }

  /// Figure 3.2's properties.
  public struct Invariants: ClusterInvariants {
    private var core = RaftInvariants<Machine>()

    public init() {}

    public mutating func look(at node: RaftNode, isStored: Bool, keepsRecords: Bool) -> Breach? {
      core.look(at: node.raft, isStored: isStored).map { Breach($0.property.rawValue, $0.detail) }
    }
  }

  public static var electionTimeout: Option {
    Option(
      "election-timeout", .limit(nil, in: .milliseconds(10) ... .seconds(60)),
      "How long a leader may be silent, at least, before another is elected; never: derived from round trips."
    )
  }
  public static var options: [Option] { [electionTimeout] + Machine.options }
  /// The records of a node have the machine's name, whatever this type is called.
  public static var kind: String { String(describing: Machine.self) }

  public private(set) var raft: Raft<Machine>
  private let nodes: [NodeID]
  private let me: NodeID
  private var requests = PendingRequests<Machine>()
  private var changes: [(request: Request, change: MembershipChange, sentAt: Instant)] = []
  private static var changesMax: Int { 16 }
  /// Whose the data directory is, if it is another cluster's.
  private var objection: RPCError?
  private var isFlushSet = false
  /// Empty between events.
  private var actions: [Raft<Machine>.Action] = []
  private var tickAt: Instant?
  /// When those that wait are looked at next.
  private var patienceAt: Instant?
  /// The leader that requests were passed on to.
  private var followed: (term: Int, leader: NodeID?) = (0, nil)

  public init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<RaftNode>) {
    me = cluster.me
    nodes = cluster.nodes
    raft = Raft(
      me: cluster.me, configuration: Configuration(voters: cluster.nodes), recovering: records,
      electionTimeout: cluster.limit(Self.electionTimeout), random: context.random.split(), at: context.now)
    if let other = raft.otherCluster {
      let names = other.map(\.name).joined(separator: ", ")
      objection = .abort(
        "the data directory is that of a cluster of \(names): give this node an empty one, or its own")
    }
    settle(&context)
  }

  public var checkpoint: [Record]? { raft.checkpoint }

  /// In a cluster of one node, from stored records: all that is stored is committed. In any other, a node that has only
  /// its records can't tell what is committed: a read is refused, and another node answers it.
  public func answer(reading message: Message) -> Outcome<Message>? {
    guard nodes == [me], objection == nil, case .client(let query) = message,
      Machine.purpose(of: query) == .query
    else { return nil }
    var reader = raft
    // Elects itself, and thereby commits what is there.
    let now = reader.deadline ?? .zero
    reader.advance(to: now)
    reader.flush(at: now)
    return reader.machine.answer(query).map { .client($0) }
  }

  public mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<RaftNode>
  ) {
    if let objection { return context.fail(objection, to: request) }
    switch message {
    case .peer(let message):
      guard nodes.contains(request.source), request.source != me else {
        return context.fail(.notSupported("only nodes of this cluster say that"), to: request)
      }
      raft.receive(message, from: request.source, at: context.now)
    case .client(let message): take(message, request, &context)
    case .change(let change): take(change, request, &context)
    case .changed: context.fail(.notSupported("an answer, not a request"), to: request)
    }
    settle(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<RaftNode>) {
    switch timer {
    case .flush:
      isFlushSet = false
      passOn(&context)
      raft.flush(at: context.now)
    case .tick:
      tickAt = nil
      patienceAt = nil
      if objection == nil { raft.advance(to: context.now) }
      checkPatience(&context)
    }
    settle(&context)
  }

  // MARK: Requests

  private mutating func take(
    _ message: Machine.Message, _ request: Request, _ context: inout Context<RaftNode>
  ) {
    let purpose = Machine.purpose(of: message)
    if case .refused(let error) = purpose { return context.fail(error, to: request) }
    guard raft.configuration.contains(me) else { return context.fail(notAMember, to: request) }
    let isTaken =
      purpose == .query
      ? requests.ask(message, request, at: context.now) : requests.add(message, request, at: context.now)
    if !isTaken {
      context.fail(.temporarilyUnavailable("too many requests wait: ask again later"), to: request)
    }
  }

  private var notAMember: RPCError { .notAMember("\(me) is no member of the cluster: ask another node") }

  /// Gives the leader, if one is known, what is waiting to be given to it.
  private mutating func passOn(_ context: inout Context<RaftNode>) {
    guard let leader = raft.leader else { return }
    if leader == me {
      while let (number, command) = requests.nextToSend(at: context.now) {
        let call = CommandID(origin: me, life: raft.life, number: number)
        if !raft.propose(command, as: call, at: context.now) { requests.refused(number) }
      }
      if let batch = requests.nextBatch(at: context.now) {
        _ = raft.read(batch, life: raft.life, of: me, askedIn: raft.term, at: context.now)
      }
      return
    }
    var commands: [Forwarded<Machine.Message>] = []
    var bytes = 0
    while let (number, command) = requests.nextToSend(at: context.now) {
      commands.append(Forwarded(number: number, command))
      bytes += Machine.encodedBytes(of: command)
      if bytes >= raft.limits.messageBytes {
        context.send(.peer(.forward(life: raft.life, commands)), to: leader)
        (commands, bytes) = ([], 0)
      }
    }
    if !commands.isEmpty { context.send(.peer(.forward(life: raft.life, commands)), to: leader) }
    if let batch = requests.nextBatch(at: context.now) {
      context.send(.peer(.readIndex(life: raft.life, batch: batch, term: raft.term)), to: leader)
    }
  }

  /// Answers those that have waited too long, and passes on again what may have got lost.
  private mutating func checkPatience(_ context: inout Context<RaftNode>) {
    requests.check(at: context.now, resendAfter: raft.answerTimeout) { error, request in
      context.fail(error, to: request)
    }
    for place in changes.indices.reversed() {
      let (request, change, sentAt) = changes[place]
      if context.now - request.received >= PendingRequests<Machine>.sentPatience {
        changes.remove(at: place)
        context.fail(.timeout("the change was not seen to be committed: it may be yet"), to: request)
      } else if context.now - sentAt >= raft.answerTimeout {
        changes[place].sentAt = context.now
        if pursue(change, request, &context) { changes.remove(at: place) }
      }
    }
  }

  // MARK: Members

  private mutating func take(
    _ change: MembershipChange, _ request: Request, _ context: inout Context<RaftNode>
  ) {
    guard nodes.contains(change.node) else {
      return context.fail(.nodeNotFound("\(change.node) is none of \(nodes)"), to: request)
    }
    guard raft.configuration.contains(me) else { return context.fail(notAMember, to: request) }
    guard changes.count < Self.changesMax else {
      return context.fail(.temporarilyUnavailable("too many changes wait"), to: request)
    }
    if !pursue(change, request, &context) { changes.append((request, change, context.now)) }
  }

  /// Tells the leader of a change. Returns whether its client was answered.
  private mutating func pursue(
    _ change: MembershipChange, _ request: Request, _ context: inout Context<RaftNode>
  ) -> Bool {
    switch raft.change(change, at: context.now) {
    case .done: context.reply(.changed(change), to: request)
    case .refused(let error): context.fail(error, to: request)
    case .underWay: return false
    case .notLeader:
      if let leader = raft.leader { context.send(.peer(.change(change)), to: leader) }
      return false
    }
    return true
  }

  private mutating func committed(_ configuration: Configuration, _ context: inout Context<RaftNode>) {
    changes.removeAll { request, change, _ in
      let isSo =
        change.isMember
        ? configuration.voters.contains(change.node) : !configuration.contains(change.node)
      if isSo { context.reply(.changed(change), to: request) }
      return isSo
    }
    if !raft.configuration.contains(me) {
      let error = notAMember
      requests.refuseUnsent { context.fail(error, to: $0) }
    }
  }

  // MARK: What the core wants done

  private mutating func settle(_ context: inout Context<RaftNode>) {
    // Taken out and put back, so that its memory is used again.
    var batch: [Raft<Machine>.Action] = []
    swap(&batch, &actions)
    while raft.hasActions {
      raft.drain(into: &batch)
      // To take an action off the end costs no copy of what is in it.
      if batch.count > 1 { batch.reverse() }
      while let action = batch.popLast() { carryOut(action, &context) }
    }
    swap(&batch, &actions)
    if raft.leader != followed.leader || raft.term != followed.term {
      followed = (raft.term, raft.leader)
      if raft.leader != nil { requests.sendAll() }
    }
    if !isFlushSet, raft.wantsFlush || raft.leader != nil && requests.hasUnsent {
      isFlushSet = true
      context.wake(.flush, at: context.now)
    }
    guard objection == nil else { return }
    var due = raft.deadline
    if requests.isWaiting || !changes.isEmpty {
      let check = patienceAt ?? context.now + raft.answerTimeout / 2
      patienceAt = check
      due = due.map { min($0, check) } ?? check
    }
    guard let due else { return }
    // A tick that comes too early costs less than to move the timer at every event.
    if let tickAt, tickAt <= due { return }
    tickAt = due
    context.wake(.tick, at: due)
  }

  private mutating func carryOut(
    _ action: consuming Raft<Machine>.Action, _ context: inout Context<RaftNode>
  ) {
    switch consume action {
    case .send(let message, let node): context.send(.peer(message), to: node)
    case .persist(let record): context.persist(record)
    case .applied(let call, let outcome):
      guard let request = requests.settle(call.number) else { return }
      answer(request, with: outcome, &context)
    case .skipped(let call):
      // Answered already, or so old that it is not told from one that was carried out.
      guard let request = requests.settle(call.number) else { return }
      context.fail(.timeout("it was overtaken by too many others to tell whether it happened"), to: request)
    case .mayRead(let batch):
      for (query, request) in requests.settle(batch: batch) {
        answer(request, with: raft.machine.answer(query), &context)
      }
    case .restored:
      requests.failSent {
        context.fail(.crash("the log that would tell whether it happened is compacted"), to: $0)
      }
    case .changed(let configuration): committed(configuration, &context)
    }
  }

  private func answer(
    _ request: Request, with outcome: Outcome<Machine.Message>, _ context: inout Context<RaftNode>
  ) {
    switch outcome {
    case .success(let reply): context.reply(.client(reply), to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }
}

/// What clients, the operator and other nodes say to a replicated state machine.
public enum RaftNodeMessage<Machine: StateMachine>: Equatable, Sendable {
  case client(Machine.Message)
  case peer(RaftMessage<Machine>)
  /// `add_member` or `remove_member`, with `node`: answered once a configuration that has it so is committed.
  case change(MembershipChange)
  case changed(MembershipChange)
}

extension RaftNodeMessage: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "add_member", "remove_member":
      self = .change(
        MembershipChange(NodeID(try body.string("node")), isMember: type == "add_member"))
    default:
      self =
        RaftMessage<Machine>.isKnown(type)
        ? .peer(try RaftMessage(type: type, body: body))
        : .client(try Machine.Message(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let message): message.write(to: &body)
    case .change(let change):
      body.member("type", change.isMember ? "add_member" : "remove_member")
      body.member("node", change.node.name)
    case .changed(let change):
      body.member("type", change.isMember ? "add_member_ok" : "remove_member_ok")
    }
  }
}
