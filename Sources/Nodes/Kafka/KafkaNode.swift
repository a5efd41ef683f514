internal import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 5: a replicated log for each key, without a leader.
///
/// Every node assigns offsets by itself and passes its messages on in batches; a poll shows the part of the log in
/// which no gap can be filled any more (`ReplicatedLogs.swift`). So nobody waits for anybody, and a partition stops
/// nothing but that news of the other side is shown. Committed offsets only rise, and go along with the messages.
///
/// How many nodes must hold a message before its sender is told, and before it is shown, is up to an option, with
/// Kafka's words (`Acknowledgements.swift`). With a data directory to hold is to have stored, and a node that is killed
/// goes on where it was (`LogRecord.swift`). Without one, `1` loses what a node that is killed has not passed on yet.
/// With `quorum` and `--fence-after` the others go on without a minority that is lost for good (`Fencing.swift`). That is
/// off by default: a fault that ends later than that would hide acknowledged messages for good.
public struct KafkaNode: Node {
  public enum Message: Equatable, Sendable {
    case client(Kafka)
    case peer(LogGossip)
  }

  public typealias Record = LogRecord

  public enum Timer: Hashable, Sendable {
    case round
  }

  public static let acknowledgements = Option(
    "acks", .choice("1", of: ["1", "quorum", "all"]),
    "How many nodes hold a message or commit before its client is told, and a message before it is seen.")
  public static let store = Option(
    "store", .choice("local", of: ["local", "lin-kv"]),
    "Where messages and offsets are kept; with lin-kv --acks has no meaning.")
  public static let fenceAfter = Option(
    "fence-after", .limit(nil, in: .seconds(5) ... .seconds(86_400)),
    "With --acks quorum, how long a node may be silent before the others go on without it, for good: longer "
      + "than any fault that ends, for what comes back later is refused. With never, the others wait for it.")
  public static let options = [acknowledgements, store, fenceAfter]

  /// Of one key, in the answer to one poll.
  static let pollLimit = 1000
  /// Two nodes then exchange 0.05 messages for each of 1000 requests a second, and a message is seen at once by the
  /// consumers of other nodes when it gets there, by those of its own after 80 ms at most.
  static let period = Duration.milliseconds(40)
  /// Where senders wait for other nodes.
  static let shortPeriod = Duration.milliseconds(5)
  /// More than a round trip and a period.
  static let patience = Duration.milliseconds(500)

  let peers: [NodeID]
  /// How many nodes must hold a message.
  let copies: Int
  /// Nil where lost nodes are waited for.
  let fencePatience: Duration?
  var logs: ReplicatedLogs
  var exchange: Exchange
  var waiting: [WaitingClient] = []
  /// For how long peers have not answered, as far as this node was there to see it.
  var silences: [NodeID: Duration] = [:]
  /// When that was last looked at.
  var lastWatch: Instant?
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
    let origin: Origin
    if case .origin(let known)? = records.first {
      origin = known
    } else {
      origin = Origin(of: cluster.me, &context.random)
      context.persist(.origin(origin))
    }
    fencePatience =
      cluster.choice(Self.acknowledgements) == "quorum" ? cluster.limit(Self.fenceAfter) : nil
    logs = ReplicatedLogs(cluster, origin: origin, copies: copies)
    // Everybody tells everybody: of many nodes each speaks less often, so that none has more to send than it can.
    let period = (copies == 1 ? Self.period : Self.shortPeriod) * max(1, peers.count / 10)
    exchange = Exchange(cluster, origin: origin, period: period, patience: max(Self.patience, period * 4))
    guard !records.isEmpty else { return }
    logs.recover(records)
    exchange.rejoin(holding: logs.version, at: context.now)
    tell(&context)
  }

  public mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<KafkaNode>) {
    answers.release()
    switch message {
    case .client where logs.isFenced:
      context.fail(.temporarilyUnavailable("the others go on without this node, or can't go on"), to: request)
    case .client(.send(let key, let message)):
      let offset = logs.append(message, to: key)
      context.persist(.own(logs.ownCount, .message(key: key, offset: offset, message)))
      answer(.sendOk(offset: offset), request, &context)
      tell(&context)
    case .client(.poll(let positions)):
      poll(positions, request, &context)
    case .client(.commitOffsets(let positions)):
      commit(positions, request, &context)
    case .client(.listCommittedOffsets(let keys)):
      list(keys, request, &context)
    case .client:
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let gossip):
      hear(gossip, from: request.source, &context)
    }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<KafkaNode>) {
    for push in exchange.round(holding: logs.version, at: context.now) {
      let gossip = LogGossip(
        origin: logs.origin, deltas: logs.deltas(since: push.since, ofAll: push.isRepair),
        version: logs.version, wantsAnswer: push.wantsAnswer)
      context.send(.peer(gossip), to: push.peer)
    }
    watch(&context)
    tell(&context)
  }

  private mutating func hear(_ gossip: LogGossip, from source: NodeID, _ context: inout Context<KafkaNode>) {
    guard let peer = peers.firstIndex(of: source) else { return }
    for delta in gossip.deltas {
      guard let news = logs.news(in: delta) else { continue }
      context.persist(.delta(news))
      logs.merge(news)
    }
    for claim in logs.heard(gossip, from: peer) {
      context.persist(.heard(peers[claim.peer], claim.origin, claim.version))
    }
    if let closing = logs.show() { context.persist(closing) }
    exchange.heard(gossip.version, wantsAnswer: gossip.wantsAnswer, from: source, holding: logs.version)
    silences[source] = nil
    acknowledge(&context)
    tell(&context)
  }

  public var checkpoint: [LogRecord]? { logs.checkpoint }

  /// Sees to it that peers hear what is new.
  mutating func tell(_ context: inout Context<KafkaNode>) {
    // A round that comes anyway within the period takes it along.
    if peers.isEmpty || exchange.wake.map({ $0 <= context.now + exchange.period }) ?? false { return }
    guard let due = exchange.schedule(holding: logs.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }
}
