/// Looks for the cycles in one strongly connected component. Whether there is one of a kind is decided exactly, and
/// in time that does not explode; which is the shortest, as far as a bounded effort shows.
struct CycleSearch {
  private let edges: [DependencyGraph.Edge]
  private let names: [Int]
  private let transactionCount: Int
  private let successors: Successors
  private var walk: Walk
  private let present: Relation

  /// How many edges may be looked at to make a cycle shorter.
  private static let effortMax = 4_000_000

  /// - Parameters:
  ///   - edges: of the component; its transactions are numbered first, then its hubs.
  ///   - names: what each vertex is called outside.
  init(_ edges: [DependencyGraph.Edge], names: [Int], transactionCount: Int) {
    self.edges = edges
    self.names = names
    self.transactionCount = transactionCount
    successors = Successors(edges, vertexCount: names.count)
    walk = Walk(vertexCount: names.count, transactionCount: transactionCount)
    present = edges.reduce(into: []) { $0.formUnion($1.relation) }
  }

  /// The worst kinds first, those with edges of sessions or real time last. A kind is looked for only if none was
  /// found that implies it; so what is found in the relations that it may use is of this kind.
  ///
  /// - Parameter wanted: the kinds to look for; nil for all.
  mutating func cycles(_ wanted: Set<String>?) -> [Cycle] {
    var found: [Cycle] = []
    var implied: Set<String> = []
    for (suffix, extra) in [("", []), ("-process", .process), ("-realtime", .realtime)]
      as [(String, Relation)]
    {
      guard extra.isEmpty || !present.isDisjoint(with: extra) else { continue }
      for kind in Kind.allCases where !implied.contains(kind.rawValue + suffix) {
        guard wanted?.contains(kind.rawValue + suffix) ?? true else { continue }
        guard let cycle = search(kind, kind.rawValue + suffix, extra) else { continue }
        found.append(cycle)
        implied.formUnion(ConsistencyModel.implied(byAnomalies: [cycle.anomaly]))
      }
    }
    return found
  }

  /// The relations of which cycles of these kinds can be made.
  ///
  /// - Parameter wanted: kinds; nil for all.
  static func relations(_ wanted: Set<String>?) -> Relation {
    guard let wanted else { return Relation(rawValue: .max) }
    var relations: Relation = [.onward, .process, .realtime]
    for kind in Kind.allCases
    where ["", "-process", "-realtime"].contains(where: { wanted.contains(kind.rawValue + $0) }) {
      switch kind {
      case .writes: relations.insert(.ww)
      case .information: relations.formUnion([.ww, .wr])
      case .single, .nonadjacent, .any: relations.formUnion([.ww, .wr, .rw])
      }
    }
    return relations
  }

  private enum Kind: String, CaseIterable {
    case writes = "G0"
    case information = "G1c"
    case single = "G-single-item"
    case nonadjacent = "G-nonadjacent-item"
    case any = "G2-item"
  }

  private mutating func search(_ kind: Kind, _ name: String, _ extra: Relation) -> Cycle? {
    let flow: Relation = [.ww, .wr, .onward, extra]
    switch kind {
    case .writes: return shortest(along: [.ww, .onward, extra])
    case .information: return shortest(along: flow)
    case .single:
      let candidates = edges.nonadjacent(along: flow, vertexCount: names.count)
      let single =
        candidates.isEmpty ? [] : Reachability(successors, names.count, flow).closing(candidates, edges)
      return shortest(closing: single, along: flow)
    case .nonadjacent:
      return shortest(
        closing: edges.nonadjacent(along: flow, vertexCount: names.count), along: flow.union(.rw),
        apart: true, only: name)
    case .any:
      let all = flow.union(.rw)
      let components = Components(successors, vertexCount: names.count, along: all)
      let closing = edges.indices.filter { place in
        edges[place].relation == .rw
          && components.numbers[Int(edges[place].from)] == components.numbers[Int(edges[place].to)]
      }
      return shortest(closing: closing, along: all)
    }
  }

  /// The shortest cycle along these relations.
  private mutating func shortest(along allowed: Relation) -> Cycle? {
    let components = Components(successors, vertexCount: names.count, along: allowed)
    let members = components.nontrivial(below: transactionCount)
    guard let smallest = members.min(by: { $0.count < $1.count }) else { return nil }
    var best: Cycle?
    walk.effort = 0
    for start in smallest where start < transactionCount {
      if let hops = walk.path(
        from: start, to: start, successors, along: allowed, apart: false,
        shorterThan: best?.steps.count ?? .max)
      {
        best = cycle(hops)
      }
      if best?.steps.count == 2 || (best != nil && walk.effort > Self.effortMax) { break }
    }
    return best
  }

  /// The shortest cycle of one of these anti-dependencies and a path back from its end.
  ///
  /// - Parameters:
  ///   - apart: whether no two anti-dependencies may follow each other.
  ///   - anomaly: what it has to be; nil for anything.
  private mutating func shortest(
    closing places: [Int], along allowed: Relation, apart: Bool = false, only anomaly: String? = nil
  ) -> Cycle? {
    var best: Cycle?
    walk.effort = 0
    for place in places {
      let edge = edges[place]
      guard
        let hops = walk.path(
          from: Int(edge.to), to: Int(edge.from), successors, along: allowed, apart: apart,
          shorterThan: best.map { $0.steps.count - 1 } ?? .max)
      else { continue }
      let first = Walk.Hop(from: Int(edge.from), to: Int(edge.to), relation: .rw)
      let candidates = cycle([first] + hops).simple.filter { anomaly == nil || $0.anomaly == anomaly }
      for cycle in candidates where best.map({ cycle.steps.count < $0.steps.count }) ?? true { best = cycle }
      if best?.steps.count == 2 || walk.effort > (best == nil ? 50 : 1) * Self.effortMax { break }
    }
    return best
  }

  /// Hops by way of hubs become steps.
  private func cycle(_ hops: [Walk.Hop]) -> Cycle {
    var steps: [Cycle.Step] = []
    var leaving: (from: Int, relation: Relation)?
    for hop in hops {
      if hop.relation != .onward { leaving = (names[hop.from], hop.relation) }
      guard hop.to < transactionCount, let left = leaving else { continue }
      steps.append(Cycle.Step(from: left.from, to: names[hop.to], relation: left.relation))
    }
    return Cycle(steps: steps)
  }
}
