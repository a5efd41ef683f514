public import Glomers
public import Replication
internal import Wire
public import Workloads

/// Gossip Glomers 5: a replicated log for each key, without a leader.
///
/// Every node assigns offsets by itself and passes its messages on in batches. A poll shows the part of the log in
/// which no gap can be filled any more, as far as all peers have promised (`ReplicatedLogs`). So in a partition both sides
/// go on taking messages, and no new message is shown on either side until it heals. Committed offsets only rise, and go
/// along with the messages.
///
/// How many nodes must hold a message before its sender is told, and before it is shown, is up to `--acks`, with Kafka's
/// words: `1`, `quorum` or `all`. With a data directory to hold is to have stored, and a node that is killed comes back
/// with all that it held (`LogRecord`). Without one, `--acks 1` loses what a node has not passed on when it is killed.
/// The replicas are the nodes of the cluster, and stay so: of one that is lost a replacement takes the name, with an empty
/// data directory, and gets what it had from the others (docs/PROTOCOLS.md says why nobody is voted out).
///
/// - `ReplicatedLogs`: all logs at one node, and how replicas come to hold the same.
/// - `KeyLog`: the log of one key. `LogStream`, in the same file: what one node has done, in its order.
/// - `Promises` (`Watermark.swift`): what each peer holds, and will therefore not assign.
/// - ``LogGossip`` (`Wire.swift`), ``LogRecord`` (`Storage.swift`): what is sent, what is stored.
public struct KafkaNode: Node, ReplicatingNode {
  public enum Message: Equatable, Sendable {
    case client(Kafka)
    /// Indirect, so that a client's message, which most are, is not moved about in the room that a peer's needs.
    indirect case peer(LogGossip)
  }

  public typealias Record = LogRecord
  public typealias Invariants = KafkaInvariants

  public enum Timer: Hashable, Sendable {
    case round
  }

  public static let acknowledgements = Option(
    "acks", .choice("1", of: ["1", "quorum", "all"]),
    "How many nodes hold a message or commit before its client is told, and a message before it is seen.")
  public static let store = Option(
    "store", .choice("local", of: ["local", "lin-kv"]),
    "Where messages and offsets are kept; with lin-kv --acks has no meaning.")
  public static let fetchMaxBytes = Option(
    "fetch-max-bytes", .integer(1 << 20, in: 1 << 10...64 << 20),
    "The most bytes of messages in the answer to a poll; the next poll gets the rest. One message goes in any case."
  )
  public static let options = [acknowledgements, store, fetchMaxBytes] + Pace.options

  /// The most messages of one key in the answer to one poll.
  static let pollLimit = 1000
  /// How often a node tells each peer the news. Two nodes then exchange 50 messages a second at most, however many requests
  /// there are. Consumers at the other node see a message as soon as it arrives there, and those at its own node once the
  /// other has acknowledged it: two periods and a round trip later at most.
  static let period = Duration.milliseconds(40)
  /// The same where clients wait for other nodes: with `--acks quorum` or `all`.
  static let shortPeriod = Duration.milliseconds(5)
  /// The time within which a peer must acknowledge: more than a round trip and a period.
  static let timeout = Duration.milliseconds(500)
  /// The most requests that wait until the stream is settled, that is until this node knows to which stream it adds. More
  /// are refused.
  static let queueMax = 100_000

  let peers: [NodeID]
  /// How many nodes must hold a message.
  let copies: Int
  var logs: ReplicatedLogs
  public internal(set) var dissemination: Dissemination
  let fetchBytesMax: Int
  /// Requests that came before the stream was settled.
  private var queue: [(request: Request, message: Kafka)] = []
  var waiting: [WaitingClient] = []
  /// Up to which number of its stream this node has told clients that enough nodes hold it.
  var acknowledged = 0
  var answers = AnswerMemory()

  public init(_ cluster: Cluster, recovering records: [LogRecord], _ context: inout Context<KafkaNode>) {
    peers = cluster.peers
    let count = cluster.nodes.count
    copies =
      switch cluster.choice(Self.acknowledgements) {
      case "quorum": count / 2 + 1
      case "all": count
      default: 1
      }
    fetchBytesMax = cluster.integer(Self.fetchMaxBytes)
    // Everybody tells everybody: of many nodes each speaks less often, so that none has more to send than it can.
    let period = (copies == 1 ? Self.period : Self.shortPeriod) * max(1, peers.count / 10)
    let pace = Pace(cluster, period: period, timeout: max(Self.timeout, period * 4))
    dissemination = Dissemination(
      cluster, pace, recovering: Self.recovery(copies, of: count, hasLog: !records.isEmpty), &context.random,
      at: context.now)
    logs = ReplicatedLogs(cluster, origin: dissemination.incarnation, copies: copies)
    if !records.isEmpty { logs.recover(records) }
    tell(&context)
  }

  /// How many peers must have answered before a node that was started assigns offsets.
  ///
  /// With `copies` above 1, an acknowledged record is stored by that many nodes. A node that comes back with its data
  /// directory is one of `copies` nodes itself, with `copies` - 1 others: two sets of that many meet. One that comes back
  /// without it knows nothing, and must hear one of the `copies` - 1 other nodes that stored a record. Of `count` - 1 peers,
  /// any `count` - `copies` + 1 have one of them. With `copies` = 1 a record may be nowhere else, so no number of answers is
  /// enough, and none is demanded: the node leaves out offsets (`ReplicatedLogs.begin`).
  private static func recovery(_ copies: Int, of count: Int, hasLog: Bool) -> Recovery {
    guard copies > 1 else { return .everything(answers: 0, answersIfFresh: 0) }
    return .everything(answers: hasLog ? copies - 1 : count - copies + 1, answersIfFresh: copies - 1)
  }

  public mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<KafkaNode>) {
    answers.release()
    switch message {
    case .client(let message) where mustWait(message, at: context.now):
      wait(message, request, &context)
    case .client(.send(let key, let message)):
      let offset = logs.append(message, to: key)
      context.persist(.own(logs.ownCount, .message(key: key, offset: offset, message)))
      answer(.sendOk(offset: offset), request, &context)
      tell(&context)
    case .client(.poll(let positions)):
      switch poll(positions) {
      case .success(let answer): context.reply(.client(answer), to: request)
      case .failure(let error): context.fail(error, to: request)
      }
    case .client(.commitOffsets(let positions)):
      commit(positions, request, &context)
    case .client(.listCommittedOffsets(let keys)):
      context.reply(.client(list(keys)), to: request)
    case .client:
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let gossip):
      hear(gossip, from: request.source, &context)
    }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<KafkaNode>) {
    for push in dissemination.round(holding: logs.version, at: context.now) {
      let batch = logs.batch(for: push)
      let advertisement = dissemination.sent(batch, of: logs.version, in: push)
      context.send(.peer(LogGossip(batch.deltas, advertisement)), to: push.peer)
    }
    tell(&context)
  }

  private mutating func hear(_ gossip: LogGossip, from source: NodeID, _ context: inout Context<KafkaNode>) {
    guard let peer = peers.firstIndex(of: source) else { return }
    if dissemination.admits(gossip.advertisement, from: source) {
      for delta in gossip.deltas {
        guard let news = logs.news(in: delta) else { continue }
        context.persist(.delta(news))
        logs.merge(news)
      }
      for claim in logs.heard(gossip.advertisement, from: peer) {
        context.persist(.heard(peers[claim.peer], claim.incarnation, claim.version))
      }
      logs.show()
      dissemination.heard(gossip.advertisement, from: source, holding: logs.version, at: context.now)
      acknowledge(&context)
    }
    tell(&context)
  }

  // MARK: Coming back

  /// Whether a request must wait until this node knows what it has assigned before, and its stream is settled
  /// (``Dissemination/settle(holding:at:)``). What it holds can be read, once the peers have had time to answer.
  private func mustWait(_ message: Kafka, at now: Instant) -> Bool {
    guard dissemination.stream == nil else { return false }
    guard dissemination.isStuck(at: now) else { return true }
    return switch message {
    case .send, .commitOffsets: true
    default: false
    }
  }

  private mutating func wait(_ message: Kafka, _ request: Request, _ context: inout Context<KafkaNode>) {
    if dissemination.isStuck(at: context.now) || queue.count >= Self.queueMax {
      let error = RPCError.temporarilyUnavailable(
        "this node was started and waits for its peers to say what it had assigned before")
      return context.fail(error, to: request)
    }
    queue.append((request, message))
  }

  /// Settles this node's stream, if it can be by now, and answers what has waited for that.
  private mutating func settle(_ context: inout Context<KafkaNode>) {
    guard dissemination.stream == nil else { return }
    if let stream = dissemination.settle(holding: logs.version, at: context.now) {
      logs.begin(stream, isAssured: dissemination.isAssured)
      context.persist(.origin(stream))
    } else if !dissemination.isStuck(at: context.now) {
      return
    }
    let waiting = queue
    queue = []
    for (request, message) in waiting { receive(.client(message), request, &context) }
  }

  public var checkpoint: [LogRecord]? { logs.checkpoint }
  public var held: VersionVector { logs.currentVersion }
  public func entry(_ number: Int, of stream: Incarnation) -> LogGossip.Record? {
    logs.entry(number, of: stream)
  }

  /// Sees to it that peers hear what is new.
  mutating func tell(_ context: inout Context<KafkaNode>) {
    settle(&context)
    guard !peers.isEmpty else { return }
    // A round that comes anyway within the period takes it along.
    let soon = context.now + dissemination.pace.period
    if dissemination.wake.map({ $0 <= soon }) ?? false { return }
    guard let due = dissemination.schedule(holding: logs.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }
}

/// A client that waits until enough nodes hold what it has sent or committed.
struct WaitingClient: Sendable {
  /// Of the last record that has to be held, in this node's stream.
  let number: Int
  let answer: Kafka
  let request: Request
}

/// What a node does where it is not enough that it holds a message itself.
extension KafkaNode {
  /// Answers when enough nodes hold all that this one has recorded by now. If that is not before the client has gone, the
  /// client gets neither an answer nor an error: the record stays, and may be held by enough nodes and shown later.
  mutating func answer(
    _ answer: consuming Kafka, _ request: Request, _ context: inout Context<KafkaNode>
  ) {
    let number = logs.ownCount
    guard copiesAnswered > 1, logs.ownCount(heldBy: copiesAnswered) < number else {
      acknowledged = number
      context.reply(.client(answer), to: request)
      return
    }
    let longestWait = Host<KafkaNode>.clientPatience
    let goneCount = waiting.prefix { $0.request.received + longestWait < context.now }.count
    waiting.removeFirst(goneCount)
    waiting.append(WaitingClient(number: number, answer: answer, request: request))
  }

  /// How many nodes hold a record before its client is told.
  private var copiesAnswered: Int { dissemination.pace.flaw == .acknowledgesEarly ? copies - 1 : copies }

  /// Answers clients for whom enough nodes hold enough by now.
  mutating func acknowledge(_ context: inout Context<KafkaNode>) {
    guard let first = waiting.first else { return }
    let count = logs.ownCount(heldBy: copiesAnswered)
    guard first.number <= count else { return }
    let end = waiting.firstIndex { $0.number > count } ?? waiting.endIndex
    acknowledged = waiting[end - 1].number
    for client in waiting[..<end] { context.reply(.client(client.answer), to: client.request) }
    waiting.removeFirst(end)
  }
}

/// Arrays that are filled for one answer and, once it is written, for the next: no allocation.
struct AnswerMemory: Sendable {
  /// Empty when a message is received, by ``release()``.
  var batches: [Kafka.Batch] = []
  var positions: [Kafka.Position] = []

  /// Lets go of entries in an answer that has been written: a log that shares them would have to copy them to grow.
  mutating func release() {
    if !batches.isEmpty { batches.clear() }
  }
}

/// What consumers ask of a node.
extension KafkaNode {
  /// From stored records: a node that has said what it holds still shows it.
  public func answer(reading message: Message) -> Outcome<Message>? {
    guard case .client(let question) = message else { return nil }
    var reader = self
    switch question {
    case .poll(let positions): return reader.poll(positions).map { .client($0) }
    case .listCommittedOffsets(let keys): return .success(.client(reader.list(keys)))
    default: return nil
    }
  }

  mutating func poll(_ positions: [Kafka.Position]) -> Outcome<Kafka> {
    if let wrong = positions.first(where: { $0.offset < 0 }) {
      return .failure(.malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)"))
    }
    var rest = fetchBytesMax
    for position in positions where rest > 0 {
      let entries = logs.shown(position.key, from: position.offset, limit: Self.pollLimit)
      guard !entries.isEmpty else { continue }
      let count = Self.count(of: entries, within: &rest)
      if count == 0, !answers.batches.isEmpty { break }
      // Most answers take all.
      let taken = count == entries.count ? entries : entries.prefix(max(1, count))
      answers.batches.append(Kafka.Batch(position.key, taken))
    }
    return .success(.pollOk(answers.batches))
  }

  /// How many of these entries fit into so many bytes, which are spent on them. An offset and its brackets count as 24.
  private static func count(of entries: ArraySlice<Kafka.Entry>, within rest: inout Int) -> Int {
    var count = 0
    let entries = entries.span
    for place in entries.indices {
      rest -= entries[place].message.count + 24
      guard rest >= 0 else { break }
      count += 1
    }
    return count
  }

  mutating func list(_ keys: [JSONName]) -> Kafka {
    answers.positions.clear()
    for key in keys {
      if let offset = logs.committed(key) { answers.positions.append(Kafka.Position(key, offset)) }
    }
    return .listCommittedOffsetsOk(answers.positions)
  }

  /// All of it or nothing, so that the answer is true of all.
  mutating func commit(
    _ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaNode>
  ) {
    for position in positions {
      if position.offset < 0 {
        let error = RPCError.malformedRequest("there is no offset \(position.offset) of \(position.key)")
        return context.fail(error, to: request)
      }
      let end = logs.shownEnd(position.key)
      if position.offset > end {
        let error = RPCError.preconditionFailed(
          "nobody can have read offset \(position.offset) of \(position.key): here it ends at \(end)")
        return context.fail(error, to: request)
      }
    }
    for position in positions {
      guard let number = logs.commit(position.key, position.offset) else { continue }
      context.persist(.own(number, .commit(key: position.key, offset: position.offset)))
    }
    answer(.commitOffsetsOk, request, &context)
    tell(&context)
  }
}
