internal import Glomers
internal import Wire
internal import Workloads
import Checkers

/// Clients say something and want to hear it again.
struct EchoLoad: RequestLoad, MaelstromLoad {
  private var random: Random

  init(_ scenario: Scenario, random: Random) { self.random = random }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    Invocation(function: "echo", value: .string("Please echo \(Int.random(in: 0..<128, using: &random))"))
  }

  func request(_ invocation: Invocation) -> any WireMessage { Echo.echo(JSONText(invocation.value)) }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    if type == "echo_ok" { return try body.value("echo") }
    _ = try Echo(type: type, body: body)
    return nil
  }

  var replyMembers: [String: String] { ["echo_ok": "echo"] }

  static func checker(_ scenario: Scenario) -> any Checker { EchoChecker() }
}

/// Clients want ids that nobody else gets.
struct UniqueIDsLoad: RequestLoad, MaelstromLoad {
  init(_ scenario: Scenario, random: Random) {}

  func next(for worker: Worker, at time: Duration) -> Invocation { Invocation(function: "generate") }

  func request(_ invocation: Invocation) -> any WireMessage { UniqueIDs.generate }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    try UniqueIDs(type: type, body: body).id
  }

  var reusesClients: Bool { true }

  var replyMembers: [String: String] { ["generate_ok": "id"] }

  static func checker(_ scenario: Scenario) -> any Checker { UniqueIDsChecker() }
}
