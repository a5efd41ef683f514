import Glomers
import Wire
import Workloads

/// The simplest broadcast that works: who learns a value tells everybody, and goes on until each has said that it
/// knows. Just for testing the bench.
struct FloodNode: Node {
  enum Message: WireMessage {
    case client(Broadcast)
    case learn(JSON)
    case learnOk

    init(type: String, body: JSONObject) throws(WireError) {
      switch type {
      case "learn": self = .learn(try body.value("value"))
      case "learn_ok": self = .learnOk
      default: self = .client(try Broadcast(type: type, body: body))
      }
    }

    func write(to body: inout JSONWriter) {
      switch self {
      case .client(let message): message.write(to: &body)
      case .learn(let value):
        body.member("type", "learn")
        body.member("value", value)
      case .learnOk: body.member("type", "learn_ok")
      }
    }
  }

  enum Call: Equatable { case told }

  /// Breaks the node, for tests of what the bench finds.
  static var options: [Option] { [Option("tells", .flag(true), "Whether it tells its peers.")] }

  private let cluster: Cluster
  private var values: [JSON] = []

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    self.cluster = cluster
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .client(.topology): context.reply(.client(.topologyOk), to: request)
    case .client(.broadcast(let value)):
      learn(value, &context)
      context.reply(.client(.broadcastOk), to: request)
    case .client(.read): context.reply(.client(.readOk(values)), to: request)
    case .learn(let value):
      if !values.contains(value) { values.append(value) }
      context.reply(.learnOk, to: request)
    default: break
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {}

  private mutating func learn(_ value: JSON, _ context: inout Context<Self>) {
    values.append(value)
    guard cluster.flag(Self.options[0]) else { return }
    for peer in cluster.peers {
      context.call(peer, .learn(value), then: .told, .untilAnswered(every: .milliseconds(500)))
    }
  }
}
