public import Glomers
public import Workloads

/// Gossip Glomers 5: a replicated log for each key, without a leader.
///
/// Every node assigns offsets by itself and passes its messages on in batches; a poll shows the part of the log in
/// which no gap can be filled any more (`ReplicatedLogs.swift`). So nobody waits for anybody, and a partition stops
/// nothing but that news of the other side is shown. Committed offsets only rise, and go along with the messages.
///
/// How many nodes must hold a message before its sender is told, and before it is shown, is up to an option, with
/// Kafka's words (`Acknowledgements.swift`). With `1` what this node alone holds is lost if it is killed before its
/// next batch; with `quorum` the others go on without any minority that is lost for good (`Fencing.swift`).
public struct KafkaNode: Node {
  public enum Message: Equatable, Sendable {
    case client(Kafka)
    case peer(LogGossip)
  }

  public enum Timer: Hashable, Sendable {
    case round
  }

  public static let acknowledgements = Option(
    "acks", .choice("1", of: ["1", "quorum", "all"]),
    "How many nodes hold a message before its sender is told and anybody sees it.")
  public static let store = Option(
    "store", .choice("local", of: ["local", "lin-kv"]),
    "Where messages and offsets are kept; with lin-kv --acks has no meaning.")
  public static let fenceAfter = Option(
    "fence-after", .duration(.seconds(30)),
    "With --acks quorum, how long a node may be silent before the others go on without it, for good.")
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
  private let origin: Origin
  var logs: ReplicatedLogs
  var exchange: Exchange
  var waiting: [WaitingSender] = []
  /// Since when peers have not answered.
  var silentSince: [NodeID: Instant] = [:]

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<KafkaNode>) {
    peers = cluster.peers
    let count = cluster.nodes.count
    copies =
      switch cluster.choice(Self.acknowledgements) {
      case "quorum": count / 2 + 1
      case "all": count
      default: 1
      }
    origin = Origin(of: cluster.me, &context.random)
    fencePatience =
      cluster.choice(Self.acknowledgements) == "quorum" ? cluster.duration(Self.fenceAfter) : nil
    logs = ReplicatedLogs(cluster, origin: origin, copies: copies)
    exchange = Exchange(
      cluster, origin: origin, period: copies == 1 ? Self.period : Self.shortPeriod, patience: Self.patience)
  }

  public mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<KafkaNode>) {
    switch message {
    case .client(.send(let key, let message)):
      if logs.isFenced {
        return context.fail(.temporarilyUnavailable("the other nodes go on without this one"), to: request)
      }
      let offset = logs.append(message, to: key)
      if copies == 1 {
        context.reply(.client(.sendOk(offset: offset)), to: request)
      } else {
        acknowledgeLater(offset, request, &context)
      }
      tell(&context)
    case .client(.poll(let positions)):
      if let wrong = positions.first(where: { $0.offset < 0 }) {
        return context.fail(
          .malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)"), to: request)
      }
      let batches = positions.compactMap { position in
        let entries = logs.shown(position.key, from: position.offset, limit: Self.pollLimit)
        return entries.isEmpty ? nil : Kafka.Batch(position.key, entries)
      }
      context.reply(.client(.pollOk(batches)), to: request)
    case .client(.commitOffsets(let positions)):
      commit(positions, request, &context)
    case .client(.listCommittedOffsets(let keys)):
      let committed = keys.compactMap { key in logs.committed(key).map { Kafka.Position(key, $0) } }
      context.reply(.client(.listCommittedOffsetsOk(committed)), to: request)
    case .client:
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    case .peer(let gossip):
      guard let peer = peers.firstIndex(of: request.source) else { return }
      logs.merge(gossip, from: peer)
      exchange.heard(
        gossip.version, wantsAnswer: gossip.wantsAnswer, from: request.source, holding: logs.version)
      silentSince[request.source] = nil
      acknowledge(&context)
      tell(&context)
    }
  }

  /// All of it or nothing, so that the answer is true of all.
  private mutating func commit(
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
    for position in positions { logs.commit(position.key, position.offset) }
    context.reply(.client(.commitOffsetsOk), to: request)
    tell(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<KafkaNode>) {
    for push in exchange.round(holding: logs.version, at: context.now) {
      let gossip = LogGossip(
        origin: origin, deltas: logs.deltas(since: push.since, ofAll: push.isRepair), version: logs.version,
        wantsAnswer: push.wantsAnswer)
      context.send(.peer(gossip), to: push.peer)
    }
    watch(&context)
    tell(&context)
  }

  /// Sees to it that peers hear what is new.
  private mutating func tell(_ context: inout Context<KafkaNode>) {
    // A round that comes anyway within the period takes it along.
    if peers.isEmpty || exchange.wake.map({ $0 <= context.now + exchange.period }) ?? false { return }
    guard let due = exchange.schedule(holding: logs.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }
}
