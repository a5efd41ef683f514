import Glomers
import GlomersRuntime
import Wire
import Workloads

/// What nodes say to each other, beside what clients say.
enum Message: WireMessage {
  case client(Broadcast)
  /// Values that the receiver may lack.
  case gossip([JSON])
  case gossipOk

  init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "gossip": self = .gossip(try body.values("values"))
    case "gossip_ok": self = .gossipOk
    default: self = .client(try Broadcast(type: type, body: body))
    }
  }

  func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .gossip(let values):
      body.member("type", "gossip")
      body.member("values", values)
    case .gossipOk: body.member("type", "gossip_ok")
    }
  }
}

struct GossipNode: Node {
  /// A peer has taken in values.
  struct Call: Equatable, Sendable {
    let peer: NodeID
    let values: [JSON]
  }
  enum Timer: Hashable, Sendable { case gossip }

  static let period = Option(
    "period", .duration(.milliseconds(100), in: .milliseconds(1) ... .seconds(60)),
    "How often peers are told what they lack.")
  static let options = [period]

  private let period: Duration
  private var values: [JSON] = []
  private var known: Set<JSON> = []
  /// By peer, in the cluster's order: what it has not acknowledged.
  private var missing: [(peer: NodeID, values: [JSON])]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<GossipNode>) {
    period = cluster.duration(Self.period)
    missing = cluster.peers.map { ($0, []) }
  }

  mutating func receive(
    _ message: Message, _ request: Request, _ context: inout Context<GossipNode>
  ) {
    switch message {
    case .client(.topology): context.reply(.client(.topologyOk), to: request)
    case .client(.broadcast(let value)):
      if known.insert(value).inserted {
        values.append(value)
        for place in missing.indices { missing[place].values.append(value) }
        context.wake(.gossip, at: context.now + period)
      }
      context.reply(.client(.broadcastOk), to: request)
    case .client(.read): context.reply(.client(.readOk(values)), to: request)
    case .gossip(let news):
      for value in news where known.insert(value).inserted { values.append(value) }
      context.reply(.gossipOk, to: request)
    case .client, .gossipOk: break
    }
  }

  /// One message to each peer with all that it lacks.
  mutating func wake(_ timer: Timer, _ context: inout Context<GossipNode>) {
    for (peer, values) in missing where !values.isEmpty {
      let call = Call(peer: peer, values: values)
      context.call(peer, .gossip(values), then: call, .giveUp(after: .seconds(1)))
    }
  }

  /// What has not been acknowledged is sent again. That is safe: a set does not change if a value comes twice.
  mutating func complete(
    _ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<GossipNode>
  ) {
    guard let place = missing.firstIndex(where: { $0.peer == call.peer }) else { return }
    switch outcome {
    case .success:
      let arrived = Set(call.values)
      missing[place].values.removeAll { arrived.contains($0) }
    case .failure: context.wake(.gossip, at: context.now + period)
    }
  }
}

run(GossipNode.self)
