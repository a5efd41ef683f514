import History
import Glomers
import Lab
import Workloads

/// A set whose nodes tell each other all they have, five times a second; the union is taken.
private struct MutableSet: MutableNode {
  typealias Message = Talk<GSet>
  enum Mutation: String {
    case takesTheLarger = "takes-the-larger"
    case comparesSizes = "compares-sizes"
    case knowsByHash = "knows-by-hash"
    case takesTheDifference = "takes-the-difference"
  }
  enum Timer: Hashable { case round }

  private let mutation: Mutation?
  private let peers: [NodeID]
  private var elements: Set<JSON> = []
  private var hashes: Set<Int> = []

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    peers = cluster.peers
    context.wake(.round, at: context.now + .milliseconds(200))
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.add(let element)):
      add(element)
      context.reply(.client(.addOk), to: request)
    case .client(.read): context.reply(.client(.readOk(sorted)), to: request)
    case .peer(.array(let theirs)): merge(Set(theirs))
    default: break
    }
  }

  private mutating func add(_ element: JSON) {
    if mutation == .knowsByHash, !hashes.insert(element.integer! % 251).inserted { return }
    elements.insert(element)
  }

  private mutating func merge(_ theirs: Set<JSON>) {
    switch mutation {
    case .takesTheLarger: if theirs.count > elements.count { elements = theirs }
    case .comparesSizes: if theirs.count != elements.count { elements.formUnion(theirs) }
    case .takesTheDifference: elements.formSymmetricDifference(theirs)
    default: for element in theirs.subtracting(elements) { add(element) }
    }
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    for peer in peers { context.send(.peer(.array(sorted)), to: peer) }
    context.wake(.round, at: context.now + .milliseconds(200))
  }

  private var sorted: [JSON] { elements.sorted { $0.integer! < $1.integer! } }
}

extension Mutant {
  static let sets = [
    Mutant(
      MutableSet.self, .takesTheLarger, "takes a peer's larger set for its own, in place of the union",
      shows: "lost-value", in: .gSet),
    Mutant(
      MutableSet.self, .comparesSizes, "takes sets of one size for the same set", shows: "lost-value",
      in: .gSet
    ) { $0.nodeCount = 2 },
    Mutant(
      MutableSet.self, .knowsByHash, "tells new elements by a hash that has 251 values", shows: "lost-value",
      in: .gSet
    ) { $0.rate = 100 },
    Mutant(
      MutableSet.self, .takesTheDifference, "merges sets by exclusive or", shows: "vanished-value", in: .gSet),
  ]
}
