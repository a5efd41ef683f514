import Glomers
import GlomersRuntime
import Workloads

struct UniqueIDNode: Node {
  typealias Message = UniqueIDs

  /// The node's name, and a number that no other run of this node has drawn.
  private let prefix: String
  private var count = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<UniqueIDNode>) {
    prefix = "\(cluster.me.name)-\(String(context.random.next(), radix: 36))"
  }

  mutating func receive(
    _ message: UniqueIDs, _ request: Request, _ context: inout Context<UniqueIDNode>
  ) {
    guard case .generate = message else { return }
    count += 1
    context.reply(.generateOk(id: .string("\(prefix)-\(count)")), to: request)
  }
}

run(UniqueIDNode.self)
