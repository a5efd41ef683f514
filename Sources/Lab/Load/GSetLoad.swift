internal import Glomers
internal import Wire
internal import Workloads
import Checkers

/// Clients add 0, 1, 2, … to a set and read it, about as often; in the end each reads once more.
struct GSetLoad: RequestLoad, MaelstromLoad {
  private var random: Random
  private var nextElement = 0

  init(_ scenario: Scenario, random: Random) { self.random = random }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    guard Bool.random(using: &random) else { return Invocation(function: "read") }
    defer { nextElement += 1 }
    return Invocation(function: "add", value: .integer(nextElement))
  }

  var hasFinalOperations: Bool { true }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    count == 0 ? .begin(Invocation(function: "read", isFinal: true)) : .done
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

  func isIdempotent(_ function: String) -> Bool { function == "read" }

  var replyMembers: [String: String] { ["read_ok": "value"] }

  var probe: Probe? { Probe(message: GSet.read, member: "value") }

  func sighting(_ invocation: Invocation, _ value: JSON) -> Sighting? {
    if invocation.function == "read" { .held(value.array ?? []) } else { .acknowledged(value) }
  }

  static func checker(_ scenario: Scenario) -> any Checker { GSetChecker(nodes: scenario.nodes) }
}
