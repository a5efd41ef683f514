import History
import Glomers
import Lab
import Workloads

/// Tells each add to each peer until that has answered; peers know adds that come again by source and number.
private struct MutableCounter: MutableNode {
  typealias Message = Talk<Counter>
  enum Mutation: String {
    case countsAgain = "counts-again"
    case mixesSources = "mixes-sources"
    case refusesWhatItAdds = "refuses-what-it-adds"
    case showsOldCopies = "shows-old-copies"
    case neverNegative = "never-negative"
  }
  enum Call: Equatable { case told }

  private let mutation: Mutation?
  private let peers: [NodeID]
  private var sum = 0
  private var addCount = 0
  private var readCount = 0
  private var oldSum = 0
  private var seen: Set<JSON> = []

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    peers = cluster.peers
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.add(let delta)):
      add(delta)
      addCount += 1
      for peer in peers {
        let news: JSON = [.integer(addCount), .integer(delta)]
        context.call(peer, .peer(news), then: .told, .untilAnswered(every: .milliseconds(500)))
      }
      if mutation == .refusesWhatItAdds, addCount.isMultiple(of: 20) {
        context.fail(.abort("too busy"), to: request)
      } else {
        context.reply(.client(.addOk), to: request)
      }
    case .client(.read):
      readCount += 1
      let isOld = mutation == .showsOldCopies && readCount.isMultiple(of: 2)
      context.reply(.client(.readOk(isOld ? oldSum : sum)), to: request)
      if readCount.isMultiple(of: 10) { oldSum = sum }
    case .peer(let news):
      context.reply(.peer(.null), to: request)
      let number: JSON =
        mutation == .mixesSources ? news.array![0] : [.string(request.source.name), news.array![0]]
      if !seen.insert(number).inserted, mutation != .countsAgain { return }
      add(news.array![1].integer!)
    default: break
    }
  }

  private mutating func add(_ delta: Int) {
    sum += delta
    if mutation == .neverNegative { sum = max(0, sum) }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}
}

/// A component for each node, with the number of its changes; all are told to all, five times a second.
private struct MutableComponents: MutableNode {
  typealias Message = Talk<Counter>
  enum Mutation: String {
    case takesTheGreater = "takes-the-greater", sharesAComponent = "shares-a-component"
  }
  enum Timer: Hashable { case round }

  private let mutation: Mutation?
  private let cluster: Cluster
  private var components: [String: (count: Int, total: Int)] = [:]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
    context.wake(.round, at: context.now + .milliseconds(200))
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.add(let delta)):
      let name = mutation == .sharesAComponent ? "all" : cluster.me.name
      components[name, default: (0, 0)].count += 1
      components[name]!.total += delta
      context.reply(.client(.addOk), to: request)
    case .client(.read):
      context.reply(.client(.readOk(components.values.reduce(0) { $0 + $1.total })), to: request)
    case .peer(.array(let theirs)):
      for parts in theirs.compactMap(\.array) {
        let held = components[parts[0].string!] ?? (0, mutation == .takesTheGreater ? .min : 0)
        let (count, total) = (parts[1].integer!, parts[2].integer!)
        let isNewer = mutation == .takesTheGreater ? total > held.total : count > held.count
        if isNewer, parts[0].string != cluster.me.name { components[parts[0].string!] = (count, total) }
      }
    default: break
    }
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    let all = components.sorted { $0.key < $1.key }.map { name, held in
      JSON.array([.string(name), .integer(held.count), .integer(held.total)])
    }
    for peer in cluster.peers { context.send(.peer(.array(all)), to: peer) }
    context.wake(.round, at: context.now + .milliseconds(200))
  }
}

extension Mutant {
  static let counters = [
    Mutant(
      MutableCounter.self, .countsAgain, "adds what is delivered again once more", shows: "wrong-total",
      in: .gCounter
    ) { $0.faults = [.loss, .duplicate] },
    Mutant(
      MutableCounter.self, .mixesSources, "takes adds of one number for one add, whoever they are from",
      shows: "divergent-replicas", in: .gCounter),
    Mutant(
      MutableCounter.self, .refusesWhatItAdds, "adds, and says with a definite error that it did not",
      shows: "wrong-total", in: .gCounter),
    Mutant(
      MutableCounter.self, .showsOldCopies, "answers every other read with an older sum",
      shows: "shrunken-counter", in: .gCounter),
    Mutant(
      MutableCounter.self, .neverNegative, "stops at zero, in whatever order adds come in",
      shows: "wrong-total", in: .pnCounter),
    Mutant(
      MutableComponents.self, .takesTheGreater, "merges by the greater total, though totals also fall",
      shows: "wrong-total", in: .pnCounter),
    Mutant(
      MutableComponents.self, .sharesAComponent, "has one component for all nodes, of which the newest wins",
      shows: "wrong-total", in: .pnCounter),
  ]
}
