internal import Glomers

/// What has become of the nodes: of their processes, of their disks, and of what is heard of them.
struct NodeStates: Sendable {
  /// Nodes that have ended before they were told to.
  private(set) var dead: Set<NodeID> = []
  /// Nodes that the nemesis has killed and not yet started again.
  private(set) var down: Set<NodeID> = []
  /// Nodes that the nemesis has paused.
  private(set) var paused: Set<NodeID> = []
  /// Nodes whose disks are full or fail.
  private(set) var withBrokenDisks: Set<NodeID> = []
  /// Nodes of which nothing is heard any more, as they have written to a client that had gone.
  private(set) var silenced: Set<NodeID> = []
  /// Nodes that have printed no line since the load began.
  private(set) var silent: Set<NodeID> = []

  /// Whether it has a process, be it a paused one.
  func isRunning(_ node: NodeID) -> Bool { !down.contains(node) && !dead.contains(node) }

  /// Whether it has a process that goes on.
  func isAwake(_ node: NodeID) -> Bool { isRunning(node) && !paused.contains(node) }

  func isSilenced(_ node: NodeID) -> Bool { silenced.contains(node) }

  /// A process has ended by itself. Returns false if that is known.
  mutating func died(_ node: NodeID) -> Bool { dead.insert(node).inserted }

  /// Returns whether it was silenced, and is heard again from now on.
  mutating func kill(_ node: NodeID) -> Bool {
    down.insert(node)
    paused.remove(node)
    return silenced.remove(node) != nil
  }

  /// Those that were killed have processes again, and disks that work.
  mutating func start(_ nodes: [NodeID]) {
    down.subtract(nodes)
    withBrokenDisks.subtract(nodes)
  }

  mutating func pause(_ nodes: [NodeID]) { paused.formUnion(nodes) }
  mutating func resume(_ nodes: [NodeID]) { paused.subtract(nodes) }

  mutating func breakDisks(of nodes: [NodeID]) { withBrokenDisks.formUnion(nodes) }
  mutating func mendDisks(of nodes: [NodeID]) { withBrokenDisks.subtract(nodes) }

  mutating func silence(_ node: NodeID) { silenced.insert(node) }

  /// The load begins: a line is awaited of each.
  mutating func awaitLines(of nodes: [NodeID]) { silent = Set(nodes) }

  mutating func printed(_ node: NodeID) {
    if !silent.isEmpty { silent.remove(node) }
  }
}
