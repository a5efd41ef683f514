public import Raft
internal import Glomers
public import Wire

/// What clients, the operator and other nodes say to a replicated state machine.
public enum RaftNodeMessage<Machine: StateMachine>: Equatable, Sendable {
  case client(Machine.Message)
  case peer(RaftMessage<Machine>)
  /// `add_member` or `remove_member`, with `node`: answered once a configuration that has it so is committed.
  case change(MembershipChange)
  case changed(MembershipChange)
}

extension RaftNodeMessage: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    switch type {
    case "add_member", "remove_member":
      self = .change(
        MembershipChange(NodeID(try body.string("node")), isMember: type == "add_member"))
    default:
      self =
        RaftMessage<Machine>.isKnown(type)
        ? .peer(try RaftMessage(type: type, body: body))
        : .client(try Machine.Message(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let message): message.write(to: &body)
    case .change(let change):
      body.member("type", change.isMember ? "add_member" : "remove_member")
      body.member("node", change.node.name)
    case .changed(let change):
      body.member("type", change.isMember ? "add_member_ok" : "remove_member_ok")
    }
  }
}
