/// Transactions each of which comes before the next, and the last before the first: Adya's proof that no order of
/// them all explains what was seen.
struct Cycle: Equatable {
  struct Step: Equatable {
    let from: Int
    let to: Int
    let relation: Relation
  }

  let steps: [Step]

  /// Adya's phenomenon, by Elle's name. G-nonadjacent is what generalized snapshot isolation excludes (Cerone and
  /// Gotsman, *Analysing snapshot isolation*, PODC 2016).
  var anomaly: String {
    let relations = steps.map(\.relation)
    let dependency: String
    switch relations.count(where: { $0 == .rw }) {
    case 0: dependency = relations.contains(.wr) ? "G1c" : "G0"
    case 1: dependency = "G-single-item"
    default:
      let isAdjacent = relations.indices.contains {
        relations[$0] == .rw && relations[($0 + 1) % relations.count] == .rw
      }
      dependency = isAdjacent ? "G2-item" : "G-nonadjacent-item"
    }
    if relations.contains(.realtime) { return dependency + "-realtime" }
    return relations.contains(.process) ? dependency + "-process" : dependency
  }

  /// The cycle, or a part of it that is one, without a transaction that it visits twice.
  var simple: [Cycle] {
    var last: [Int: Int] = [:]
    for (place, step) in steps.enumerated() {
      if let first = last[step.from] {
        return Cycle(steps: Array(steps[first..<place])).simple
          + Cycle(steps: Array(steps[..<first] + steps[place...])).simple
      }
      last[step.from] = place
    }
    return [self]
  }
}

extension DependencyGraph {
  /// For each strongly connected component and each kind of cycle in it a cycle of that kind, as short as possible;
  /// kinds that are there wherever a kind is that was found are left out. The worst kinds come first.
  ///
  /// - Parameter wanted: the kinds to look for; nil for all.
  func cycles(_ wanted: Set<String>? = nil) -> [Cycle] {
    let successors = Successors(edges, vertexCount: vertexCount)
    // This takes less time than to find components.
    if successors.order(along: CycleSearch.relations(wanted)) != nil { return [] }
    let everything = Relation(rawValue: .max)
    let components = Components(successors, vertexCount: vertexCount, along: everything)
    let members = components.nontrivial(below: transactionCount)
    guard !members.isEmpty else { return [] }

    var places = [Int32](repeating: -1, count: vertexCount)
    var component = [Int32](repeating: -1, count: components.count)
    for (number, vertices) in members.enumerated() {
      component[Int(components.numbers[vertices[0]])] = Int32(number)
      for (place, vertex) in vertices.enumerated() { places[vertex] = Int32(place) }
    }
    var parts = [[Edge]](repeating: [], count: members.count)
    for edge in edges where components.numbers[Int(edge.from)] == components.numbers[Int(edge.to)] {
      let number = component[Int(components.numbers[Int(edge.from)])]
      guard number >= 0 else { continue }
      parts[Int(number)].append(
        Edge(from: places[Int(edge.from)], to: places[Int(edge.to)], relation: edge.relation))
    }
    return members.indices.flatMap { number in
      var search = CycleSearch(
        parts[number], names: members[number],
        transactionCount: members[number].prefix { $0 < transactionCount }.count)
      return search.cycles(wanted)
    }
  }
}
