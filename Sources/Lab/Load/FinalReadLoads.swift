internal import Glomers
internal import Wire
internal import Workloads
import Checkers
import History

/// A load whose clients change what nodes hold, and read it; in the end each reads once more.
protocol FinalReadLoad: RequestLoad, MaelstromLoad {}

extension FinalReadLoad {
  var hasFinalOperations: Bool { true }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    count == 0 ? .begin(Invocation(function: "read", isFinal: true)) : .done
  }

  func isIdempotent(_ function: String) -> Bool { function == "read" }

  func advance(
    _ invocation: Invocation, by worker: Worker, type: String, _ body: JSONObject
  ) throws(WireError) -> Step? {
    if invocation.function == "read", type == "read_ok", let probe, let shown = body.integerList(probe.member)
    {
      return .completeRead(shown)
    }
    return try value(of: invocation, type: type, body).map { .complete($0) }
  }
}

/// Clients broadcast 0, 1, 2, … and read, about as often.
struct BroadcastLoad: FinalReadLoad {
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

  var replyMembers: [String: String] { ["read_ok": "messages"] }

  var probe: Probe? { Probe(message: Broadcast.read, member: "messages") }

  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting? {
    if invocation.function == "read" { .held(value.array ?? []) } else { .acknowledged(value) }
  }

  static func checker(_ scenario: Scenario) -> any Checker {
    SetChecker(adding: "broadcast", nodes: scenario.nodes)
  }
}

/// Clients add 0, 1, 2, … to a set and read it, about as often.
struct GSetLoad: FinalReadLoad {
  private var random: Random
  private var nextElement = 0

  init(_ scenario: Scenario, random: Random) { self.random = random }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    guard Bool.random(using: &random) else { return Invocation(function: "read") }
    defer { nextElement += 1 }
    return Invocation(function: "add", value: .integer(nextElement))
  }

  func request(_ invocation: Invocation) -> any WireMessage {
    invocation.function == "read" ? GSet.read : .add(invocation.value)
  }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    switch (try GSet(type: type, body: body), invocation.function) {
    case (.addOk, "add"): invocation.value
    case (.readOk(let elements), "read"): .array(elements)
    default: nil
    }
  }

  var replyMembers: [String: String] { ["read_ok": "value"] }

  var probe: Probe? { Probe(message: GSet.read, member: "value") }

  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting? {
    if invocation.function == "read" { .held(value.array ?? []) } else { .acknowledged(value) }
  }

  static func checker(_ scenario: Scenario) -> any Checker {
    SetChecker(adding: "add", nodes: scenario.nodes)
  }
}

/// Clients add small numbers to a counter and read it.
///
/// Maelstrom's grow-only counter draws as the other one does and throws the negative numbers away, so that two of
/// three operations are reads. A definite error counts as one here; Maelstrom's client takes it for an unknown outcome.
struct CounterLoad: FinalReadLoad {
  private let onlyGrows: Bool
  private var random: Random

  init(_ scenario: Scenario, random: Random) {
    onlyGrows = scenario.workload == .gCounter
    self.random = random
  }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    while true {
      guard Bool.random(using: &random) else { return Invocation(function: "read") }
      let delta = Int.random(in: -5..<5, using: &random)
      if delta >= 0 || !onlyGrows { return Invocation(function: "add", value: .integer(delta)) }
    }
  }

  func request(_ invocation: Invocation) -> any WireMessage {
    invocation.function == "read" ? Counter.read : .add(invocation.value.integer!)
  }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    switch (type, invocation.function) {
    case ("add_ok", "add"): return invocation.value
    // A total may have any size, if only to be wrong: `Counter` holds those of 64 bits.
    case ("read_ok", "read") where body.optionalElement("value")?.isInteger ?? false:
      return try body.value("value")
    default:
      _ = try Counter(type: type, body: body)
      return nil
    }
  }

  var replyMembers: [String: String] { ["read_ok": "value"] }

  static func checker(_ scenario: Scenario) -> any Checker {
    CounterChecker(nodes: scenario.nodes, onlyGrows: scenario.workload == .gCounter)
  }
}
