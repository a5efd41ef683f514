public import Glomers

/// Who is cut off from whom: for each receiver, the sources that it hears nothing from. One-way grudges are possible.
public struct Grudge: Equatable, Sendable {
  /// Receivers that hear everybody need no entry.
  public private(set) var sources: [NodeID: Set<NodeID>]

  /// - Parameter sources: for each receiver, whom it does not hear.
  public init(_ sources: [NodeID: Set<NodeID>]) { self.sources = sources }

  /// Whether the receiver hears nothing of the source.
  public func separates(receiver: NodeID, from source: NodeID) -> Bool {
    sources[receiver]?.contains(source) ?? false
  }

  /// Cuts the nodes into groups that hear only themselves.
  public init(groups: [[NodeID]]) {
    let everybody = Set(groups.joined())
    sources = [:]
    for group in groups {
      let others = everybody.subtracting(group)
      for node in group { sources[node] = others }
    }
  }

  /// As Jepsen writes it: receivers in order, each with its sources in order.
  public var json: JSON {
    .object(
      Dictionary(
        uniqueKeysWithValues: sources.map {
          (JSONName($0.name), .array($1.sorted().map { .string($0.name) }))
        }))
  }
}

/// The shapes of partition that Jepsen's combined nemesis draws from.
public enum PartitionShape: String, CaseIterable, Sendable {
  /// One node alone.
  case one
  /// Fewer than a third cut off from the rest.
  case minorityThird = "minority-third"
  /// Two halves; with an odd number, one is a majority.
  case majority
  /// Every node hears a majority, and no two the same.
  case majoritiesRing = "majorities-ring"

  /// Draws a partition of this shape.
  public func grudge(_ nodes: [NodeID], _ random: inout Random) -> Grudge {
    switch self {
    case .one:
      let loner = nodes.randomElement(using: &random)!
      return Grudge(groups: [[loner], nodes.filter { $0 != loner }])
    case .minorityThird: return split(nodes, at: (nodes.count - 1) / 3, &random)
    case .majority: return split(nodes, at: nodes.count / 2, &random)
    case .majoritiesRing: return nodes.count <= 5 ? ring(nodes, &random) : web(nodes, &random)
    }
  }

  private func split(_ nodes: [NodeID], at count: Int, _ random: inout Random) -> Grudge {
    let shuffled = nodes.shuffled(using: &random)
    return Grudge(groups: [Array(shuffled.prefix(count)), Array(shuffled.dropFirst(count))])
  }

  /// The nodes in a ring; each hears the majority of which it is the middle.
  private func ring(_ nodes: [NodeID], _ random: inout Random) -> Grudge {
    let shuffled = nodes.shuffled(using: &random)
    let majority = nodes.count / 2 + 1
    var sources: [NodeID: Set<NodeID>] = [:]
    for start in shuffled.indices {
      let heard = (0..<majority).map { shuffled[(start + $0) % shuffled.count] }
      sources[heard[majority / 2]] = Set(nodes).subtracting(heard)
    }
    return Grudge(sources)
  }

  /// Joins the least connected nodes until each hears a majority: Jepsen's stochastic ring.
  private func web(_ nodes: [NodeID], _ random: inout Random) -> Grudge {
    let majority = nodes.count / 2 + 1
    var heard = Dictionary(uniqueKeysWithValues: nodes.map { ($0, Set([$0])) })
    while true {
      // Shuffled first: a stable sort keeps equals in random order.
      let byDegree = nodes.shuffled(using: &random).map { (node: $0, degree: heard[$0]!.count) }
        .enumerated().sorted { ($0.element.degree, $0.offset) < ($1.element.degree, $1.offset) }
        .map(\.element)
      let least = byDegree[0]
      guard least.degree < majority,
        let other = byDegree.first(where: { !heard[least.node]!.contains($0.node) })
      else { break }
      heard[least.node]!.insert(other.node)
      heard[other.node]!.insert(least.node)
    }
    return Grudge(heard.mapValues { Set(nodes).subtracting($0) })
  }
}
