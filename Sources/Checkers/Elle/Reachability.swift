/// Which anti-dependencies are closed by a path of other relations. 64 of them are followed at a time, through the
/// components of those relations in topological order: so the time is bounded by edges times anti-dependencies / 64.
struct Reachability {
  private static let wantedMax = 256

  private let successors: Successors
  private let flow: Relation
  private let components: Components
  /// Vertices, those that lead to others before them.
  private let ordered: [Int32]
  private let starts: [Int32]

  init(_ successors: Successors, _ vertexCount: Int, _ flow: Relation) {
    self.successors = successors
    self.flow = flow
    components = Components(successors, vertexCount: vertexCount, along: flow)
    var starts = [Int32](repeating: 0, count: components.count + 1)
    for number in components.numbers { starts[components.count - 1 - Int(number) + 1] += 1 }
    for place in 0..<components.count { starts[place + 1] += starts[place] }
    var next = starts
    var ordered = [Int32](repeating: 0, count: vertexCount)
    for vertex in 0..<vertexCount {
      let rank = components.count - 1 - Int(components.numbers[vertex])
      ordered[Int(next[rank])] = Int32(vertex)
      next[rank] += 1
    }
    self.ordered = ordered
    self.starts = starts
  }

  /// A component's place in topological order.
  private func rank(_ vertex: Int32) -> Int { components.count - 1 - Int(components.numbers[Int(vertex)]) }

  /// Of these edges, some that are closed; none only if none is.
  func closing(_ candidates: [Int], _ edges: [DependencyGraph.Edge]) -> [Int] {
    let hopeful = candidates.filter { rank(edges[$0].to) <= rank(edges[$0].from) }
      .sorted { (rank(edges[$0].to), $0) < (rank(edges[$1].to), $1) }
    var closed: [Int] = []
    var marks = [UInt64](repeating: 0, count: components.count)
    var rest = hopeful[...]
    while !rest.isEmpty, closed.count < Self.wantedMax {
      let batch = rest.prefix(64)
      rest = rest.dropFirst(64)
      let first = rank(edges[batch.first!].to)
      let last = batch.map { rank(edges[$0].from) }.max()!
      for rank in first...last { marks[rank] = 0 }
      for (bit, place) in batch.enumerated() { marks[rank(edges[place].to)] |= 1 << UInt64(bit) }
      for current in first...last where marks[current] != 0 {
        for vertex in ordered[Int(starts[current])..<Int(starts[current + 1])] {
          for place in successors.places(of: Int(vertex))
          where !successors.relation(place).isDisjoint(with: flow) {
            let reached = rank(Int32(successors.target(place)))
            if reached <= last { marks[reached] |= marks[current] }
          }
        }
      }
      for (bit, place) in batch.enumerated() where marks[rank(edges[place].from)] & (1 << UInt64(bit)) != 0 {
        closed.append(place)
      }
    }
    return closed
  }
}
