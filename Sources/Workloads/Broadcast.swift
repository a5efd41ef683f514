public import Glomers
public import Wire

/// Broadcast, between clients and nodes: every value broadcast anywhere is to be read everywhere in the end.
public enum Broadcast: Equatable, Sendable {
  /// Whom each node should talk to: a suggestion. May name nodes that do not exist.
  case topology([String: [String]])
  /// The topology has been heard.
  case topologyOk
  /// A client gives a value, which every node is to show in the end. On the wire it is `message`.
  case broadcast(JSON)
  /// The node has taken the value, and may not lose it.
  case broadcastOk
  /// A client asks for all values.
  case read
  /// All values that the node shows, in any order. On the wire they are `messages`.
  case readOk([JSON])
}

extension Broadcast: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    // Each comparison that fails costs time: what nodes are asked most comes first.
    switch type {
    case "broadcast": self = .broadcast(try body.value("message"))
    case "read": self = .read
    case "broadcast_ok": self = .broadcastOk
    case "topology":
      let object = try body.object("topology")
      var topology: [String: [String]] = [:]
      for (name, _) in object.members { topology[name] = try object.strings(name) }
      self = .topology(topology)
    case "topology_ok": self = .topologyOk
    case "read_ok": self = .readOk(try body.values("messages"))
    default: throw .unknownType(type)
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .topology(let topology):
      body.member("type", "topology")
      body.key("topology")
      body.beginObject()
      for (name, neighbours) in topology.sorted(by: { $0.key < $1.key }) { body.member(name, neighbours) }
      body.endObject()
    case .topologyOk: body.member("type", "topology_ok")
    case .broadcast(let message):
      body.member("type", "broadcast")
      body.member("message", message)
    case .broadcastOk: body.member("type", "broadcast_ok")
    case .read: body.member("type", "read")
    case .readOk(let messages):
      body.member("type", "read_ok")
      body.member("messages", messages)
    }
  }
}
