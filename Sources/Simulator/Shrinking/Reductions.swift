internal import Glomers
internal import Lab

extension Scenario {
  /// Leaves a node out, with its clients, or with another node for them.
  mutating func drop(_ node: NodeID, movingRequests: Bool) {
    nodes.removeAll { $0 == node }
    guard var script, let other = nodes.first else { return }
    script.faults = script.faults.compactMap { fault in
      var fault = fault
      fault.harm = fault.harm.limited(to: fault.harm.targets.filter { !$0.names(node) })
      return fault.harm.isEmpty ? nil : fault
    }
    script.delays.removeAll { $0.message.link.source == node || $0.message.link.destination == node }
    script.strikes.removeAll { $0.message.link.source == node || $0.message.link.destination == node }
    if movingRequests {
      for client in script.clients.indices where script.clients[client] == node {
        script.clients[client] = other
      }
    } else {
      for client in script.clients.indices.reversed() where script.clients[client] == node {
        script.drop(client: client, into: nil)
      }
      if script.clients.isEmpty { script.clients = [other] }
    }
    concurrency = .clients(script.clients.count)
    self.script = script
  }
}

extension Script {
  /// Leaves a client out, with what it asks for, or with another client to ask for that.
  mutating func drop(client: Int, into other: Int?) {
    if let other {
      for place in requests.indices where requests[place].client == client { requests[place].client = other }
    } else {
      requests.removeAll { $0.client == client }
    }
    for place in requests.indices where requests[place].client > client { requests[place].client -= 1 }
    finals = finals?.filter { $0 != client }.map { $0 > client ? $0 - 1 : $0 }
    clients.remove(at: client)
  }

  /// Leaves requests out, and with each the messages that were sent from then until the next request: what is said of
  /// later messages of a link moves to lower numbers.
  ///
  /// - Parameter kept: some of the requests, in their order.
  mutating func keep(_ kept: [Request], _ sendTimes: [Link: [Duration]]) {
    var gaps: [Range<Duration>] = []
    var place = 0
    for (number, request) in requests.enumerated() {
      if place < kept.count, kept[place] == request {
        place += 1
        continue
      }
      let end = number + 1 < requests.count ? requests[number + 1].time : .seconds(1 << 32)
      if end > request.time { gaps.append(request.time..<end) }
    }
    requests = kept
    func moved(_ message: MessageID) -> MessageID {
      let earlier = sendTimes[message.link, default: []].prefix(message.number - 1)
      var gap = 0
      // Both are in the order of time.
      let missing = earlier.count(where: { time in
        while gap < gaps.count, gaps[gap].upperBound <= time { gap += 1 }
        return gap < gaps.count && gaps[gap].contains(time)
      })
      return MessageID(message.link, message.number - missing)
    }
    for place in strikes.indices { strikes[place].message = moved(strikes[place].message) }
    for place in delays.indices { delays[place].message = moved(delays[place].message) }
  }

  /// When something happens, in order.
  var times: [Duration] {
    Set(requests.map(\.time) + faults.map(\.start) + faults.compactMap(\.end) + (calm.map { [$0] } ?? []))
      .sorted()
  }

  /// Moves all that happens.
  mutating func moveTimes(_ move: (Duration) -> Duration) {
    for place in requests.indices { requests[place].time = move(requests[place].time) }
    for place in faults.indices {
      faults[place].start = move(faults[place].start)
      faults[place].end = faults[place].end.map(move)
    }
    calm = calm.map(move)
  }
}

/// One node that a fault hits, or one link that it cuts, or a clock that jumps.
enum Target: Equatable {
  case node(NodeID)
  case link(receiver: NodeID, source: NodeID)
  case jump(Script.Jump)

  func names(_ node: NodeID) -> Bool {
    switch self {
    case .node(let name): name == node
    case .link(let receiver, let source): receiver == node || source == node
    case .jump(let jump): jump.node == node
    }
  }
}

extension Script.Harm {
  var targets: [Target] {
    switch self {
    case .cut(let grudge, _):
      grudge.sources.sorted { $0.key < $1.key }.flatMap { receiver, sources in
        sources.sorted().map { .link(receiver: receiver, source: $0) }
      }
    case .kill(let nodes), .pause(let nodes), .disk(_, let nodes), .remove(let nodes): nodes.map { .node($0) }
    case .skew(let jumps): jumps.map { .jump($0) }
    }
  }

  /// The same fault of some of its targets only.
  func limited(to targets: [Target]) -> Script.Harm {
    let nodes = targets.compactMap { if case .node(let node) = $0 { node } else { nil } }
    switch self {
    case .kill: return .kill(nodes)
    case .pause: return .pause(nodes)
    case .remove: return .remove(nodes)
    case .disk(let condition, _): return .disk(condition, nodes)
    case .skew: return .skew(targets.compactMap { if case .jump(let jump) = $0 { jump } else { nil } })
    case .cut(_, let isOneWay):
      var sources: [NodeID: Set<NodeID>] = [:]
      for case .link(let receiver, let source) in targets { sources[receiver, default: []].insert(source) }
      return .cut(Grudge(sources), isOneWay: isOneWay)
    }
  }
}
