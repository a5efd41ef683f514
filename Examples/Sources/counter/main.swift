import Glomers
import GlomersRuntime
import Wire
import Workloads

/// What nodes say to each other, beside what clients say.
enum Message: WireMessage {
  case client(Counter)
  /// The sum of what each node has added, as far as the sender knows.
  case merge([String: Int])

  init(type: String, body: JSONObject) throws(WireError) {
    guard type == "merge" else {
      self = .client(try Counter(type: type, body: body))
      return
    }
    var sums: [String: Int] = [:]
    let object = try body.object("sums")
    for (node, _) in object.members { sums[node] = try object.integer(node) }
    self = .merge(sums)
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .merge(let sums):
      body.member("type", "merge")
      body.key("sums")
      body.beginObject()
      for (node, sum) in sums.sorted(by: { $0.key < $1.key }) { body.member(node, sum) }
      body.endObject()
    }
  }
}

/// A grow-only counter: each node adds to an entry of its own, and of two states of an entry the higher one is newer.
struct CounterNode: Node {
  enum Timer: Hashable, Sendable { case merge }

  private let me: NodeID
  private let peers: [NodeID]
  private var sums: [String: Int] = [:]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<CounterNode>) {
    me = cluster.me
    peers = cluster.peers
    context.wake(.merge, at: context.now + .milliseconds(500))
  }

  mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<CounterNode>
  ) {
    switch message {
    case .client(.add(let delta)):
      sums[me.name, default: 0] += delta
      context.reply(.client(.addOk), to: request)
    case .client(.read): context.reply(.client(.readOk(sums.values.reduce(0, +))), to: request)
    case .merge(let others): sums.merge(others) { max($0, $1) }
    case .client: break
    }
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<CounterNode>) {
    for peer in peers { context.send(.merge(sums), to: peer) }
    context.wake(.merge, at: context.now + .milliseconds(500))
  }
}

run(CounterNode.self)
