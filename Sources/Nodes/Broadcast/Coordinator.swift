internal import Glomers

/// Who is the hub: the first node, in the cluster's order, that this node does not suspect. That is the same
/// node everywhere while the network is whole. Where it is not, several hubs may serve, which costs messages
/// and loses nothing:
///
/// 1. A spoke suspects a hub that does not acknowledge a batch, or answer a question, in time.
/// 2. The next node in order is then its hub, and gets all values that no hub has acknowledged.
/// 3. Whoever gets a batch scatters it to all, the suspected hub included. Each spoke takes in what any hub scatters, and
///    changes its own hub by rules 1 and 4 alone.
/// 4. A node that speaks is suspected no longer. Each hub goes on asking the nodes that do not acknowledge its scatters, less
///    and less often. So after a split a question gets through, and the first node in order is everybody's hub again.
/// 5. Who asks and who answers send each other what the other lacks. The hub scatters what it has got that way.
///
/// A spoke that has nothing to send does not notice that its hub is gone.
struct Coordinator: Sendable {
  private let nodes: [NodeID]
  private let me: NodeID
  private var suspects: Set<NodeID> = []
  /// The hub that was asked a question and has not spoken since.
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

  /// The peer has answered, or its time is up. Returns whether it was asked.
  mutating func forgetQuestion(to peer: NodeID) -> Bool {
    guard asked == peer else { return false }
    asked = nil
    return true
  }
}
