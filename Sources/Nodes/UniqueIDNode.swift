public import Glomers
public import Workloads

/// Gossip Glomers 2: gives out ids that no other node, and no other life of this node, ever gives out.
///
/// An id is *node* `-` *life* `-` *counter*. Node names differ within a cluster; the counter differs within a
/// life; the life, 64 random bits drawn at the start, differs between the lives of one node. No clock takes part, so
/// it does not matter whether clocks agree, jump or run back, and no message is sent, so partitions don't matter.
/// What is relied on: `context.random` is seeded with fresh entropy at each start. Of a million lives of one node,
/// two share their 64 bits with probability 3 × 10⁻⁸ (birthday bound: k² / 2⁶⁵).
public struct UniqueIDNode: Node {
  public typealias Message = UniqueIDs

  private let prefix: String
  private var counter = 0

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<UniqueIDNode>) {
    prefix = "\(cluster.me)-\(String(context.random.next(), radix: 36))-"
  }

  public mutating func receive(
    _ message: UniqueIDs, _ request: Request, _ context: inout Context<UniqueIDNode>
  ) {
    switch message {
    case .generate:
      counter += 1
      context.reply(.generateOk(id: .string(prefix + String(counter))), to: request)
    case .generateOk:
      context.fail(.notSupported("generate_ok is an answer, not a request"), to: request)
    }
  }
}
