import Glomers
import Wire

/// Tells every peer what a client says, and does next to nothing beside: what the simulator is measured by.
struct FloodNode: Node {
  /// Those of echo: from clients to nodes and back, and from node to node.
  enum Message: WireMessage {
    case echo(JSONText)
    case echoOk(JSONText)

    init(type: String, body: JSONObject) throws(WireError) {
      switch type {
      case "echo": self = .echo(try body.text("echo"))
      case "echo_ok": self = .echoOk(try body.text("echo"))
      default: throw .unknownType(type)
      }
    }

    func write(to body: inout JSONWriter) {
      switch self {
      case .echo(let payload):
        body.member("type", "echo")
        body.member("echo", payload)
      case .echoOk(let payload):
        body.member("type", "echo_ok")
        body.member("echo", payload)
      }
    }
  }

  private let peers: [NodeID]
  private let names: Set<NodeID>

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    peers = cluster.peers
    names = Set(peers)
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    guard case .echo(let payload) = message, !names.contains(request.source) else { return }
    for peer in peers { context.send(message, to: peer) }
    context.reply(.echoOk(payload), to: request)
  }
}
