internal import Glomers
internal import Wire
import History
import Checkers

/// Clients read, write and compare-and-set registers of a linearizable store.
///
/// Jepsen's linearizable-register under its concurrent generator: twice as many clients as nodes share a key, and
/// write once for every two compare-and-sets. Jepsen reserves as many clients as there are nodes for reads, and counts
/// them from the first of the whole test: so half of the first group only read, and of the others nobody does. A key is
/// left for the next once 20 processes have used it, because every process that crashes leaves an operation open for
/// ever, which makes the history harder to check.
struct LinKVLoad: RequestLoad, MaelstromLoad {
  private struct Group: Sendable {
    var key: Int
    /// Operations of unknown outcome on the key: for each there is one process more.
    var crashCount = 0
  }

  /// Jepsen's.
  private static let processMax = 20
  private static let values = 0..<5

  let patience: Duration
  private let groupSize: Int
  private let workerCount: Int
  private var groups: [Group]
  private var nextKey: Int
  private var random: Random

  init(_ scenario: Scenario, random: Random) {
    // Maelstrom's.
    patience = max(scenario.latency * 10, .seconds(1))
    groupSize = 2 * scenario.nodeCount
    workerCount = scenario.clientCount
    groups = (0..<(workerCount + groupSize - 1) / groupSize).map { Group(key: $0) }
    nextKey = groups.count
    self.random = random
  }

  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    let (group, place) = worker.number.quotientAndRemainder(dividingBy: groupSize)
    // Jepsen refuses numbers of clients that leave the last group smaller than the others.
    let size = min(groupSize, workerCount - group * groupSize)
    if groups[group].crashCount > max(0, Self.processMax - size) {
      groups[group] = Group(key: nextKey)
      nextKey += 1
    }
    let key = JSON.integer(groups[group].key)
    let onlyReads = group == 0 && (size == 1 ? Bool.random(using: &random) : place < size / 2)
    if onlyReads { return Invocation(function: "read", value: [key, .null]) }
    if Int.random(in: 0..<3, using: &random) == 0 {
      return Invocation(function: "write", value: [key, value()])
    }
    return Invocation(function: "cas", value: [key, [value(), value()]])
  }

  var followsOperations: Bool { true }

  mutating func ended(_ operation: Operation, by worker: Worker) {
    guard operation.kind == .info else { return }
    let group = worker.number / groupSize
    if operation.value.array?.first == .integer(groups[group].key) { groups[group].crashCount += 1 }
  }

  func request(_ invocation: Invocation) -> any WireMessage {
    let (key, value) = (invocation.value.array![0], invocation.value.array![1])
    return switch invocation.function {
    case "read": KV.read(key: key)
    case "write": KV.write(key: key, value: value)
    default: KV.cas(key: key, from: value.array![0], to: value.array![1], createIfNotExists: false)
    }
  }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    switch (try KV(type: type, body: body), invocation.function) {
    case (.readOk(let value), "read"): [invocation.value.array![0], value]
    case (.writeOk, "write"), (.casOk, "cas"): invocation.value
    default: nil
    }
  }

  var reusesClients: Bool { true }
  func isIdempotent(_ function: String) -> Bool { function == "read" }
  var replyMembers: [String: String] { ["read_ok": "value"] }

  static func checker(_ scenario: Scenario) -> any Checker { LinearizabilityChecker() }

  private mutating func value() -> JSON { .integer(Int.random(in: Self.values, using: &random)) }
}
