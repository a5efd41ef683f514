internal import Glomers
internal import Wire
internal import Workloads
import Checkers

/// Clients broadcast 0, 1, 2, … and read, about as often; in the end each reads once more.
struct BroadcastLoad: RequestLoad, MaelstromLoad {
  private let topology: [NodeID: [NodeID]]
  private var random: Random
  private var nextValue = 0

  init(_ scenario: Scenario, random: Random) {
    topology = scenario.topology.neighbours(scenario.nodes)
    self.random = random
  }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    guard Bool.random(using: &random) else { return Invocation(function: "read") }
    defer { nextValue += 1 }
    return Invocation(function: "broadcast", value: .integer(nextValue))
  }

  var hasFinalOperations: Bool { true }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    count == 0 ? .begin(Invocation(function: "read", isFinal: true)) : .done
  }

  func setUp(_ node: NodeID) -> SetUp? {
    let names = Dictionary(uniqueKeysWithValues: topology.map { ($0.name, $1.map(\.name)) })
    return SetUp(type: "topology", message: Broadcast.topology(names))
  }

  func request(_ invocation: Invocation) -> any WireMessage {
    invocation.function == "read" ? Broadcast.read : .broadcast(invocation.value)
  }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    switch (try Broadcast(type: type, body: body), invocation.function) {
    case (.broadcastOk, "broadcast"): invocation.value
    case (.readOk(let messages), "read"): .array(messages)
    default: nil
    }
  }

  func isIdempotent(_ function: String) -> Bool { function == "read" }

  var replyMembers: [String: String] { ["read_ok": "messages"] }

  var probe: Probe? { Probe(message: Broadcast.read, member: "messages") }

  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting? {
    if invocation.function == "read" { .held(value.array ?? []) } else { .acknowledged(value) }
  }

  static func checker(_ scenario: Scenario) -> any Checker { BroadcastChecker(nodes: scenario.nodes) }
}
