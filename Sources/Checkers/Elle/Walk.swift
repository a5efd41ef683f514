/// Breadth-first search, in memory that is used again. A step by way of hubs is as long as any other.
struct Walk {
  struct Hop {
    let from: Int
    let to: Int
    let relation: Relation
  }

  private let transactionCount: Int
  private let vertexCount: Int
  private var seen: [Int32]
  private var parents: [(state: Int32, place: Int32)]
  private var epoch: Int32 = 0
  /// Edges looked at so far.
  var effort = 0

  init(vertexCount: Int, transactionCount: Int) {
    self.vertexCount = vertexCount
    self.transactionCount = transactionCount
    seen = [Int32](repeating: 0, count: 2 * vertexCount)
    parents = Array(repeating: (-1, -1), count: 2 * vertexCount)
  }

  /// A shortest path that is not empty.
  ///
  /// - Parameters:
  ///   - apart: whether an anti-dependency may only follow something else; the path then begins after one, and may not
  ///     end with one.
  ///   - limit: only paths of fewer steps are wanted.
  mutating func path(
    from start: Int, to goal: Int, _ successors: Successors, along allowed: Relation, apart: Bool,
    shorterThan limit: Int
  ) -> [Hop]? {
    epoch += 1
    var frontier = [start + (apart ? vertexCount : 0)]
    // The step that leads to a hub is not counted before it has left it.
    var length = start < transactionCount ? 1 : 0
    while !frontier.isEmpty, length < limit {
      var next: [Int] = []
      var cursor = 0
      while cursor < frontier.count {
        let state = frontier[cursor]
        cursor += 1
        let (vertex, isAfter) = state < vertexCount ? (state, false) : (state - vertexCount, true)
        for place in successors.places(of: vertex) {
          let relation = successors.relation(place)
          effort += 1
          guard !relation.isDisjoint(with: allowed), !(apart && isAfter && relation == .rw) else { continue }
          let target = successors.target(place)
          let isAnti = apart && (relation == .rw || relation == .onward && isAfter)
          let reached = target + (isAnti ? vertexCount : 0)
          guard seen[reached] != epoch else { continue }
          seen[reached] = epoch
          parents[reached] = (Int32(state), Int32(place))
          if reached == goal { return hops(to: reached, from: start, successors, apart) }
          if target < transactionCount { next.append(reached) } else { frontier.append(reached) }
        }
      }
      frontier = next
      length += 1
    }
    return nil
  }

  private func hops(to goal: Int, from start: Int, _ successors: Successors, _ apart: Bool) -> [Hop] {
    let begin = start + (apart ? vertexCount : 0)
    var hops: [Hop] = []
    var state = goal
    repeat {
      let parent = parents[state]
      let place = Int(parent.place)
      hops.append(
        Hop(
          from: Int(parent.state) % vertexCount, to: successors.target(place),
          relation: successors.relation(place)))
      state = Int(parent.state)
    } while state != begin
    return hops.reversed()
  }
}
