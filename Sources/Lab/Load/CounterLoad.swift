import History
internal import Glomers
internal import Wire
internal import Workloads
import Checkers

/// Clients add small numbers to a counter and read it; in the end each reads once more.
///
/// Maelstrom's grow-only counter draws as the other one does and throws the negative numbers away, so that two of
/// three operations are reads. A definite error counts as one here; Maelstrom's client takes it for an unknown outcome.
struct CounterLoad: RequestLoad, MaelstromLoad {
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

  var hasFinalOperations: Bool { true }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    count == 0 ? .begin(Invocation(function: "read", isFinal: true)) : .done
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

  func isIdempotent(_ function: String) -> Bool { function == "read" }

  var replyMembers: [String: String] { ["read_ok": "value"] }

  static func checker(_ scenario: Scenario) -> any Checker {
    CounterChecker(nodes: scenario.nodes, onlyGrows: scenario.workload == .gCounter)
  }
}
