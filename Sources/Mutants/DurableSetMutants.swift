import History
import Glomers
import Lab
import Workloads

/// A set that stores each element, its own and those of peers, and tells peers again after a kill.
private struct MutableDurableSet: MutableNode {
  typealias Message = Talk<GSet>
  typealias Record = Kept<Talk<GSet>>
  enum Mutation: String {
    case storesNothing = "stores-nothing"
    case storesLater = "stores-later"
    case storesItsOwn = "stores-its-own"
    case tellsNobodyAgain = "tells-nobody-again"
    case recoversTheLast = "recovers-the-last"
    case dropsAtCheckpoints = "drops-at-checkpoints"
  }
  enum Call: Equatable { case told }
  enum Timer: Hashable { case store(Int) }

  private let mutation: Mutation?
  private let peers: [NodeID]
  private var elements: [JSON] = []
  private var known: Set<JSON> = []

  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    peers = cluster.peers
    for record in mutation == .recoversTheLast ? records.suffix(20) : records[...] {
      if case .peer(.array(let elements)) = record.message { for element in elements { learn(element) } }
    }
    if !elements.isEmpty, mutation != .tellsNobodyAgain { tell(elements, &context) }
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.add(let element)):
      if learn(element) {
        if mutation == .storesLater {
          context.wake(.store(elements.count - 1), at: context.now + .milliseconds(200))
        } else {
          store(element, &context)
        }
        tell([element], &context)
      }
      context.reply(.client(.addOk), to: request)
    case .client(.read): context.reply(.client(.readOk(elements)), to: request)
    case .peer(.array(let news)):
      for element in news where learn(element) && mutation != .storesItsOwn { store(element, &context) }
      context.reply(.peer(.null), to: request)
    default: break
    }
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    guard case .store(let place) = timer else { return }
    store(elements[place], &context)
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}

  @discardableResult
  private mutating func learn(_ element: JSON) -> Bool {
    guard known.insert(element).inserted else { return false }
    elements.append(element)
    return true
  }

  private func store(_ element: JSON, _ context: inout Context<Self>) {
    if mutation != .storesNothing { context.persist(Kept(.peer([element]))) }
  }

  private func tell(_ news: [JSON], _ context: inout Context<Self>) {
    for peer in peers {
      context.call(peer, .peer(.array(news)), then: .told, .untilAnswered(every: .milliseconds(500)))
    }
  }

  var checkpoint: [Record]? {
    let kept = mutation == .dropsAtCheckpoints ? elements.suffix(10) : elements[...]
    return [Kept(.peer(.array(Array(kept))))]
  }
}

extension Mutant {
  static let durableSets = [
    durableSet(.storesNothing, "stores nothing"),
    durableSet(.storesLater, "acknowledges at once, and stores in the background"),
    durableSet(.storesItsOwn, "acknowledges what peers tell it, and stores only what clients do"),
    durableSet(.tellsNobodyAgain, "recovers what it has, and not whom it has yet to tell") {
      kills(&$0)
      $0.faults = [.kill, .partition]
    },
    durableSet(.recoversTheLast, "recovers the last twenty records"),
    durableSet(.dropsAtCheckpoints, "leaves all but the last ten elements out of checkpoints"),
  ]

  private static func durableSet(
    _ mutation: MutableDurableSet.Mutation, _ mistake: String,
    _ arrange: (inout Scenario) -> Void = kills
  ) -> Mutant {
    Mutant(MutableDurableSet.self, mutation, mistake, shows: "lost-value", in: .gSet, arrange)
  }
}
