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
    /// What is added to dependencies by data: the order of processes, or of real time, or nothing.
    let session: Relation
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
    /// The transactions of the smallest such component; nothing where Elle has no name for the case.
    let members: [Int]
  }

  private static let specifications: [Specification] =
    [("", "", Relation()), ("-process", "strong-session-", .process), ("-realtime", "strong-", .realtime)]
    .flatMap { (suffix: String, prefix: String, session: Relation) -> [Specification] in
      func specification(
        _ name: String?, _ model: String, _ flow: Relation, _ anti: Specification.Anti, _ kind: String
      ) -> Specification {
        Specification(
          type: name.map { $0 + "-cycle-exists" }, model: model, session: session,
          flow: flow.union([.onward, session]), anti: anti, kind: kind + suffix)
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

  /// Whether there is an order of all transactions that explains everything, the order in real time included: then no
  /// model is broken by a cycle. (What a process does in turn, it does in real time.)
  let isAcyclic: Bool

  /// - Parameter isAcyclic: whether it is known that there is no cycle of any kind, or that there may be one; nil to find out.
  init(_ history: TransactionHistory, _ dependencies: some Dependencies, isAcyclic: Bool? = nil) {
    self.history = history
    var graph = DependencyGraph(transactionCount: history.transactions.count)
    dependencies.link(&graph)
    let (vertexCount, edgeCount) = (graph.vertexCount, graph.edges.count)
    graph.addRealtimeOrder(history)
    var inRealtime = CyclicGraph(graph)
    self.isAcyclic = isAcyclic ?? inRealtime.successors.isAcyclic
    var cases: [Case] = []
    if !self.isAcyclic {
      var implied: Set<String> = []
      var data = graph.beginning(vertexCount: vertexCount, edgeCount: edgeCount)
      var plain = CyclicGraph(data)
      Self.find(.init(), &plain, &cases, &implied)
      data.addProcessOrder(history)
      var inSession = CyclicGraph(data)
      Self.find(.process, &inSession, &cases, &implied)
      Self.find(.realtime, &inRealtime, &cases, &implied)
    }
    self.cases = cases
  }

  /// Looks for what the models of one kind of session exclude.
  private static func find(
    _ session: Relation, _ graph: inout CyclicGraph, _ cases: inout [Case], _ implied: inout Set<String>
  ) {
    let specifications = specifications.filter { $0.session == session && !implied.contains($0.kind) }
    if specifications.isEmpty || graph.successors.isAcyclic { return }
    graph.order = graph.successors.order(along: [.ww, .wr, .onward, session])
    for specification in specifications where !implied.contains(specification.kind) {
      guard let members = smallest(specification, &graph) else { continue }
      implied.formUnion(ConsistencyModel.implied(byAnomalies: [specification.kind]))
      cases.append(
        Case(
          type: specification.type, model: specification.model, kind: specification.kind,
          subgraph: subgraph(specification), members: members))
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

  private static func smallest(_ specification: Specification, _ whole: inout CyclicGraph) -> [Int]? {
    let flow = specification.flow
    switch specification.anti {
    case .none, .any:
      if specification.anti == .none, whole.order != nil { return nil }
      let allowed = specification.anti == .any ? flow.union(.rw) : flow
      let core = whole.core
      let count = core.graph.vertexCount
      return Components(core.successors, vertexCount: count, along: allowed)
        .nontrivial(below: core.graph.transactionCount).min { $0.count < $1.count }?
        .filter { $0 < core.graph.transactionCount }.map { core.names[$0] }
    case .single:
      if let order = whole.order,
        let isClosed = whole.graph.edges.hasClosed(order, whole.successors, flow)
      {
        return isClosed ? [] : nil
      }
      let core = whole.core
      let count = core.graph.vertexCount
      let candidates = core.graph.edges.nonadjacent(along: flow, vertexCount: count)
      guard !candidates.isEmpty else { return nil }
      let closed = Reachability(core.successors, count, flow).closing(candidates, core.graph.edges)
      return closed.isEmpty ? nil : []
    case .nonadjacent:
      let core = whole.core
      let count = core.graph.vertexCount
      let doubled = Components(
        Successors(core.graph.edges.doubled(along: flow, vertexCount: count), vertexCount: 2 * count),
        vertexCount: 2 * count, along: Relation(rawValue: .max))
      // A transaction after an anti-dependency is its vertex's twin.
      return doubled.nontrivial(below: 2 * count).map { members in
        Set(members.map { $0 % count }.filter { $0 < core.graph.transactionCount }).sorted()
      }.min { $0.count < $1.count }?.map { core.names[$0] }
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

/// A graph with cycles, and that part of it in which they lie.
private struct CyclicGraph {
  let graph: DependencyGraph
  let successors: Successors
  /// An order along all flow of data and along sessions; nil if there is none.
  var order: [Int32]?
  /// The vertices that lie on cycles and the edges between them; `names` are the vertices' numbers in the whole graph, and
  /// rise.
  private(set) lazy var core = Self.core(graph, successors)

  init(_ graph: DependencyGraph) {
    self.graph = graph
    successors = Successors(graph.edges, vertexCount: graph.vertexCount)
  }

  private static func core(
    _ graph: DependencyGraph, _ successors: Successors
  ) -> (graph: DependencyGraph, successors: Successors, names: [Int]) {
    let components = Components(
      successors, vertexCount: graph.vertexCount, along: Relation(rawValue: .max))
    let names = components.nontrivial(below: graph.transactionCount).joined().sorted()
    var places = [Int32](repeating: -1, count: graph.vertexCount)
    for (place, name) in names.enumerated() { places[name] = Int32(place) }
    var core = DependencyGraph(transactionCount: names.count { $0 < graph.transactionCount })
    while core.vertexCount < names.count { _ = core.addHub() }
    for edge in graph.edges {
      let (from, to) = (Int(edge.from), Int(edge.to))
      guard places[from] >= 0, components.numbers[from] == components.numbers[to] else { continue }
      core.add(Int(places[from]), Int(places[to]), edge.relation)
    }
    return (core, Successors(core.edges, vertexCount: core.vertexCount), names)
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

  /// Whether some anti-dependency is closed by a path along `flow`; nil if that takes too long to find out. As in
  /// ``Reachability``, 64 of them are followed at a time.
  ///
  /// - Parameter order: of all vertices, along `flow`, which has no cycle.
  fileprivate func hasClosed(_ order: [Int32], _ successors: Successors, _ flow: Relation) -> Bool? {
    var ranks = [Int32](repeating: 0, count: order.count)
    for (rank, vertex) in order.enumerated() { ranks[Int(vertex)] = Int32(rank) }
    var hopeful: [(from: Int, to: Int)] = []
    for edge in self where edge.relation == .rw && ranks[Int(edge.to)] < ranks[Int(edge.from)] {
      hopeful.append((Int(ranks[Int(edge.from)]), Int(ranks[Int(edge.to)])))
    }
    hopeful.sort { $0.to < $1.to }
    var marks = [UInt64](repeating: 0, count: order.count)
    // Much less than without a good order.
    var effort = 4 * (count + order.count)
    var rest = hopeful[...]
    while !rest.isEmpty {
      let batch = rest.prefix(64)
      rest = rest.dropFirst(64)
      let (first, last) = (batch.first!.to, batch.lazy.map(\.from).max()!)
      effort -= last - first
      if effort < 0 { return nil }
      for rank in first...last { marks[rank] = 0 }
      for (bit, edge) in batch.enumerated() { marks[edge.to] |= 1 << UInt64(bit) }
      for rank in first...last where marks[rank] != 0 {
        for place in successors.places(of: Int(order[rank]))
        where !successors.relation(place).isDisjoint(with: flow) {
          let reached = Int(ranks[successors.target(place)])
          if reached <= last { marks[reached] |= marks[rank] }
        }
      }
      for (bit, edge) in batch.enumerated() where marks[edge.from] & (1 << UInt64(bit)) != 0 { return true }
    }
    return false
  }
}
