import History
import Glomers
import Lab
import Workloads

/// A counter of adds that each have a source and a number: stored, told to peers, and told again after a kill.
private struct MutableDurableCounter: MutableNode {
  typealias Message = Talk<Counter>
  typealias Record = Kept<Talk<Counter>>
  enum Mutation: String {
    case numbersAgain = "numbers-again", keepsTheSumToo = "keeps-the-sum-too", storesNoNumbers =
      "stores-no-numbers"
  }
  enum Call: Equatable { case told }

  private let mutation: Mutation?
  private let cluster: Cluster
  private var sum = 0
  private var addCount = 0
  private var adds: [JSON] = []
  /// The sources and numbers of adds.
  private var known: Set<JSON> = []

  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
    for case .peer(.array(let adds)) in records.map(\.message) {
      for add in adds { _ = take(add.array!) }
    }
    let own = adds.filter { $0.array![0].string == cluster.me.name }
    addCount = mutation == .numbersAgain ? 0 : own.count
    if mutation == .storesNoNumbers { known = [] }
    if !adds.isEmpty { tell(adds, &context) }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.add(let delta)):
      addCount += 1
      let add: [JSON] = [.string(cluster.me.name), .integer(addCount), .integer(delta)]
      if take(add) { context.persist(Kept(.peer([.array(add)]))) }
      tell([.array(add)], &context)
      context.reply(.client(.addOk), to: request)
    case .client(.read): context.reply(.client(.readOk(sum)), to: request)
    case .peer(.array(let news)):
      for add in news.compactMap(\.array) where take(add) { context.persist(Kept(.peer([.array(add)]))) }
      context.reply(.peer(.null), to: request)
    default: break
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}

  /// Whether it was new.
  private mutating func take(_ add: [JSON]) -> Bool {
    guard known.insert(.array(Array(add.prefix(2)))).inserted else { return false }
    sum += add[2].integer!
    adds.append(.array(add))
    return true
  }

  private func tell(_ news: [JSON], _ context: inout Context<Self>) {
    for peer in cluster.peers {
      context.call(peer, .peer(.array(news)), then: .told, .untilAnswered(every: .milliseconds(500)))
    }
  }

  var checkpoint: [Record]? {
    let total: JSON = [.string(cluster.me.name), "sum", .integer(sum)]
    return [Kept(.peer(.array(mutation == .keepsTheSumToo ? adds + [total] : adds)))]
  }
}

extension Mutant {
  static let durableCounters = [
    Mutant(
      MutableDurableCounter.self, .numbersAgain, "numbers its adds from one again after a kill",
      shows: "wrong-total", in: .gCounter, kills),
    Mutant(
      MutableDurableCounter.self, .storesNoNumbers, "recovers the sum, and not which adds are in it",
      shows: "wrong-total", in: .gCounter, kills),
    Mutant(
      MutableDurableCounter.self, .keepsTheSumToo,
      "puts the sum into a checkpoint beside the adds it is made of",
      shows: "wrong-total", in: .pnCounter, kills),
  ]
}
