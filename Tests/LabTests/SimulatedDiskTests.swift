import History
import Checkers
import Glomers
import Simulator
import Testing
import Wire
import Workloads

@testable import Lab

/// How a node goes about its log.
private protocol Habit: Sendable {
  static var persists: Bool { get }
  /// How many elements its checkpoints leave out.
  static var omittedCount: Int { get }
}

private enum Careful: Habit {
  static let persists = true
  static let omittedCount = 0
}

private enum Forgetful: Habit {
  static let persists = false
  static let omittedCount = 0
}

private enum Sloppy: Habit {
  static let persists = true
  static let omittedCount = 1
}

private struct Entry: StorableRecord {
  let element: JSON

  init(_ element: JSON) { self.element = element }
  init(record: JSONObject) throws(WireError) { element = try record.value("element") }
  func write(to record: inout JSONWriter) { record.member("element", element) }
}

/// A grow-only set on a single node.
private struct Diary<How: Habit>: Node {
  typealias Message = GSet
  typealias Record = Entry

  private var elements: [JSON]
  var checkpoint: [Entry]? { elements.dropFirst(How.omittedCount).map { Entry($0) } }

  init(_ cluster: Cluster, recovering records: [Entry], _ context: inout Context<Self>) {
    elements = records.map(\.element)
  }

  func answer(reading message: GSet) -> Outcome<GSet>? {
    message == .read ? .success(.readOk(elements)) : nil
  }

  mutating func receive(_ message: GSet, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .add(let element):
      elements.append(element)
      if How.persists { context.persist(Entry(element)) }
      context.reply(.addOk, to: request)
    case .read: context.reply(.readOk(elements), to: request)
    default: context.fail(.notSupported("an answer"), to: request)
    }
  }
}

@Suite("Simulated disks")
struct SimulatedDiskTests {
  private func scenario(_ faults: Scenario.Fault..., seed: UInt64) -> Scenario {
    var scenario = Scenario(.gSet)
    scenario.nodeCount = 1
    scenario.concurrency = .clients(3)
    scenario.rate = 50
    scenario.timeLimit = .seconds(20)
    scenario.faults = Set(faults)
    scenario.nemesisInterval = .seconds(1)
    scenario.seed = seed
    scenario.probeInterval = nil
    return scenario
  }

  @Test(
    "what a node has stored it has after every kill, its disk full or failing in between", arguments: 1...8)
  func kept(seed: UInt64) {
    let killed = Simulation<Diary<Careful>>.run(scenario(.kill, seed: seed))
    #expect(killed.verdict == .valid, "\(killed.anomalies)")
    let hurt = Simulation<Diary<Careful>>.run(scenario(.kill, .disk, seed: seed))
    #expect(hurt.verdict == .valid, "\(hurt.anomalies)")
  }

  @Test("a node that stores nothing, and one whose checkpoint leaves something out, lose it")
  func lost() {
    let forgetful = Simulation<Diary<Forgetful>>.run(scenario(.kill, seed: 1))
    #expect(forgetful.anomalies.contains { $0.name == "lost-value" }, "\(forgetful.anomalies)")
    let sloppy = Simulation<Diary<Sloppy>>.run(scenario(.kill, seed: 1))
    #expect(sloppy.anomalies.contains { $0.name == "lost-value" }, "\(sloppy.anomalies)")
  }

  @Test("while its disk is broken a node refuses requests, or says that nobody knows")
  func refused() {
    var simulation = Simulation<Diary<Careful>>(scenario(.disk, seed: 3))
    simulation.finish()
    let refused = simulation.test.history.operations.filter { $0.kind != .invoke && $0.error != nil }
    let errors = refused.compactMap(\.error)
    #expect(simulation.test.results().verdict == .valid)
    #expect(!refused.contains { $0.function == "read" && "\($0.error!)".contains("temporarily-unavailable") })
    #expect(errors.contains { "\($0)".contains("temporarily-unavailable") }, "\(errors.prefix(3))")
    #expect(errors.contains { "\($0)".contains("crash") }, "\(errors.prefix(3))")
  }

  @Test("one seed gives one run, disks included")
  func repeatable() {
    let digests = (0..<2).map { _ in
      var simulation = Simulation<Diary<Careful>>(scenario(.kill, .disk, seed: 5))
      simulation.finish()
      return simulation.digest
    }
    #expect(digests[0] == digests[1])
  }
}
