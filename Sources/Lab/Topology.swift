public import Glomers

/// The neighbours that a broadcast test suggests to its nodes: Maelstrom's shapes.
public enum Topology: String, CaseIterable, Sendable {
  /// One next to the other.
  case line
  /// Roughly square, filled row by row; at most four neighbours.
  case grid
  /// A tree with two children a node, under its other name.
  case tree
  /// A tree with two children a node.
  case tree2
  /// A tree with three.
  case tree3
  /// A tree with four.
  case tree4
  /// Everybody next to everybody.
  case total

  /// Each node's neighbours. As with Maelstrom, a line of one node says nothing of that node.
  public func neighbours(_ nodes: [NodeID]) -> [NodeID: [NodeID]] {
    switch self {
    case .line: line(nodes)
    case .grid: grid(nodes)
    case .tree, .tree2: tree(nodes, branches: 2)
    case .tree3: tree(nodes, branches: 3)
    case .tree4: tree(nodes, branches: 4)
    case .total: Dictionary(uniqueKeysWithValues: nodes.map { node in (node, nodes.filter { $0 != node }) })
    }
  }

  private func line(_ nodes: [NodeID]) -> [NodeID: [NodeID]] {
    guard nodes.count > 1 else { return [:] }
    var neighbours: [NodeID: [NodeID]] = [:]
    for index in nodes.indices {
      neighbours[nodes[index]] = [index - 1, index + 1].filter(nodes.indices.contains).map { nodes[$0] }
    }
    return neighbours
  }

  private func grid(_ nodes: [NodeID]) -> [NodeID: [NodeID]] {
    let side = (1...).first { $0 * $0 >= nodes.count } ?? 1
    var neighbours: [NodeID: [NodeID]] = [:]
    for (index, node) in nodes.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: side)
      neighbours[node] = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        .filter { $0.0 >= 0 && (0..<side).contains($0.1) && $0.0 * side + $0.1 < nodes.count }
        .map { nodes[$0.0 * side + $0.1] }
    }
    return neighbours
  }

  /// Level by level from the first node, the root.
  private func tree(_ nodes: [NodeID], branches: Int) -> [NodeID: [NodeID]] {
    var neighbours: [NodeID: [NodeID]] = [:]
    for (index, node) in nodes.enumerated() {
      let parent = index == 0 ? [] : [nodes[(index - 1) / branches]]
      let children = (branches * index + 1)...(branches * index + branches)
      neighbours[node] = parent + children.filter(nodes.indices.contains).map { nodes[$0] }
    }
    return neighbours
  }
}
