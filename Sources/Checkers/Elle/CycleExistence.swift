import History

/// Whether there is a cycle that a model excludes, without finding one: Elle's `*-cycle-exists`. Components show it in
/// time linear in the graph, so it is known of every model, whichever are asked for.
struct CycleExistence {
  /// A model, and the cycles that it excludes: along `flow`, and along anti-dependencies as far as `anti` says.
  private struct Specification {
    enum Anti { case none, single, nonadjacent, any }

    /// Elle's anomaly; nil where Elle has none.
    let type: String?
    let model: String
    let flow: Relation
    let anti: Anti
    /// The mildest kind that such a cycle can be.
    let kind: String
  }

  /// A component that breaks a model.
  struct Case {
    /// Elle's name for it: `PL-SI-cycle-exists`; nil where Elle has none.
    let type: String?
    /// By its friendly name.
    let model: String
    /// The mildest kind of cycle that would break it.
    let kind: String
    let subgraph: EDN
    /// The transactions of the smallest such component.
    let members: [Int]
  }

  private static let specifications: [Specification] =
    [("", "", Relation()), ("-process", "strong-session-", .process), ("-realtime", "strong-", .realtime)]
    .flatMap { (suffix: String, prefix: String, session: Relation) -> [Specification] in
      func specification(
        _ name: String?, _ model: String, _ flow: Relation, _ anti: Specification.Anti, _ kind: String
      ) -> Specification {
        Specification(
          type: name.map { $0 + "-cycle-exists" }, model: model, flow: flow.union([.onward, session]),
          anti: anti, kind: kind + suffix)
      }
      let isPlain = session.isEmpty
      let snapshot = isPlain ? "PL-SI" : prefix + "snapshot-isolation"
      let serializable = session == .realtime ? "PL-SS" : isPlain ? "PL-3" : prefix + "serializable"
      return [
        specification(prefix + "PL-1", prefix + "read-uncommitted", .ww, .none, "G0"),
        specification(prefix + "PL-2", prefix + "read-committed", [.ww, .wr], .none, "G1c"),
        specification(nil, "consistent-view", [.ww, .wr], .single, "G-single-item"),
        specification(
          snapshot, prefix + "snapshot-isolation", [.ww, .wr], .nonadjacent, "G-nonadjacent-item"),
        specification(
          serializable, session == .realtime ? "strict-serializable" : prefix + "serializable", [.ww, .wr],
          .any,
          "G2-item"),
      ]
    }

  let cases: [Case]
  private let history: TransactionHistory

  /// - Parameter isAcyclic: whether it is known that there is no cycle of any kind.
  init(_ history: TransactionHistory, _ dependencies: some Dependencies, isAcyclic: Bool) {
    self.history = history
    guard !isAcyclic else {
      cases = []
      return
    }
    var graph = DependencyGraph(transactionCount: history.transactions.count)
    dependencies.link(&graph)
    graph.addProcessOrder(history)
    graph.addRealtimeOrder(history)
    let successors = Successors(graph.edges, vertexCount: graph.vertexCount)
    var implied: Set<String> = []
    cases = Self.specifications.compactMap { specification in
      guard !implied.contains(specification.kind),
        let members = Self.smallest(specification, graph, successors)
      else { return nil }
      implied.formUnion(ConsistencyModel.implied(byAnomalies: [specification.kind]))
      return Case(
        type: specification.type, model: specification.model, kind: specification.kind,
        subgraph: Self.subgraph(specification), members: members)
    }
  }

  /// Kinds of which there is a cycle of this kind or of a worse one.
  var kinds: [String] { cases.map(\.kind) }

  private static let shownMax = 64

  /// As Elle has it, but for the size of what is shown; nil for a case that Elle has no name for.
  func describe(_ found: Case) -> AnomalyCase? {
    guard let type = found.type else { return nil }
    let scc = found.members.map { history.transactions[$0].index }.sorted()
    return AnomalyCase(
      type: type,
      edn: [
        "type": .keyword(type), "not": .keyword(found.model), "subgraph": found.subgraph,
        "scc-size": .integer(scc.count), "scc": .vector(scc.prefix(Self.shownMax).map { .integer($0) }),
      ],
      detail: "there is a cycle among \(scc.count) transactions that \(found.model) excludes",
      operations: Array(scc.prefix(AnomalyCases.shownMax)))
  }

  private static func smallest(
    _ specification: Specification, _ graph: DependencyGraph, _ successors: Successors
  ) -> [Int]? {
    let (count, flow) = (graph.vertexCount, specification.flow)
    switch specification.anti {
    case .none, .any:
      let allowed = specification.anti == .any ? flow.union(.rw) : flow
      return Components(successors, vertexCount: count, along: allowed)
        .nontrivial(below: graph.transactionCount).min { $0.count < $1.count }?
        .filter { $0 < graph.transactionCount }
    case .single:
      let candidates = graph.edges.nonadjacent(along: flow, vertexCount: count)
      guard !candidates.isEmpty else { return nil }
      return Reachability(successors, count, flow).closing(candidates, graph.edges).first.map {
        [Int(graph.edges[$0].from), Int(graph.edges[$0].to)]
      }
    case .nonadjacent:
      let doubled = Components(
        Successors(graph.edges.doubled(along: flow, vertexCount: count), vertexCount: 2 * count),
        vertexCount: 2 * count, along: Relation(rawValue: .max))
      // A transaction after an anti-dependency is its vertex's twin.
      return doubled.nontrivial(below: 2 * count).map { members in
        Set(members.map { $0 % count }.filter { $0 < graph.transactionCount }).sorted()
      }.min { $0.count < $1.count }
    }
  }

  private static func subgraph(_ specification: Specification) -> EDN {
    let relations: [Relation] = [.ww, .wr, .process, .realtime]
    var union = [EDN.keyword("union")]
    union += relations.filter { specification.flow.contains($0) }.map { .keyword($0.name) }
    switch specification.anti {
    case .none: return .vector(union)
    case .any: return .vector(union + [.keyword("rw")])
    case .single, .nonadjacent: return [.keyword("extension"), .vector(union), .keyword("rw")]
    }
  }
}

extension [DependencyGraph.Edge] {
  /// The graph in which each vertex stands twice: as it is after an anti-dependency, and as it is after something else.
  /// Its cycles are the closed walks on which no two anti-dependencies follow each other: those that snapshot isolation
  /// excludes (Cerone and Gotsman, *Analysing snapshot isolation*, PODC 2016).
  func doubled(along flow: Relation, vertexCount: Int) -> [DependencyGraph.Edge] {
    let count = Int32(vertexCount)
    var doubled: [DependencyGraph.Edge] = []
    doubled.reserveCapacity(2 * self.count)
    for edge in self {
      if edge.relation == .onward {
        doubled.append(edge)
        doubled.append(.init(from: edge.from + count, to: edge.to + count, relation: .onward))
      } else if edge.relation == .rw {
        doubled.append(.init(from: edge.from, to: edge.to + count, relation: .rw))
      } else if !edge.relation.isDisjoint(with: flow) {
        doubled.append(edge)
        doubled.append(.init(from: edge.from + count, to: edge.to, relation: edge.relation))
      }
    }
    return doubled
  }

  /// The places of the anti-dependencies on closed walks on which no two of them follow each other. Where there are
  /// none, there is neither G-single nor G-nonadjacent.
  func nonadjacent(along flow: Relation, vertexCount: Int) -> [Int] {
    let components = Components(
      Successors(doubled(along: flow, vertexCount: vertexCount), vertexCount: 2 * vertexCount),
      vertexCount: 2 * vertexCount, along: Relation(rawValue: .max))
    return indices.filter { place in
      self[place].relation == .rw
        && components.numbers[Int(self[place].from)]
          == components.numbers[Int(self[place].to) + vertexCount]
    }
  }
}
