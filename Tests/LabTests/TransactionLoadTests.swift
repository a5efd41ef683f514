import Glomers
import struct History.Operation
import Nodes
import Simulator
import Testing
import Wire
import Workloads

@testable import Lab
@testable import History
@testable import Checkers

@Suite("Loads of transactions")
struct TransactionLoadTests {
  private func draws(_ count: Int, _ change: (inout Scenario) -> Void = { _ in }) -> [[[JSON]]] {
    var scenario = Scenario(.txnRWRegister)
    change(&scenario)
    var generator = TransactionGenerator(scenario, writing: "w", random: Random(seed: 1))
    return (0..<count).map { _ in generator.next().array!.map { $0.array! } }
  }

  @Test("one to so many micro-operations, reads and writes alike often")
  func mix() {
    let transactions = draws(4000)
    let lengths = Dictionary(grouping: transactions, by: \.count).mapValues(\.count)
    #expect(lengths.keys.sorted() == [1, 2, 3, 4])
    #expect(lengths.values.allSatisfy { 850...1150 ~= $0 })
    let operations = transactions.joined()
    let reads = operations.count { $0[0] == "r" }
    #expect(abs(reads * 2 - operations.count) < operations.count / 20)
    #expect(operations.allSatisfy { $0.count == 3 && ($0[0] == "w" || $0[2] == .null) })
    #expect(draws(500) { $0.maxTransactionLength = 7 }.map(\.count).max() == 7)
  }

  @Test("each key of the pool is twice as likely as the one before it")
  func keys() {
    let counts = Dictionary(
      grouping: draws(20_000) {
        $0.keyCount = 4
        $0.maxWritesPerKey = .max
      }.joined(), by: { $0[1].integer! }
    ).mapValues { Double($0.count) }
    #expect(counts.count == 4)
    for key in 0..<3 { #expect(abs(counts[key + 1]! / counts[key]! - 2) < 0.2) }
  }

  @Test(
    "by Zipf's law the first place is four times as likely as the second; in a uniform pool all are alike")
  func distributions() {
    func counts(_ distribution: Scenario.KeyDistribution) -> [Double] {
      let draw = KeyDraw(distribution, keyCount: 3, writesMax: 16)
      var random = Random(seed: 4)
      var counts = [0.0, 0, 0]
      for _ in 0..<20_000 { counts[draw.place(&random)] += 1 }
      return counts
    }
    let zipf = counts(.zipf)
    #expect(abs(zipf[0] / zipf[1] - 4) < 0.4)
    #expect(abs(zipf[0] / zipf[2] - 9) < 1)
    let uniform = counts(.uniform)
    #expect(uniform.allSatisfy { abs($0 / uniform[0] - 1) < 0.1 })
  }

  @Test("by Zipf's law most keys get few writes, and some as many as they may")
  func lifetimes() {
    let writes = draws(40_000) {
      $0.keyDistribution = .zipf
      $0.maxWritesPerKey = 16
    }.joined().filter { $0[0] == "w" }
    let counts = Dictionary(grouping: writes, by: { $0[1].integer! }).values.map(\.count)
    #expect(counts.max() == 16)
    // 1 of 1 + 1/2 + … + 1/16 keys gets one write.
    let share = Double(counts.count { $0 == 1 }) / Double(counts.count)
    #expect(0.26..<0.33 ~= share, "\(share)")
  }

  @Test("the writes of a key count up to the limit, and then a new key takes its place")
  func writes() {
    var next: [Int: Int] = [:]
    for operation in draws(5000, { $0.maxWritesPerKey = 3 }).joined() where operation[0] == "w" {
      let key = operation[1].integer!
      next[key, default: 0] += 1
      #expect(operation[2].integer == next[key])
    }
    #expect(next.values.max() == 3 && next.count > 100)
    #expect(next.filter { $0.value < 3 }.count <= 10)
  }

  @Test("in the end one client of each node reads every key that was used")
  func finalReads() throws {
    var scenario = Scenario(.txnListAppend)
    scenario.nodeCount = 2
    scenario.concurrency = .perNode(2)
    scenario.rate = 200
    scenario.timeLimit = .seconds(2)
    scenario.seed = 1
    var simulation = Simulation<LonelyNode>(scenario)
    simulation.finish()
    let operations = simulation.test.history.operations.filter { $0.kind == .invoke }
    func keys(_ isWanted: (Operation) -> Bool) -> Set<JSON> {
      Set(operations.filter(isWanted).flatMap { $0.value.array!.map { $0.array![1] } })
    }
    let used = keys { !$0.isFinal }
    #expect(used.count > 10)
    for node in ["n0", "n1"] as [NodeID] {
      #expect(used.isSubset(of: keys { $0.isFinal && $0.node == node }))
    }
    #expect(operations.filter(\.isFinal).allSatisfy { $0.value.array!.count <= 64 })
  }

  // MARK: Wrong nodes

  private func results(_ fault: String, also: Set<Demand> = Demand.ofTransactions) -> Results {
    var scenario = Scenario(.txnRWRegister)
    scenario.nodeCount = 2
    scenario.concurrency = .perNode(2)
    scenario.rate = 300
    scenario.timeLimit = .seconds(4)
    scenario.consistencyModels = ["read-committed"]
    scenario.demands = also
    scenario.seed = 3
    return Simulation<LonelyNode>.run(scenario, options: ["fault": .choice(fault, of: LonelyNode.faults)])
  }

  private func names(_ results: Results) -> Set<String> {
    Set(results.anomalies.filter { $0.severity == .invalid }.map(\.name))
  }

  @Test("nodes that share nothing are valid to Elle, and diverge")
  func lonely() {
    let results = results("none")
    #expect(results.verdict == .invalid && names(results) == ["diverged-replicas"])
    #expect(results.tree["workload"]?["valid?"] == true)
    let allowed = self.results("none", also: [])
    #expect(allowed.verdict == .valid && allowed.anomalies.map(\.name) == ["diverged-replicas"])
  }

  @Test(
    "a history that is read back has the anomaly types of its run",
    arguments: ["strict-serializable", "read-committed"])
  func readBack(_ model: String) throws {
    var scenario = Scenario(.txnRWRegister)
    scenario.nodeCount = 2
    scenario.concurrency = .perNode(2)
    scenario.rate = 200
    scenario.timeLimit = .seconds(4)
    scenario.latency = .milliseconds(100)
    scenario.consistencyModels = [model]
    scenario.seed = 5
    var simulation = Simulation<TransactionNode>(scenario)
    simulation.finish()
    let results = simulation.test.results()
    var bytes: [UInt8] = []
    simulation.test.history.writeEDN { bytes += $0 }
    // As `check` has it that was told nothing of the nodes.
    var unknown = scenario
    unknown.nodeCount = 0
    let history = try History(readingEDN: bytes, .txnRWRegister) { NodeID("the node of process \($0)") }
    let checked = Results(of: history, workload: Workload.txnRWRegister.checker(unknown))
    for key in ["anomaly-types", "not", "consistent-with", "valid?"] {
      #expect(checked.tree["workload"]?[key] == results.tree["workload"]?[key], "\(key)")
    }
    #expect(Set(checked.anomalies.map(\.name)) == Set(results.anomalies.map(\.name)))
    #expect((results.verdict == .valid) == (model == "read-committed"))
  }

  @Test("nodes that answer otherwise than asked, with what nobody wrote, or with what was written over")
  func liars() {
    #expect(names(results("alters")).contains("altered-transaction"))
    #expect(names(results("invents")).contains("phantom-value"))
    #expect(names(results("forgets")).contains("forgotten-write"))
    #expect(names(results("aborts")).contains("G1a"))
  }
}

/// A store of registers and lists that tells nobody anything, and can be made to lie.
struct LonelyNode: Node {
  typealias Message = Transactions

  static let faults = ["none", "alters", "invents", "forgets", "aborts"]
  static let fault = Glomers.Option("fault", .choice("none", of: faults), "How it goes wrong.")
  static let options = [fault]

  private let fault: String
  private var registers: [JSON: JSON] = [:]
  private var count = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<LonelyNode>) {
    fault = cluster.choice(Self.fault)
  }

  mutating func receive(_ message: Transactions, _ request: Request, _ context: inout Context<LonelyNode>) {
    guard case .txn(let operations) = message else { return }
    count += 1
    let isWrong = count % 20 == 0
    let before = registers
    var answer = operations.map { operation -> MicroOperation in
      switch operation {
      case .read(let key, _): return .read(key: key, value: registers[key] ?? .null)
      case .write(let key, let value): registers[key] = value
      case .append(let key, let value): registers[key] = .array((registers[key]?.array ?? []) + [value])
      }
      return operation
    }
    guard isWrong else { return context.reply(.txnOk(answer), to: request) }
    switch fault {
    case "alters": answer.removeLast()
    case "invents": registers = registers.mapValues { _ in 1_000_000 }
    case "forgets": registers = before
    case "aborts": return context.fail(.txnConflict("or so it says"), to: request)
    default: break
    }
    context.reply(.txnOk(answer), to: request)
  }
}
