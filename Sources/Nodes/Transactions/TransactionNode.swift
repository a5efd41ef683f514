public import Glomers
public import Replication
public import Wire
public import Workloads

/// Gossip Glomers 6: transactions over registers that every node answers at once, whatever the network does.
///
/// A node runs the whole transaction on its own replica, gives it one Lamport stamp, and tells its peers about it
/// with the next batch (``Dissemination``). The later stamp wins, key by key, so all nodes come to hold the same.
/// A batch is taken in as a whole, and not before everything that its sender held when it sent it is here
/// (`RegisterStore.swift`). So clients get more than read committed: they see all of a transaction or nothing
/// (monotonic atomic view: Bailis et al., *Highly available transactions*, VLDB 2013), causes before effects, and, as
/// a client stays with its node, its own writes. Lost updates and write skew remain: no available system excludes them.
///
/// A node that was started gives no stamps before it holds what its peers held then, or a second has passed: they would be
/// too early. Until then its transactions are carried out, and their writes stand above all others.
///
/// With a data directory nothing that was acknowledged, or told to a peer, is lost by a kill, nor is a transaction ever
/// recovered in part (``CommitRecord``). Without one, a node comes back empty and is sent what the others hold; what it
/// alone held is lost.
///
/// With `--isolation strict-serializable`, ``StrictTransactionNode`` takes this node's place.
///
/// Limit: an update is taken in as a whole, and so it is sent as a whole: ``Pace/messageBytes`` does not bound it.
public struct TransactionNode: Node, ReplicatingNode {
  public enum Message: Equatable, Sendable {
    case client(Transactions)
    case update(Update)
  }

  /// What a replica tells a peer: `deltas` and what the peer is thought to hold make up everything that the sender holds.
  public struct Update: Equatable, Sendable {
    public let deltas: [CommitDelta]
    public let advertisement: Advertisement
    /// What the sender holds.
    public var version: VersionVector { advertisement.version }

    public init(_ deltas: [CommitDelta], _ advertisement: Advertisement) {
      self.deltas = deltas
      self.advertisement = advertisement
    }
  }

  public typealias Record = CommitRecord
  public typealias Invariants = ReplicaInvariants<TransactionNode>

  public enum Timer: Hashable, Sendable {
    case round
  }

  public static let period = Option(
    "period", .duration(.milliseconds(50), in: .milliseconds(1) ... .seconds(3600)),
    "How often peers are told of new transactions: the longer, the fewer messages.")
  public static let isolation = Option(
    "isolation", .choice("local", of: ["local", "strict-serializable"]),
    "What transactions are held to: local answers at once, strict-serializable needs a majority of the nodes."
  )
  public static let options = [isolation, period] + Pace.options

  private(set) var store = RegisterStore()
  public private(set) var dissemination: Dissemination
  /// Updates that came before what they rest on.
  private var early: [Update] = []
  /// What is left out is asked for again.
  private static var earlyMax: Int { 64 }

  public init(
    _ cluster: Cluster, recovering records: [CommitRecord], _ context: inout Context<TransactionNode>
  ) {
    let period = cluster.duration(Self.period)
    dissemination = Dissemination(
      cluster, Pace(cluster, period: period, timeout: period * 6),
      recovering: .everything(answers: 0, answersIfFresh: 0), &context.random, at: context.now)
    var origin = dissemination.incarnation
    for record in records {
      if case .origin(let next) = record { origin = next }
      store.recover(record, as: origin)
    }
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
      if dissemination.admits(update.advertisement, from: request.source) {
        take(update, &context)
        dissemination.heard(
          update.advertisement, from: request.source, holding: store.version, at: context.now)
      }
    }
    schedule(&context)
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<TransactionNode>) {
    for push in dissemination.round(holding: store.version, at: context.now) {
      let deltas = store.deltas(since: push.since).filter { push.includes($0.origin) }
      var ends = VersionVector()
      for delta in deltas { ends[delta.origin] = store.version[delta.origin] }
      let bytes = deltas.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.encodedBytes } }
      let advertisement = dissemination.sent(
        bytes: min(bytes, push.bytesMax), ends: ends, isComplete: true, of: store.version, in: push)
      context.send(.update(Update(deltas, advertisement)), to: push.peer)
    }
    schedule(&context)
  }

  public func answer(reading message: Message) -> Outcome<Message>? {
    guard case .client(.txn(let operations)) = message else { return nil }
    var answer: [MicroOperation] = []
    for operation in operations {
      guard case .read(let key, _) = operation else { return nil }
      answer.append(.read(key: key, value: store[key]))
    }
    return .success(.client(.txnOk(answer)))
  }

  public var checkpoint: [CommitRecord]? { store.checkpoint(of: dissemination.stream) }
  /// The time of the last transaction of each stream.
  public var held: VersionVector { store.version }
  /// Of transactions only the last writes are kept.
  public func entry(_ number: Int, of stream: Incarnation) -> Commit? { nil }

  private mutating func schedule(_ context: inout Context<TransactionNode>) {
    if let stream = dissemination.settle(holding: store.version, at: context.now) {
      context.persist(.origin(stream))
      let stamped = store.stamp(in: stream)
      if !stamped.isEmpty { context.persist(.stamped(stamped)) }
    }
    guard let due = dissemination.schedule(holding: store.version, at: context.now) else { return }
    context.wake(.round, at: due)
  }

  /// Carries out a transaction; nil if a part of it makes no sense here, and then none of it has happened.
  private mutating func execute(
    _ operations: [MicroOperation], _ context: inout Context<TransactionNode>
  ) -> [MicroOperation]? {
    var writes = WriteSet()
    var answer: [MicroOperation] = []
    answer.reserveCapacity(operations.count)
    for operation in operations {
      switch operation {
      case .read(let key, _):
        answer.append(.read(key: key, value: writes[key] ?? store[key]))
      case .write(let key, let value):
        writes.add(Commit.Write(key: key, value: value))
        answer.append(operation)
      case .append: return nil
      }
    }
    if writes.all.isEmpty { return answer }
    if let stream = dissemination.stream {
      let commit = store.commit(writes.all, from: stream)
      context.persist(.own(commit))
    } else {
      store.add(writes.all)
      context.persist(.unstamped(writes.all))
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

/// What a transaction has written so far: of each key the last, in the order in which it first wrote to them.
private struct WriteSet {
  /// So many are looked through faster than a dictionary finds one.
  private static let fewMax = 16

  private(set) var all: [Commit.Write] = []
  private var places: [JSON: Int] = [:]

  subscript(key: JSON) -> JSON? { place(of: key).map { all[$0].value } }

  mutating func add(_ write: Commit.Write) {
    if let place = place(of: write.key) {
      all[place] = write
      return
    }
    all.append(write)
    guard all.count > Self.fewMax else { return }
    let new = all.count == Self.fewMax + 1 ? 0 : all.count - 1
    for place in new..<all.count { places[all[place].key] = place }
  }

  private func place(of key: JSON) -> Int? {
    guard all.count <= Self.fewMax else { return places[key] }
    for place in all.indices where all[place].key == key { return place }
    return nil
  }
}

extension TransactionNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    self =
      type == "update" ? .update(try .init(from: body)) : .client(try Transactions(type: type, body: body))
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .update(let update): update.write(to: &body)
    }
  }
}

extension TransactionNode.Update {
  init(from body: JSONObject) throws(WireError) {
    let advertisement = try Advertisement(from: body)
    let version = advertisement.version
    // Far from overflow, so that a clock can always go on.
    guard version.sorted.allSatisfy({ $0.count < 1 << 53 }) else { throw .malformed("no such time") }
    let deltas = try CommitDelta.read(from: body)
    for delta in deltas {
      var last = delta.after
      for commit in delta.entries {
        guard commit.time > last, commit.time <= version[delta.origin] else {
          throw .malformed("the times of commits rise, up to the version")
        }
        last = commit.time
      }
    }
    self.init(deltas, advertisement)
  }

  func write(to body: inout JSONWriter) {
    body.member("type", "update")
    CommitDelta.write(deltas, to: &body)
    advertisement.write(to: &body)
  }
}

/// `[time, key, value, key, value, …]`
extension Commit: DeltaEntry {
  public static func read(_ elements: JSONArray) throws(WireError) -> [Commit] {
    var commits: [Commit] = []
    commits.reserveCapacity(elements.count)
    for element in elements {
      guard let parts = element.array, parts.count % 2 == 1, let time = parts[0].integer else {
        throw .malformed("a commit is [time, key, value, …]")
      }
      var writes: [Write] = []
      writes.reserveCapacity(parts.count / 2)
      var rest = parts.makeIterator()
      _ = rest.next()
      while let key = rest.next(), let value = rest.next() {
        writes.append(Write(key: key.value, value: value.value))
      }
      commits.append(Commit(time: time, writes: writes))
    }
    return commits
  }

  /// An upper bound of the length on the wire, in bytes.
  var encodedBytes: Int { writes.reduce(24) { $0 + $1.key.encodedBytes + $1.value.encodedBytes } }

  public func write(to elements: inout JSONWriter) {
    elements.beginArray()
    elements.integer(time)
    for write in writes {
      elements.value(write.key)
      elements.value(write.value)
    }
    elements.endArray()
  }
}
