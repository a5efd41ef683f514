/// Why one transaction comes before another.
struct Relation: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  /// The second overwrites what the first wrote.
  static let ww = Relation(rawValue: 1)
  /// The second reads what the first wrote.
  static let wr = Relation(rawValue: 2)
  /// The second overwrites what the first read.
  static let rw = Relation(rawValue: 4)
  /// One process did both.
  static let process = Relation(rawValue: 8)
  /// The first had ended when the second began.
  static let realtime = Relation(rawValue: 16)
  /// Goes on from a hub: part of the step that led to it.
  static let onward = Relation(rawValue: 32)

  var name: String {
    switch self {
    case .ww: "ww"
    case .wr: "wr"
    case .rw: "rw"
    case .process: "process"
    default: "realtime"
    }
  }
}

/// Adya's direct serialization graph: which transaction depends on which, and why.
///
/// Where many depend on many, *hubs* stand between them, so that the graph stays linear in the history: a step
/// leads from a transaction by an edge of some relation to a hub, and from there onward to transactions.
struct DependencyGraph {
  struct Edge: Equatable {
    let from: Int32
    let to: Int32
    let relation: Relation
  }

  /// Vertices below this number are transactions, the others hubs.
  let transactionCount: Int
  private(set) var vertexCount: Int
  private(set) var edges: [Edge] = []

  init(transactionCount: Int) {
    self.transactionCount = transactionCount
    vertexCount = transactionCount
  }

  /// An edge from a transaction or a hub to itself says nothing and is left out.
  mutating func add(_ from: Int, _ to: Int, _ relation: Relation) {
    guard from != to else { return }
    edges.append(Edge(from: Int32(from), to: Int32(to), relation: relation))
  }

  /// The graph as it was when it had so many vertices and edges.
  func beginning(vertexCount: Int, edgeCount: Int) -> DependencyGraph {
    var beginning = DependencyGraph(transactionCount: transactionCount)
    beginning.vertexCount = vertexCount
    beginning.edges = Array(edges.prefix(edgeCount))
    return beginning
  }

  mutating func addHub() -> Int {
    vertexCount += 1
    return vertexCount - 1
  }

  /// Every source comes before every target but itself. Neither may hold a transaction twice.
  mutating func add(_ sources: [Int], _ targets: [Int], _ relation: Relation) {
    guard sources.count * targets.count > 2 * (sources.count + 3 * targets.count) else {
      for source in sources { for target in targets { add(source, target, relation) } }
      return
    }
    // Hub i of the one chain leads to the targets before place i, of the other to those from place i on.
    var before: [Int] = [addHub()]
    var since: [Int] = [addHub()]
    for (place, target) in targets.enumerated() {
      before.append(addHub())
      add(before[place + 1], before[place], .onward)
      add(before[place + 1], target, .onward)
    }
    for target in targets.reversed() {
      let hub = addHub()
      add(hub, since[since.count - 1], .onward)
      add(hub, target, .onward)
      since.append(hub)
    }
    since.reverse()
    let places = Dictionary(uniqueKeysWithValues: targets.enumerated().map { ($1, $0) })
    for source in sources {
      if let place = places[source] {
        add(source, before[place], relation)
        add(source, since[place + 1], relation)
      } else {
        add(source, since[0], relation)
      }
    }
  }
}

/// Lists of small numbers, one for each of many small numbers: compressed rows.
struct Rows {
  /// Collects pairs.
  struct Builder {
    private var rows: [Int32] = []
    private var numbers: [Int32] = []
    private var counts: [Int32] = []
    /// By row what came last.
    private var last: [Int32] = []

    /// Adds a number to the end of a row, unless it stands there already.
    mutating func add(_ row: Int, _ number: Int) {
      while counts.count <= row {
        counts.append(0)
        last.append(-1)
      }
      guard last[row] != number else { return }
      last[row] = Int32(number)
      counts[row] += 1
      rows.append(Int32(row))
      numbers.append(Int32(number))
    }

    func rows(_ count: Int) -> Rows {
      var starts = [Int32](repeating: 0, count: count + 1)
      for row in counts.indices { starts[row + 1] = counts[row] }
      for row in 0..<count { starts[row + 1] += starts[row] }
      var next = starts
      var sorted = [Int32](repeating: 0, count: numbers.count)
      for (place, row) in rows.enumerated() {
        sorted[Int(next[Int(row)])] = numbers[place]
        next[Int(row)] += 1
      }
      return Rows(starts: starts, numbers: sorted)
    }
  }

  private let starts: [Int32]
  private let numbers: [Int32]

  subscript(row: Int) -> ArraySlice<Int32> { numbers[Int(starts[row])..<Int(starts[row + 1])] }
}

/// Edges by the vertex that they leave: compressed rows.
struct Successors {
  private let starts: [Int32]
  private let targets: [Int32]
  private let relations: [Relation]

  init(_ edges: [DependencyGraph.Edge], vertexCount: Int) {
    var starts = [Int32](repeating: 0, count: vertexCount + 1)
    for edge in edges { starts[Int(edge.from) + 1] += 1 }
    for vertex in 0..<vertexCount { starts[vertex + 1] += starts[vertex] }
    var next = starts
    var targets = [Int32](repeating: 0, count: edges.count)
    var relations = [Relation](repeating: [], count: edges.count)
    for edge in edges {
      let place = Int(next[Int(edge.from)])
      targets[place] = edge.to
      relations[place] = edge.relation
      next[Int(edge.from)] += 1
    }
    self.starts = starts
    self.targets = targets
    self.relations = relations
  }

  /// Whether no vertex leads back to itself.
  var isAcyclic: Bool { order(along: Relation(rawValue: .max)) != nil }

  /// An order of all vertices in which edges of these relations lead to later ones; nil if there is a cycle of them. Each
  /// vertex is taken when nothing leads to it any more but from those that were taken (Kahn, *Topological sorting of large
  /// networks*, CACM 1962), the first that is free first.
  func order(along allowed: Relation) -> [Int32]? {
    let vertexCount = starts.count - 1
    var waits = [Int32](repeating: 0, count: vertexCount)
    for place in targets.indices where !relations[place].isDisjoint(with: allowed) {
      waits[Int(targets[place])] += 1
    }
    var order: [Int32] = []
    order.reserveCapacity(vertexCount)
    for vertex in 0..<vertexCount where waits[vertex] == 0 { order.append(Int32(vertex)) }
    var taken = 0
    while taken < order.count {
      let vertex = Int(order[taken])
      taken += 1
      for place in places(of: vertex) where !relations[place].isDisjoint(with: allowed) {
        let target = Int(targets[place])
        waits[target] -= 1
        if waits[target] == 0 { order.append(Int32(target)) }
      }
    }
    return taken == vertexCount ? order : nil
  }

  /// The places of a vertex's edges.
  func places(of vertex: Int) -> Range<Int> { Int(starts[vertex])..<Int(starts[vertex + 1]) }
  func target(_ place: Int) -> Int { Int(targets[place]) }
  func relation(_ place: Int) -> Relation { relations[place] }
}

/// Strongly connected components, in an order in which edges lead from later ones to earlier ones.
///
/// Tarjan, *Depth-first search and linear graph algorithms*, SIAM J. Comput. 1972; with a stack of its own, as the
/// graphs are deep.
struct Components {
  /// The component of each vertex.
  let numbers: [Int32]
  let count: Int

  /// - Parameter allowed: which edges count.
  init(_ successors: Successors, vertexCount: Int, along allowed: Relation) {
    // Not yet in its place: that would be looked up for each edge.
    var numbers = [Int32](repeating: -1, count: vertexCount)
    var count = 0
    var order = [Int32](repeating: -1, count: vertexCount)
    var low = [Int32](repeating: 0, count: vertexCount)
    var open: [Int32] = []
    var path: [(vertex: Int, place: Int, end: Int)] = []
    var visited: Int32 = 0
    func visit(_ vertex: Int) {
      order[vertex] = visited
      low[vertex] = visited
      visited += 1
      open.append(Int32(vertex))
      let places = successors.places(of: vertex)
      path.append((vertex, places.lowerBound, places.upperBound))
    }
    for root in 0..<vertexCount where order[root] < 0 {
      visit(root)
      while let (vertex, place, end) = path.last {
        if place < end {
          path[path.count - 1].place = place + 1
          guard !successors.relation(place).isDisjoint(with: allowed) else { continue }
          let target = successors.target(place)
          if order[target] < 0 {
            visit(target)
          } else if numbers[target] < 0 {
            low[vertex] = min(low[vertex], order[target])
          }
          continue
        }
        path.removeLast()
        if let parent = path.last { low[parent.vertex] = min(low[parent.vertex], low[vertex]) }
        guard low[vertex] == order[vertex] else { continue }
        while let member = open.popLast() {
          numbers[Int(member)] = Int32(count)
          if Int(member) == vertex { break }
        }
        count += 1
      }
    }
    (self.numbers, self.count) = (numbers, count)
  }

  /// The members of those components that have more than one vertex among the first `limit`.
  func nontrivial(below limit: Int) -> [[Int]] {
    var sizes = [Int32](repeating: 0, count: count)
    for vertex in 0..<limit { sizes[Int(numbers[vertex])] += 1 }
    var places = [Int](repeating: -1, count: count)
    var members: [[Int]] = []
    for vertex in numbers.indices {
      let number = Int(numbers[vertex])
      guard sizes[number] > 1 else { continue }
      if places[number] < 0 {
        places[number] = members.count
        members.append([])
      }
      members[places[number]].append(vertex)
    }
    return members
  }
}
