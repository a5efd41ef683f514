public import Glomers
internal import Raft
internal import Replication
public import Workloads

/// Strict-serializable transactions on lists over a linearizable store, without state of the node's own: the way of
/// Maelstrom's guide, chapter 5, and of Datomic. Optimistic concurrency control (Kung & Robinson: *On optimistic methods for
/// concurrency control*, TODS 1981): a node computes on what it has read, and one compare-and-set decides whether that still
/// holds. The node to compare ``ListTransactionNode`` with.
///
/// The store has lists and directories, each under an id that is used once, so that both never change and are kept in memory
/// without asking again. A *directory* says which list each key has, and which directory it replaces. The *root*, one key
/// of the store, has the id of the directory in force.
///
/// 1. Transactions that come while the node is busy wait, and are carried out together, one after the other.
/// 2. The node reads the root, the directory that it names, and the lists that the transactions name.
/// 3. Where nothing changes, the node answers: the root was read after the transactions came.
/// 4. Otherwise it writes the changed lists and the new directory under new ids, and then changes the root by
///    compare-and-set.
/// 5. If the root has changed meanwhile, it begins again at step 2, after a random pause that grows.
///
/// *Unknown outcomes.* No id comes back once it is replaced. So after a compare-and-set that had no answer the node reads the
/// root, and is certain: its own directory there, or behind the one that is there, tells that the transactions happened; the
/// old one tells that the compare-and-set can be sent again; anything else that it never will happen.
///
/// *Clients that have gone.* The node asks again each second, for as long as a client of the batch waits. Lists and
/// directories that lost, or were replaced, stay in the store: it can't delete.
public struct ListsOnLinKVNode: Node {
  public typealias Message = Transactions

  public enum Ask: Equatable, Sendable {
    case root, swap
    /// What is under an id, to be known.
    case read(JSON)
    /// A list or a directory that is new.
    case write(JSON)
  }

  public enum Timer: Hashable, Sendable { case retry }

  public static let options = ListTransactionNode.options

  struct Waiting: Sendable {
    let operations: [MicroOperation]
    let request: Request
  }

  /// What the root is to be changed to, and what the clients are told then.
  struct Proposal: Sendable {
    let old: JSON
    let id: JSON
    let answers: [Transactions]
    /// What has to be in the store first, by id.
    var unwritten: [JSON: JSON]
  }

  static let root: JSON = "root"
  /// How long the store may take before it is asked again. Everything that it is asked may be asked twice.
  static let patience = Retry.giveUp(after: .seconds(1))
  /// More transactions wait at no node.
  static let waitingMax = 4096
  /// So many transactions are carried out together.
  static let batchMax = 256
  /// More than these are forgotten but for the latest directory, and read again where they are needed.
  static let knownMax = 8192
  /// The first pause after a conflict is up to this long; each further one up to twice as long, five times.
  static let pauseMin = Duration.milliseconds(5)

  private let incarnation: Incarnation
  private var lastID = 0
  private var waiting: [Waiting] = []
  /// Those that are being carried out. Not empty while the store is asked.
  private var batch: [Waiting] = []
  private var proposal: Proposal?
  /// What was read at the root last.
  private var seen: JSON = .null
  private var conflictCount = 0
  /// What is under an id.
  private var lists: [JSON: [JSON]] = [:]
  private var directories: [JSON: Directory] = [:]
  /// Ids that the store was asked for, and that step 2 waits for.
  private var missing: Set<JSON> = []

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    incarnation = Incarnation(of: cluster.me, &context.random)
  }

  public mutating func receive(
    _ message: Transactions, _ request: Request, _ context: inout Context<Self>
  ) {
    let purpose = Lists.purpose(of: message)
    if case .refused(let error) = purpose { return context.fail(error, to: request) }
    guard case .txn(let operations) = message, waiting.count < Self.waitingMax else {
      return context.fail(.temporarilyUnavailable("too many transactions wait: ask again later"), to: request)
    }
    waiting.append(Waiting(operations: operations, request: request))
    if batch.isEmpty { begin(&context) }
  }

  public mutating func wake(_ timer: Timer, _ context: inout Context<Self>) { attempt(&context) }

  public mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    switch (ask, outcome) {
    case (_, .failure(let error)) where error.code == 0: askAgain(ask, &context)
    case (.root, .success(.readOk(let id))): found(id, &context)
    case (.root, .failure(let error)) where error.code == 20: found(.null, &context)
    case (.read(let id), .success(.readOk(let value))):
      guard missing.remove(id) != nil else { return }
      if let directory = Directory(value) {
        directories[id] = directory
      } else {
        lists[id] = value.array ?? []
      }
      if missing.isEmpty { look(&context) }
    case (.write(let id), .success):
      guard proposal?.unwritten.removeValue(forKey: id) != nil, proposal!.unwritten.isEmpty else { return }
      swap(&context)
    case (.swap, .success):
      guard let proposal else { return }
      seen = proposal.id
      finish(proposal.answers, &context)
    // Only a success is believed: of two copies one fails.
    case (.swap, .failure): read(&context)
    case (_, .failure(let error)): refuse(error, &context)
    case (_, .success): refuse(.abort("an answer to another question"), &context)
    }
  }
}

/// The steps.
extension ListsOnLinKVNode {
  /// 1. Takes those that wait.
  private mutating func begin(_ context: inout Context<Self>) {
    guard !waiting.isEmpty else { return }
    batch = Array(waiting.prefix(Self.batchMax))
    waiting.removeFirst(batch.count)
    conflictCount = 0
    read(&context)
  }

  /// 2. Reads the root.
  private mutating func read(_ context: inout Context<Self>) {
    context.ask(.linKV, .read(key: Self.root), then: .root, Self.patience)
  }

  private mutating func found(_ id: JSON, _ context: inout Context<Self>) {
    guard !batch.isEmpty, missing.isEmpty, proposal?.unwritten.isEmpty ?? true else { return }
    seen = id
    look(&context)
  }

  /// Goes on once all is known that the next step needs.
  private mutating func look(_ context: inout Context<Self>) {
    guard !batch.isEmpty else { return }
    if let proposal {
      if seen == proposal.old { return swap(&context) }
      switch isBehind(proposal) {
      case .unknown(let id): return ask(for: [id], &context)
      case .yes: return finish(proposal.answers, &context)
      case .no: return conflict(&context)
      }
    }
    guard seen != .null else { return carryOut(on: Directory(), &context) }
    guard let directory = directories[seen] else { return ask(for: [seen], &context) }
    let ids = batch.flatMap { $0.operations.compactMap { directory.lists[$0.key] } }
    let unknown = Set(ids.filter { lists[$0] == nil })
    if unknown.isEmpty { carryOut(on: directory, &context) } else { ask(for: unknown, &context) }
  }

  private mutating func ask(for ids: Set<JSON>, _ context: inout Context<Self>) {
    missing = ids
    for id in ids.sorted(by: { $0.string ?? "" < $1.string ?? "" }) {
      context.ask(.linKV, .read(key: id), then: .read(id), Self.patience)
    }
  }

  private enum Finding { case yes, no, unknown(JSON) }

  /// Whether the directory in force is the proposed one, or has come after it.
  private func isBehind(_ proposal: Proposal) -> Finding {
    var id = seen
    while id != proposal.old, id != .null {
      if id == proposal.id { return .yes }
      guard let directory = directories[id] else { return .unknown(id) }
      id = directory.previous
    }
    return .no
  }

  /// 3., 4. Carries the transactions out one after the other.
  private mutating func carryOut(on directory: Directory, _ context: inout Context<Self>) {
    var changed: [JSON: [JSON]] = [:]
    var answers: [Transactions] = []
    for transaction in batch {
      var answer: [MicroOperation] = []
      for operation in transaction.operations {
        let key = operation.key
        var list: [JSON]? { changed[key] ?? directory.lists[key].map { lists[$0]! } }
        if case .append(_, let element) = operation {
          changed[key] = (list ?? []) + [element]
          answer.append(operation)
        } else {
          answer.append(.read(key: key, value: list.map { .array($0) } ?? .null))
        }
      }
      answers.append(.txnOk(answer))
    }
    if changed.isEmpty { return finish(answers, &context) }
    var next = directory
    next.previous = seen
    var unwritten: [JSON: JSON] = [:]
    for (key, list) in changed.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      let id = newID()
      next.lists[key] = id
      lists[id] = list
      unwritten[id] = .array(list)
    }
    let id = newID()
    directories[id] = next
    unwritten[id] = next.json
    proposal = Proposal(old: seen, id: id, answers: answers, unwritten: unwritten)
    for id in unwritten.keys.sorted(by: { $0.string! < $1.string! }) { write(id, &context) }
  }

  private mutating func newID() -> JSON {
    lastID += 1
    return .string("\(incarnation.name)/\(lastID)")
  }

  private func write(_ id: JSON, _ context: inout Context<Self>) {
    guard let value = proposal?.unwritten[id] else { return }
    context.ask(.linKV, .write(key: id, value: value), then: .write(id), Self.patience)
  }

  private func swap(_ context: inout Context<Self>) {
    guard let proposal else { return }
    let cas = KV.cas(
      key: Self.root, from: proposal.old, to: proposal.id, createIfNotExists: proposal.old == .null)
    context.ask(.linKV, cas, then: .swap, Self.patience)
  }

  /// 5. The proposal lost, for certain.
  private mutating func conflict(_ context: inout Context<Self>) {
    proposal = nil
    conflictCount += 1
    let pauseMax = Self.pauseMin * (1 << min(conflictCount - 1, 5))
    let pause = Int64.random(in: 0...pauseMax.nanoseconds, using: &context.random)
    context.wake(.retry, at: context.now + .nanoseconds(pause))
  }

  private mutating func attempt(_ context: inout Context<Self>) {
    let (late, timely) = batch.parted { $0.request.isAwaited(at: context.now + .milliseconds(500)) }
    for transaction in late {
      let error = RPCError.txnConflict(
        "others changed the root first, \(conflictCount) times: try again later")
      context.fail(error, to: transaction.request)
    }
    batch = timely
    if batch.isEmpty { begin(&context) } else { read(&context) }
  }

  private mutating func finish(_ answers: [Transactions], _ context: inout Context<Self>) {
    for (transaction, answer) in zip(batch, answers) { context.reply(answer, to: transaction.request) }
    drop(&context)
  }

  /// The store answers with an error that it should not have.
  private mutating func refuse(_ error: RPCError, _ context: inout Context<Self>) {
    let mayHaveHappened = proposal?.unwritten.isEmpty ?? false
    for transaction in batch {
      context.fail(
        mayHaveHappened
          ? .timeout("it may have happened: \(Service.linKV.rawValue) answers \(error)")
          : .temporarilyUnavailable("\(Service.linKV.rawValue) answers \(error)"), to: transaction.request)
    }
    drop(&context)
  }

  private mutating func drop(_ context: inout Context<Self>) {
    batch = []
    proposal = nil
    missing = []
    if lists.count > Self.knownMax { lists = [:] }
    if directories.count > 64 { directories = directories.filter { $0.key == seen } }
    begin(&context)
  }

  /// The store has not answered.
  private mutating func askAgain(_ ask: Ask, _ context: inout Context<Self>) {
    // What clients have given up is indeterminate to them, and nothing more is made of it.
    guard batch.contains(where: { $0.request.isAwaited(at: context.now) }) else { return drop(&context) }
    switch ask {
    case .root, .swap: read(&context)
    case .read(let id):
      if missing.contains(id) { context.ask(.linKV, .read(key: id), then: ask, Self.patience) }
    case .write(let id): write(id, &context)
    }
  }
}

/// Which list each key has.
struct Directory: Equatable, Sendable {
  var previous: JSON = .null
  /// By key, the id of its list.
  var lists: [JSON: JSON] = [:]

  init() {}

  /// `{"previous": id, "lists": [[key, id], …]}`; nil for anything else.
  init?(_ json: JSON) {
    guard let pairs = json["lists"]?.array else { return nil }
    previous = json["previous"] ?? .null
    for pair in pairs.compactMap(\.array) where pair.count == 2 { lists[pair[0]] = pair[1] }
  }

  var json: JSON {
    let pairs = lists.sorted { ($0.value.string ?? "") < ($1.value.string ?? "") }
    return ["previous": previous, "lists": .array(pairs.map { [$0.key, $0.value] })]
  }
}

extension MicroOperation {
  fileprivate var key: JSON {
    switch self {
    case .read(let key, _), .write(let key, _), .append(let key, _): key
    }
  }
}

extension Array {
  /// Those for which something does not hold, and those for which it does, in order.
  fileprivate func parted(by holds: (Element) -> Bool) -> (others: [Element], those: [Element]) {
    (filter { !holds($0) }, filter(holds))
  }
}
