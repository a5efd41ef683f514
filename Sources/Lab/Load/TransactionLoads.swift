internal import Glomers
internal import Wire
internal import Workloads
import Checkers

/// Clients read and write registers in transactions.
struct RegisterTransactionLoad: TransactionLoad {
  var generator: TransactionGenerator

  init(_ scenario: Scenario, random: Random) {
    generator = TransactionGenerator(scenario, writing: "w", random: random)
  }

  func accepts(_ operation: MicroOperation) -> Bool {
    if case .append = operation { false } else { true }
  }

  static func checker(_ scenario: Scenario) -> any Checker {
    TransactionChecker.registers(models: models(scenario), nodes: scenario.nodes)
  }
}

/// Clients read lists and append to them in transactions.
struct ListTransactionLoad: TransactionLoad {
  var generator: TransactionGenerator

  init(_ scenario: Scenario, random: Random) {
    generator = TransactionGenerator(scenario, writing: "append", random: random)
  }

  func accepts(_ operation: MicroOperation) -> Bool {
    switch operation {
    case .read(_, let value): value == .null || value.array != nil
    case .append: true
    case .write: false
    }
  }

  static func checker(_ scenario: Scenario) -> any Checker {
    TransactionChecker.lists(models: models(scenario), nodes: scenario.nodes)
  }
}

/// What loads of transactions have in common. Beyond Maelstrom, one client of each node reads every key in the end,
/// to see whether the nodes have come to hold the same.
protocol TransactionLoad: RequestLoad, MaelstromLoad {
  var generator: TransactionGenerator { get set }

  /// Whether this may stand in an answer.
  func accepts(_ operation: MicroOperation) -> Bool
}

/// What a checker must hold transactions to.
private func models(_ scenario: Scenario) -> [String] {
  scenario.consistencyModels + scenario.demands.intersection(Demand.ofTransactions).map(\.rawValue).sorted()
}

private let transactionMembers = ["txn_ok": "txn"]

/// `txn` as an operation has it, without a copy of each part.
private struct TransactionRequest: WireMessage {
  let operations: [JSON]

  init(operations: [JSON]) { self.operations = operations }

  init(type: String, body: JSONObject) throws(WireError) { throw .unknownType(type) }

  func write(to body: inout JSONWriter) {
    body.member("type", "txn")
    body.key("txn")
    body.beginArray()
    for element in operations {
      guard case .array(let parts) = element, parts.count == 3, case .string(let function) = parts[0] else {
        preconditionFailure("\(element) is no micro-operation")
      }
      switch function {
      case "r": body.microOperation("r", parts[1], .null)
      case "w": body.microOperation("w", parts[1], parts[2])
      default: body.microOperation("append", parts[1], parts[2])
      }
    }
    body.endArray()
  }
}

extension MicroOperation {
  /// Whether this is how it is written, if it is no read.
  fileprivate func `is`(_ written: JSON) -> Bool {
    guard case .array(let parts) = written, parts.count == 3, case .string(let function) = parts[0] else {
      return false
    }
    return switch self {
    case .read: false
    case .write(let key, let value): function == "w" && key == parts[1] && value == parts[2]
    case .append(let key, let value): function == "append" && key == parts[1] && value == parts[2]
    }
  }
}

/// How many keys a final transaction reads.
private let finalKeysMax = 64

extension TransactionLoad {
  mutating func next(for worker: Worker, at time: Duration) -> Invocation {
    Invocation(function: "txn", value: generator.next())
  }

  var hasFinalOperations: Bool { true }

  func finalStep(for worker: Worker, after count: Int, at time: Duration) -> FinalStep {
    let first = count * finalKeysMax
    guard worker.isFirst, first < generator.keyCount else { return .done }
    let keys = first..<min(first + finalKeysMax, generator.keyCount)
    let reads = keys.map { JSON.array(["r", .integer($0), .null]) }
    return .begin(Invocation(function: "txn", value: .array(reads), isFinal: true))
  }

  func request(_ invocation: Invocation) -> any WireMessage {
    TransactionRequest(operations: invocation.value.array ?? [])
  }

  func value(of invocation: Invocation, type: String, _ body: JSONObject) throws(WireError) -> JSON? {
    guard type == "txn_ok" else {
      _ = try Transactions(type: type, body: body)
      return nil
    }
    let asked = invocation.value.array ?? []
    var answered: [JSON] = []
    var isAccepted = true
    try MicroOperation.read(from: body) {
      answered.reserveCapacity($0)
    } take: { operation in
      if !accepts(operation) { isAccepted = false }
      // What is answered as it was asked is kept once.
      let place = answered.count
      answered.append(
        place < asked.count && operation.is(asked[place]) ? asked[place] : operation.json)
    }
    guard isAccepted else { throw .malformed("a micro-operation is not one of this workload") }
    return .array(answered)
  }

  var reusesClients: Bool { true }

  var replyMembers: [String: String] { transactionMembers }
}
