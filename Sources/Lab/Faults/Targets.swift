internal import Glomers

/// The choices of nodes that Jepsen's combined nemesis draws from.
public enum Targets: String, CaseIterable, Sendable {
  /// Each node or not, but at least one.
  case subset
  /// A single one.
  case one
  /// Fewer than half.
  case minority
  /// More than half.
  case majority
  /// Fewer than a third; of three nodes or fewer, none.
  case minorityThird = "minority-third"
  /// Every one.
  case all

  func nodes(of nodes: [NodeID], _ random: inout Random) -> [NodeID] {
    let shuffled = nodes.shuffled(using: &random)
    let count =
      switch self {
      case .subset: Int.random(in: 1...nodes.count, using: &random)
      case .one: 1
      case .minority: (nodes.count - 1) / 2
      case .majority: nodes.count / 2 + 1
      case .minorityThird: (nodes.count - 1) / 3
      case .all: nodes.count
      }
    return shuffled.prefix(count).sorted()
  }
}
