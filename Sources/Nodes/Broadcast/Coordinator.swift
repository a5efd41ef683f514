internal import Glomers

/// Who is the hub: the first node, in the cluster's order, that this node does not suspect. That is the same
/// node everywhere while the network is whole. Where it is not, several hubs may serve, which costs messages
/// and loses nothing.
///
/// 1. A spoke suspects a hub that does not acknowledge a batch, or answer a question, in time.
/// 2. The next node in order is then its hub, and gets all values that no hub has acknowledged.
/// 3. A node that speaks is suspected no longer.
struct Coordinator: Sendable {
  private let nodes: [NodeID]
  private let me: NodeID
  private var suspects: Set<NodeID> = []
  /// The hub that was asked for an answer and has not spoken since.
  private var asked: NodeID?

  init(_ cluster: Cluster) { (nodes, me) = (cluster.nodes, cluster.me) }

  var hub: NodeID { nodes.first { $0 == me || !suspects.contains($0) }! }
  var isHub: Bool { hub == me }

  mutating func suspect(_ node: NodeID) { suspects.insert(node) }

  /// A peer has spoken. Returns whether it is the hub now, and was not before.
  mutating func heard(_ peer: NodeID) -> Bool {
    let before = hub
    return suspects.remove(peer) != nil && hub != before
  }

  mutating func ask(_ hub: NodeID) { asked = hub }

  /// A question to this node needs no answer any more. Returns whether there was one.
  mutating func settle(_ peer: NodeID) -> Bool {
    guard asked == peer else { return false }
    asked = nil
    return true
  }
}
