public import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 6: transactions over registers that every node answers at once, whatever the network does.
///
/// A node runs the whole transaction on its own replica, gives it one Lamport stamp, and tells its peers about it
/// with the next batch (`Parts/Exchange.swift`). The later stamp wins, key by key, so all nodes come to hold the same.
/// A batch is taken in as a whole, and not before everything that its sender held when it sent it is here
/// (`RegisterStore.swift`). So clients get more than read committed: they see all of a transaction or nothing
/// (monotonic atomic view: Bailis et al., *Highly available transactions*, VLDB 2013), causes before effects, and, as
/// a client stays with its node, its own writes. Lost updates and write skew remain: no available system excludes them.
///
/// With a data directory nothing that was acknowledged, or told to a peer, is lost by a kill, nor is a transaction ever
/// recovered in part (`CommitRecord.swift`). Without one, what this node alone holds is lost if it is killed before its
/// next batch.
public struct TransactionNode: Node {
  public enum Message: Equatable, Sendable {
    case client(Transactions)
    case update(Update)
  }

  /// What a replica tells a peer: `deltas` and what the peer is thought to hold make up all that is at `version`.
  public struct Update: Equatable, Sendable {
    public let deltas: [CommitDelta]
    public let version: VersionVector
    public let wantsAnswer: Bool

    public init(_ deltas: [CommitDelta], version: VersionVector, wantsAnswer: Bool) {
      self.deltas = deltas
      self.version = version
      self.wantsAnswer = wantsAnswer
    }
  }

  public typealias Record = CommitRecord

  public enum Timer: Hashable, Sendable {
    case round
  }

  public static let period = Option(
    "period", .duration(.milliseconds(50), in: .milliseconds(1) ... .seconds(3600)),
    "How often peers are told of new transactions: the longer, the fewer messages.")
  public static let options = [period]

  private let peers: [NodeID]
  /// Names this node in version vectors: this life of it, unless an earlier one was recovered.
  private let origin: Origin
  private(set) var store = RegisterStore()
  private var exchange: Exchange
  /// Updates that came before what they rest on.
  private var early: [Update] = []
  /// What is left out is asked for again.
  private static var earlyMax: Int { 64 }

  public init(
    _ cluster: Cluster, recovering records: [CommitRecord], _ context: inout Context<TransactionNode>
  ) {
    peers = cluster.peers
    if case .origin(let known)? = records.first {
      origin = known
    } else {
      origin = Origin(of: cluster.me, &context.random)
      context.persist(.origin(origin))
    }
    let period = cluster.duration(Self.period)
    exchange = Exchange(cluster, origin: origin, period: period, patience: period * 6)
    guard !records.isEmpty else { return }
    for record in records { store.recover(record, as: origin) }
    exchange.rejoin(holding: store.version, at: context.now)
    schedule(&context)
  }

  public mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<TransactionNode>
  ) {
    switch message {
    case .client(.txn(let operations)):
      guard let answer = execute(operations, &context) else {
        return context.fail(.notSupported("registers can be read and written, not appended to"), to: request)
      }
      context.reply(.client(.txnOk(answer)), to: request)
    case .client(.txnOk):
      context.fail(.notSupported("txn_ok is an answer, not a request"), to: request)
    case .update(let update):
      guard peers.contains(request.source) else { return }
      take(update, &context)
      exchange.heard(
        update.version, wantsAnswer: update.wantsAnswer, from: request.source, holding: store.version)
    }
    schedule(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<TransactionNode>) {
    for push in exchange.round(holding: store.version, at: context.now) {
      let deltas =
        push.isRepair
        ? store.deltas(since: push.since) : [store.delta(of: origin, since: push.since)].compactMap { $0 }
      context.send(
        .update(Update(deltas, version: store.version, wantsAnswer: push.wantsAnswer)), to: push.peer)
    }
    schedule(&context)
  }

  public var checkpoint: [CommitRecord]? { store.checkpoint(of: origin) }

  private mutating func schedule(_ context: inout Context<TransactionNode>) {
    guard let due = exchange.schedule(holding: store.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }

  /// Carries out a transaction; nil if a part of it makes no sense here, and then none of it has happened.
  private mutating func execute(
    _ operations: [MicroOperation], _ context: inout Context<TransactionNode>
  ) -> [MicroOperation]? {
    var writes: [Commit.Write] = []
    var places: [JSON: Int] = [:]
    var answer: [MicroOperation] = []
    answer.reserveCapacity(operations.count)
    for operation in operations {
      switch operation {
      case .read(let key, _):
        answer.append(.read(key: key, value: places[key].map { writes[$0].value } ?? store[key]))
      case .write(let key, let value):
        let place = places[key] ?? writes.count
        let write = Commit.Write(key: key, value: value)
        if place == writes.count { writes.append(write) } else { writes[place] = write }
        places[key] = place
        answer.append(operation)
      case .append: return nil
      }
    }
    if !writes.isEmpty {
      let commit = store.commit(writes, from: origin)
      context.persist(.own(commit))
    }
    return answer
  }

  /// Takes in an update, and those before it that it makes complete.
  private mutating func take(_ update: Update, _ context: inout Context<TransactionNode>) {
    early.append(update)
    while let place = early.firstIndex(where: { store.joins($0.deltas, $0.version) }) {
      let update = early.remove(at: place)
      guard !store.version.covers(update.version) else { continue }
      context.persist(store.news(in: update.deltas, update.version))
      store.merge(update.deltas, update.version)
    }
    if early.count > Self.earlyMax { early.removeFirst() }
  }
}
