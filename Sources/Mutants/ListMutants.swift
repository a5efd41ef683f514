import History
import Glomers
import Lab
import Workloads

/// Lists at the first node. A transaction fetches what it needs in one step, and commits in another if nothing has
/// changed meanwhile: optimistic concurrency control (Kung and Robinson, TODS 1981), strictly serializable. Commits are
/// stored.
private struct MutableLists: MutableNode {
  typealias Message = Talk<Transactions>
  typealias Record = Kept<Talk<Transactions>>
  enum Mutation: String {
    case checksWritesOnly = "checks-writes-only"
    case checksNothing = "checks-nothing"
    case commitsInParts = "commits-in-parts"
    case commitsAgain = "commits-again"
    case leavesAppends = "leaves-appends"
    case readsCopies = "reads-copies"
    case appendsAsTheyCome = "appends-as-they-come"
    case storesInParts = "stores-in-parts"
  }
  enum Call: Equatable {
    case fetched([MicroOperation], Request)
    case committed([MicroOperation], Request)
    case told
  }

  enum Timer: Hashable { case store([JSON]) }

  private static let patience = Retry.giveUp(after: .seconds(2))

  private let mutation: Mutation?
  private let cluster: Cluster
  /// At other nodes than the first one, copies of what was fetched last.
  private var lists: [JSON: [JSON]] = [:]

  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
    for case .peer(.array(let appends)) in records.map(\.message) { append(appends) }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.txn(let operations)): begin(operations, request, &context)
    case .peer(.array(let parts)) where parts[0] == "fetch":
      context.reply(.peer(.array(parts[1].array!.map { .array(lists[$0] ?? []) })), to: request)
    case .peer(.array(let parts)):
      if commit(parts[0].array!, parts[1].array!, &context) {
        context.reply(.peer(.null), to: request)
      } else {
        context.fail(.txnConflict("another transaction came first"), to: request)
      }
    default: break
    }
  }

  private mutating func begin(
    _ operations: [MicroOperation], _ request: Request, _ context: inout Context<Self>
  ) {
    let isFirst = cluster.me == cluster.nodes[0]
    let readsOnly = operations.allSatisfy { !$0.isAppend }
    guard isFirst || mutation == .appendsAsTheyCome || mutation == .readsCopies && readsOnly else {
      let question: JSON = ["fetch", .array(operations.map(\.key))]
      return context.call(
        cluster.nodes[0], .peer(question), then: .fetched(operations, request), Self.patience)
    }
    let (answer, appends) = run(operations)
    _ = commit([], appends, &context)
    if mutation == .appendsAsTheyCome {
      for peer in cluster.peers {
        let news = Message.peer([[], .array(appends)])
        context.call(peer, news, then: .told, .giveUp(after: .seconds(10)))
      }
    }
    context.reply(.client(.txnOk(answer)), to: request)
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {
    switch (call, outcome) {
    case (.fetched(let operations, let request), .success(.peer(.array(let fetched)))):
      for (operation, list) in zip(operations, fetched) { lists[operation.key] = list.array! }
      let (answer, appends) = run(operations)
      propose(operations, answer, appends, request, &context)
    case (.committed(let answer, let request), .success): context.reply(.client(.txnOk(answer)), to: request)
    case (.committed(_, let request), .failure(let error)), (.fetched(_, let request), .failure(let error)):
      context.fail(error, to: request)
    case (.told, _), (.fetched, .success): break
    }
  }

  private func propose(
    _ operations: [MicroOperation], _ answer: [MicroOperation], _ appends: [JSON], _ request: Request,
    _ context: inout Context<Self>
  ) {
    let checked =
      switch mutation {
      case .checksNothing, .commitsInParts, .commitsAgain: [MicroOperation]()
      case .checksWritesOnly: operations.filter(\.isAppend)
      default: operations
      }
    let seen = checked.map { JSON.array([$0.key, .integer(lists[$0.key]?.count ?? 0)]) }
    let parts = mutation == .commitsInParts ? appends.map { [$0] } : [appends]
    for part in parts.dropLast() { context.send(.peer([[], .array(part)]), to: cluster.nodes[0]) }
    context.call(
      cluster.nodes[0], .peer([.array(seen), .array(parts.last ?? [])]), then: .committed(answer, request),
      mutation == .commitsAgain ? .untilAnswered(every: .milliseconds(500)) : Self.patience)
  }

  /// What a transaction finds on the lists that are here, and what it appends: pairs of a key and a value.
  private func run(_ operations: [MicroOperation]) -> (answer: [MicroOperation], appends: [JSON]) {
    var appends: [(key: JSON, value: JSON)] = []
    let answer = operations.map { operation in
      switch operation {
      case .read(let key, _):
        return MicroOperation.read(
          key: key, value: .array((lists[key] ?? []) + appends.filter { $0.key == key }.map(\.value)))
      case .append(let key, let value), .write(let key, let value):
        appends.append((key, value))
        return operation
      }
    }
    return (answer, appends.map { [$0.key, $0.value] })
  }

  /// False, and nothing done, where a list is no longer as long as it was seen.
  private mutating func commit(_ seen: [JSON], _ appends: [JSON], _ context: inout Context<Self>) -> Bool {
    let isUnchanged = seen.compactMap(\.array).allSatisfy { .integer(lists[$0[0]]?.count ?? 0) == $0[1] }
    guard isUnchanged || mutation == .leavesAppends else { return false }
    append(appends)
    if mutation == .storesInParts, appends.count > 1 {
      context.persist(Kept(.peer([appends[0]])))
      context.wake(.store(Array(appends.dropFirst())), at: context.now + .milliseconds(200))
    } else if !appends.isEmpty {
      context.persist(Kept(.peer(.array(appends))))
    }
    return isUnchanged
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    if case .store(let appends) = timer { context.persist(Kept(.peer(.array(appends)))) }
  }

  private mutating func append(_ appends: [JSON]) {
    for append in appends.compactMap(\.array) { lists[append[0], default: []].append(append[1]) }
  }
}

extension MicroOperation {
  fileprivate var key: JSON {
    switch self {
    case .read(let key, _), .write(let key, _), .append(let key, _): key
    }
  }

  fileprivate var isAppend: Bool {
    if case .append = self { true } else { false }
  }
}

extension Mutant {
  static let lists = [
    Mutant(
      MutableLists.self, .checksWritesOnly, "checks what a transaction appends to, and not what it reads",
      shows: "G2-item", in: .txnListAppend
    ) { $0.consistencyModels = ["serializable"] },
    Mutant(
      MutableLists.self, .checksNothing, "commits without a look at what has changed", shows: "lost-update",
      in: .txnListAppend
    ) { $0.consistencyModels = ["serializable"] },
    Mutant(
      MutableLists.self, .commitsInParts, "commits the appends of a transaction one by one", shows: "G0",
      in: .txnListAppend
    ) { $0.consistencyModels = ["read-uncommitted"] },
    Mutant(
      MutableLists.self, .commitsAgain, "repeats a commit that was not answered, and appends again",
      shows: "duplicate-elements", in: .txnListAppend
    ) { $0.faults = [.loss] },
    Mutant(
      MutableLists.self, .leavesAppends, "refuses a transaction, and leaves its appends", shows: "G1a",
      in: .txnListAppend
    ) { $0.consistencyModels = ["read-committed"] },
    Mutant(
      MutableLists.self, .readsCopies, "answers reads from what it has fetched last",
      shows: "G-single-item-realtime", in: .txnListAppend),
    Mutant(
      MutableLists.self, .appendsAsTheyCome, "appends at each node in the order in which news come",
      shows: "incompatible-order", in: .txnListAppend
    ) { $0.consistencyModels = ["read-committed"] },
    Mutant(
      MutableLists.self, .storesInParts,
      "stores the first append of a transaction at once, and the others later",
      shows: "G-single-item",
      in: .txnListAppend
    ) {
      kills(&$0)
      $0.consistencyModels = ["serializable"]
    },
  ]
}
