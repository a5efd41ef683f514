public import Wire
internal import Workloads

extension GSetNode.Message: WireMessage {
  public init(type: String, body: JSONObject) throws(WireError) {
    if type == "set_sync" {
      self = .peer(
        try Delta.read(from: body), version: try VersionVector(from: body),
        wantsAnswer: try body.bool("wants_answer"))
    } else {
      self = .client(try GSet(type: type, body: body))
    }
  }

  public func write(to body: inout JSONWriter) {
    switch self {
    case .client(let message): message.write(to: &body)
    case .peer(let deltas, let version, let wantsAnswer):
      body.member("type", "set_sync")
      Delta.write(deltas, to: &body)
      version.write(to: &body)
      body.member("wants_answer", wantsAnswer)
    }
  }
}
