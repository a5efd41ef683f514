internal import Glomers
internal import Wire
internal import Workloads
import Checkers

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
