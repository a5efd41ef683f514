import History
import Glomers
import Lab
import Nodes
import Simulator
import Workloads
import Checkers

/// Whole transactions on the local replica, stored, and told to all; of two writes the one with the later Lamport stamp
/// wins.
private struct MutableTransactions: MutableNode {
  typealias Message = Talk<Transactions>
  typealias Record = Kept<Talk<Transactions>>
  enum Mutation: String {
    case lastComesLast = "last-comes-last"
    case breaksNoTies = "breaks-no-ties"
    case trustsTheClock = "trusts-the-clock"
    case tellsEachWrite = "tells-each-write"
    case tellsByTheKey = "tells-by-the-key"
    case abortsLate = "aborts-late"
    case readsThePast = "reads-the-past"
    case answersTheRest = "answers-the-rest"
    case waitsForAll = "waits-for-all"
    case forgetsTheTime = "forgets-the-time"
  }
  enum Call: Equatable { case told(Int) }

  private struct Stamp: Comparable {
    var time: Int
    var node: String

    static func < (a: Stamp, b: Stamp) -> Bool { (a.time, a.node) < (b.time, b.node) }
  }

  private let mutation: Mutation?
  private let cluster: Cluster
  private var clock = 0
  private var transactionCount = 0
  /// By transaction: how many peers have yet to answer, and what the client is told then.
  private var waiting: [Int: (count: Int, request: Request, answer: Message)] = [:]
  private var registers: [JSON: (value: JSON, stamp: Stamp)] = [:]

  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
    var all: [JSON] = []
    for case .peer(.array(let news)) in records.map(\.message) { all += news }
    for news in all { take(news) }
    if !all.isEmpty { tell([all], &context) }
    if mutation == .forgetsTheTime { clock = 0 }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.txn(let operations)):
      transactionCount += 1
      let answer = execute(operations, &context)
      if mutation == .waitsForAll, operations.contains(where: \.isWrite) {
        waiting[transactionCount] = (cluster.peers.count, request, .client(.txnOk(answer)))
      } else if mutation == .abortsLate, transactionCount.isMultiple(of: 10) {
        context.fail(.abort("too busy"), to: request)
      } else {
        context.reply(.client(.txnOk(answer)), to: request)
      }
    case .peer(.array(let news)):
      for news in news { take(news) }
      context.persist(Kept(.peer(.array(news))))
      context.reply(.peer(.null), to: request)
    default: break
    }
  }

  private mutating func execute(
    _ operations: [MicroOperation], _ context: inout Context<Self>
  ) -> [MicroOperation] {
    clock += 1
    if mutation == .trustsTheClock { clock = Int(context.now.nanoseconds / 1000) }
    let stamp = Stamp(time: clock, node: cluster.me.name)
    let before = registers.mapValues(\.value)
    var writes: [(key: JSON, value: JSON)] = []
    var answer: [MicroOperation] = []
    for operation in operations {
      switch operation {
      case .read(let key, _):
        let own = mutation == .readsThePast ? nil : writes.last { $0.key == key }?.value
        answer.append(.read(key: key, value: own ?? before[key] ?? .null))
      case .write(let key, let value):
        if mutation != .tellsEachWrite { writes.removeAll { $0.key == key } }
        if mutation == .answersTheRest { answer.removeAll { $0.writes(key) } }
        writes.append((key, value))
        answer.append(operation)
      case .append: break
      }
    }
    let all = writes.map { JSON.array([$0.key, $0.value]) }
    let isToldWhole = mutation != .tellsEachWrite && mutation != .tellsByTheKey
    if !all.isEmpty {
      let whole = news(all, stamp)
      take(whole)
      context.persist(Kept(.peer([whole])))
      tell(isToldWhole ? [[whole]] : all.map { [news([$0], stamp)] }, &context)
    }
    return answer
  }

  private func news(_ writes: [JSON], _ stamp: Stamp) -> JSON {
    [.integer(stamp.time), .string(stamp.node), .array(writes)]
  }

  /// Tells all peers in as many messages as there are parts.
  private func tell(_ parts: [[JSON]], _ context: inout Context<Self>) {
    for part in parts {
      for peer in cluster.peers {
        context.call(
          peer, .peer(.array(part)), then: .told(transactionCount), .untilAnswered(every: .milliseconds(500)))
      }
    }
  }

  private mutating func take(_ news: JSON) {
    let stamp = Stamp(time: news.array![0].integer!, node: news.array![1].string!)
    if mutation != .trustsTheClock { clock = max(clock, stamp.time) }
    for write in news.array![2].array!.compactMap(\.array) {
      if let held = registers[write[0]]?.stamp {
        switch mutation {
        case .lastComesLast: break
        case .breaksNoTies: if held.time > stamp.time { continue }
        // Writes of one transaction come in any order.
        case .tellsEachWrite: if held > stamp { continue }
        default: if held >= stamp { continue }
        }
      }
      registers[write[0]] = (write[1], stamp)
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {
    guard case .told(let number) = call, let (count, request, answer) = waiting[number] else { return }
    waiting[number]!.count = count - 1
    if count == 1 { context.reply(answer, to: request) }
  }
}

extension MicroOperation {
  fileprivate var isWrite: Bool {
    if case .write = self { true } else { false }
  }

  fileprivate func writes(_ key: JSON) -> Bool {
    if case .write(key, _) = self { true } else { false }
  }
}

extension Mutant {
  static let transactions = [
    Mutant(
      MutableTransactions.self, .lastComesLast, "lets the write that comes last win",
      shows: "diverged-replicas",
      in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .breaksNoTies,
      "has Lamport times without the node, and ties go to the last to come",
      shows: "diverged-replicas", in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .trustsTheClock, "stamps by each node's own clock", shows: "forgotten-write",
      in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .tellsEachWrite, "tells each write at once, overwritten ones included",
      shows: "G1b", in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .tellsByTheKey, "tells the writes of a transaction one by one",
      shows: "fractured-read", in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .abortsLate, "aborts a transaction, and keeps its writes", shows: "G1a",
      in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .readsThePast, "does not show a transaction its own writes",
      shows: "internal",
      in: .txnRWRegister
    ) { $0.consistencyModels = ["read-atomic"] },
    Mutant(
      MutableTransactions.self, .answersTheRest, "leaves overwritten writes out of the answer",
      shows: "altered-transaction", in: .txnRWRegister, committed),
    Mutant(
      MutableTransactions.self, .waitsForAll,
      "answers when all have heard of a write, so nobody in a partition",
      shows: "unavailable", in: .txnRWRegister
    ) {
      committed(&$0)
      $0.faults = [.partition]
      $0.availability = .total
      $0.nemesisInterval = .seconds(8)
    },
    Mutant(
      MutableTransactions.self, .forgetsTheTime, "starts its Lamport clock at 0 again after a kill",
      shows: "forgotten-write", in: .txnRWRegister
    ) {
      committed(&$0)
      kills(&$0)
      $0.nodeCount = 1
    },
    Mutant(
      "claims-to-be-serializable",
      "runs whole transactions without coordination: the shipped node, asked too much",
      shows: "lost-update", in: .txnRWRegister,
      { $0.consistencyModels = ["serializable"] },
      run: { Simulation<TransactionNode>.outcomeByCommonCode($0, trace: $1) },
      original: {
        var scenario = $0
        committed(&scenario)
        return Simulation<TransactionNode>.outcomeByCommonCode(scenario)
      },
      played: { Simulation<TransactionNode>.playedByCommonCode($0) }),
  ]

  private static func committed(_ scenario: inout Scenario) {
    scenario.consistencyModels = ["read-committed"]
    scenario.demands = Demand.ofTransactions
  }
}
