import History
import Glomers
import Lab
import Workloads

/// Passes each new value on to its neighbours, again and again until they have it.
private struct MutableBroadcast: MutableNode {
  typealias Message = Talk<Broadcast>
  enum Mutation: String {
    case sendsOnce = "sends-once"
    case keepsToItself = "keeps-to-itself"
    case takesTwice = "takes-twice"
    case dropsTheOldest = "drops-the-oldest"
    case showsOldCopies = "shows-old-copies"
    case refusesWhatItTakes = "refuses-what-it-takes"
    case endsRangesLate = "ends-ranges-late"
    case talksForEver = "talks-for-ever"
    case fallsSilent = "falls-silent"
  }
  enum Call: Equatable { case passedOn }

  private let mutation: Mutation?
  private let me: NodeID
  private var neighbours: [NodeID] = []
  private var values: [JSON] = []
  private var known: Set<JSON> = []
  private var readCount = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    me = cluster.me
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.topology(let topology)):
      neighbours = (topology[me.name] ?? []).map { NodeID($0) }
      context.reply(.client(.topologyOk), to: request)
    case .client(.broadcast(let value)):
      learn(value, from: request.source, &context)
      if mutation == .refusesWhatItTakes, values.count.isMultiple(of: 10) {
        context.fail(.temporarilyUnavailable("too busy"), to: request)
      } else {
        context.reply(.client(.broadcastOk), to: request)
      }
    case .client(.read) where mutation == .fallsSilent && values.count > 50: break
    case .client(.read): context.reply(.client(.readOk(shown())), to: request)
    case .peer(let value):
      if mutation == .talksForEver { context.send(.peer(value), to: request.source) }
      if mutation == .takesTwice, known.contains(value) { values.append(value) }
      learn(value, from: request.source, &context)
      context.reply(.peer(.null), to: request)
    default: break
    }
  }

  private mutating func learn(_ value: JSON, from source: NodeID, _ context: inout Context<Self>) {
    guard known.insert(value).inserted else { return }
    values.append(value)
    if mutation == .dropsTheOldest, values.count > 50 { values.removeFirst() }
    if mutation == .keepsToItself, neighbours.contains(source) { return }
    for neighbour in neighbours where neighbour != source {
      let retry: Retry =
        mutation == .sendsOnce ? .giveUp(after: .seconds(1)) : .untilAnswered(every: .milliseconds(500))
      context.call(neighbour, .peer(value), then: .passedOn, retry)
    }
  }

  private mutating func shown() -> [JSON] {
    readCount += 1
    switch mutation {
    case .showsOldCopies where readCount.isMultiple(of: 2):
      return Array(values.prefix(values.count / 10 * 10))
    case .endsRangesLate:
      guard let last = values.compactMap(\.integer).max() else { return [] }
      return values + [.integer(last + 1)]
    default: return values
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}
}

extension Mutant {
  static let broadcasts = [
    Mutant(
      MutableBroadcast.self, .sendsOnce, "sends each value once, whether it arrives or not",
      shows: "lost-value", in: .broadcast
    ) { $0.faults = [.partition] },
    Mutant(
      MutableBroadcast.self, .keepsToItself, "passes on what clients say, and not what neighbours say",
      shows: "lost-value", in: .broadcast
    ) { $0.topology = .line },
    Mutant(
      MutableBroadcast.self, .takesTwice, "takes a value that is delivered again for a new one",
      shows: "duplicate-value", in: .broadcast
    ) { $0.faults = [.loss, .duplicate] },
    Mutant(
      MutableBroadcast.self, .dropsTheOldest, "keeps the latest 50 values", shows: "lost-value",
      in: .broadcast
    ),
    Mutant(
      MutableBroadcast.self, .showsOldCopies, "answers every other read from a copy that is not the latest",
      shows: "vanished-value", in: .broadcast),
    Mutant(
      MutableBroadcast.self, .refusesWhatItTakes, "keeps a value, and says that it could not take it",
      shows: "aborted-read", in: .broadcast),
    Mutant(
      MutableBroadcast.self, .endsRangesLate, "keeps values as ranges, and ends each one too late",
      shows: "phantom-value", in: .broadcast),
    Mutant(
      MutableBroadcast.self, .talksForEver, "answers every message of a peer with a message",
      shows: "endless-talk", in: .broadcast
    ) { $0.latency = .zero },
    Mutant(
      MutableBroadcast.self, .fallsSilent, "answers no more reads once it has 50 values",
      shows: "unread-node", in: .broadcast),
  ]
}
