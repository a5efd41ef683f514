import Checkers
import Glomers
import Nodes
import Testing
import Wire
import Workloads

@testable import Lab
@testable import Simulator
@testable import History

@Suite("Scripts")
struct ScriptTests {
  private static func everything(_ workload: Workload, seed: UInt64) -> Scenario {
    var scenario = Scenario(workload)
    scenario.nodeCount = 3
    scenario.concurrency = .perNode(2)
    scenario.rate = 50
    scenario.timeLimit = .seconds(8)
    scenario.latency = .milliseconds(10)
    scenario.nemesisInterval = .milliseconds(700)
    scenario.faults = Set(Scenario.Fault.allCases).subtracting([.membership, .server])
    scenario.probeInterval = nil
    scenario.seed = seed
    return scenario
  }

  /// Runs a scenario, and the script that was made of it.
  private func runs<N: Node>(_ node: N.Type, _ scenario: Scenario) throws -> (
    seed: SeedOutcome, script: SeedOutcome
  ) where N.Message: WireMessage, N.Record: StorableRecord {
    var recorded = scenario
    recorded.isRecorded = true
    let first = Simulation<N>.outcome(recorded)
    let file = ScriptFile(.node("any"), arguments: [], try #require(first.scripted).scenario)
    let read = try ScriptFile(text: file.text)
    #expect(read.text == file.text)
    var replayed = read.scenario
    replayed.isRecorded = true
    return (first, Simulation<N>.outcome(replayed))
  }

  private func expectSame<N: Node>(_ node: N.Type, _ scenario: Scenario) throws
  where N.Message: WireMessage, N.Record: StorableRecord {
    let (seed, script) = try runs(node, scenario)
    #expect(seed.digest == script.digest, "seed \(scenario.seed)")
    #expect(seed.results.verdict == script.results.verdict)
  }

  @Test(
    "a run that is written down and read again is the same run, to the byte",
    arguments: 1...4 as ClosedRange<UInt64>)
  func sameDigest(_ seed: UInt64) throws {
    for distribution in Scenario.LatencyDistribution.allCases {
      var scenario = Self.everything(.broadcast, seed: seed)
      scenario.latencyDistribution = distribution
      scenario.calmTime = seed.isMultiple(of: 2) ? .seconds(3) : .zero
      scenario.delivery = seed.isMultiple(of: 2) ? .inOrder : .independent
      try expectSame(BroadcastNode.self, scenario)
    }
  }

  @Test("the same holds for every workload, and for machines that are late")
  func workloads() throws {
    for seed in 1...2 as ClosedRange<UInt64> {
      try expectSame(EchoNode.self, Self.everything(.echo, seed: seed))
      try expectSame(UniqueIDNode.self, Self.everything(.uniqueIDs, seed: seed))
      try expectSame(GSetNode.self, Self.everything(.gSet, seed: seed))
      try expectSame(PNCounterNode.self, Self.everything(.pnCounter, seed: seed))
      try expectSame(KafkaNode.self, Self.everything(.kafka, seed: seed))
      try expectSame(TransactionNode.self, Self.everything(.txnRWRegister, seed: seed))
      try expectSame(LinKVSingleNode.self, Self.everything(.linKV, seed: seed))
      try expectSame(CounterOnSeqKVNode<GrowOnly>.self, Self.everything(.gCounter, seed: seed))
      var late = Self.everything(.broadcast, seed: seed)
      late.machine = .busy
      late.faults = [.kill, .partition, .slow]
      try expectSame(BroadcastNode.self, late)
    }
  }

  @Test("a snapshot of the same values is the same, in whatever order they came")
  func snapshots() {
    var (there, back) = (KeyValues(), KeyValues())
    for key in 0..<100 { _ = there.apply(.write(key: .integer(key), value: .integer(key))) }
    for key in (0..<100).reversed() { _ = back.apply(.write(key: .integer(key), value: .integer(key))) }
    #expect(there.pieces == back.pieces)
  }

  @Test("the same holds where members are removed and added again")
  func members() throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      var scenario = Self.everything(.linKV, seed: seed)
      scenario.nodeCount = 5
      scenario.faults = [.membership, .partition, .kill, .loss]
      let (first, script) = try runs(LinKVNode.self, scenario)
      #expect(first.digest == script.digest, "seed \(seed)")
      let made = try #require(first.scripted?.scenario.script)
      #expect(made.faults.contains { $0.harm.fault == .membership })
      let changes = first.scripted?.history.operations.filter { $0.function == "remove_member" }
      #expect(changes?.isEmpty == false)
    }
  }

  private static let text = """
    script 1
    # A comment.
    workload txn-rw-register
    node txn-rw-register
    arguments ["--a","b c"]
    shows lost-update
    nodes n0 n2
    clients n0 n2 n2
    seed 7
    latency 2.5
    delivery independent
    nemesis disk kill
    also convergence
    key-count 3
    calm 4
    end 4.5
    finals 0 1

    at 0.1 client 0 txn [["r",1,null],["w",1,2]]
    at 0.2 client 2 txn []
    at 0.3 skew n0 -12.5
    from 1 to 2.000000001 kill n0
    from 1 to end partition n0<n2
    from 1 to 2 one-way n2<n0
    from 3 to 4 disk full n0 n2
    from 3 to 3 pause n2
    from 3 to 4 remove n2
    message n0>n2 3 lost
    message n0>n2 4 again 120
    message n2>n0 1 later 0.25
    delays lin-kv>n0 1 0 12 3
    delays n0>n2 7 100

    """

  @Test("the text of a script is read and written without loss")
  func text() throws {
    let file = try ScriptFile(text: Self.text)
    #expect(
      file.text
        == Self.text.split(separator: "\n", omittingEmptySubsequences: false)
        .filter { !$0.hasPrefix("#") }.joined(separator: "\n"))
    #expect(file.arguments == ["--a", "b c"])
    #expect(file.script.faults[1].end == .nanoseconds(2_000_000_001))
    #expect(file.script.faults[0].harm == .skew([.init("n0", by: .milliseconds(-12_500))]))
    #expect(try ScriptFile(text: Self.text.replacing("\n", with: "\r\n")) == file)
  }

  @Test(
    "a text that is no script is refused, with the line and what would be right",
    arguments: [
      ("", "begins with the line 'script 1'"),
      ("script 2", "line 1: a script begins with the line 'script 1'"),
      ("script 1\nworkload ehco", "line 2: there is no 'ehco' here; choose among echo"),
      ("script 1\nworkload echo\nnode echo\nnodes n0\nclients n1", "there is no node 'n1'"),
      ("script 1\nworkload echo\nnode echo\nnodes n0 n0\nclients n0", "two nodes have the same name"),
      ("script 1\nworkload echo\nnode echo\nnodes c0\nclients c0", "'c0' can't be a node's name"),
      ("script 1\nworkload echo\nnode echo\nnodes n0", "'clients n0"),
      ("script 1\nworkload echo\nnode echo\nclients n0", "'nodes n0"),
      ("script 1\nworkload echo\nnodes n0\nclients n0", "'node NAME' or 'program"),
      ("script 1\nat x client 0 echo 1", "line 2: 'x' is no number of seconds"),
      ("script 1\nat 1e3 client 0 echo 1", "line 2: '1e3' is no number of seconds"),
      ("script 1\nat 99999999999 client 0 echo 1", "a year (31536000) at most"),
      ("script 1\nat 1 client 0 echo {", "line 2: '{' is no JSON value"),
      ("script 1\nfrom 2 to 1 kill n0", "line 2: the fault ends before it starts"),
      ("script 1\nfrom 1 to 2 rain n0", "the faults are kill, pause, disk, remove, partition and one-way"),
      ("script 1\nmessage n0 1 lost", "as 'n0>n1'"),
      ("script 1\nmessage n0>n1 0 lost", "from 1 on"),
      ("script 1\nwether fine", "a script has no 'wether'"),
      (
        "script 1\nworkload echo\nnode echo\nnodes n0\nclients n0\nat 1 client 1 echo 1",
        "there is no client 1"
      ),
      (
        "script 1\nworkload echo\nnode echo\nnodes n0\nclients n0\nat 1 client 0 read",
        "clients of echo don't do 'read'"
      ),
      (
        "script 1\nworkload lin-kv\nnode x\nnodes n0\nclients n0\nat 1 client 0 cas [1]",
        "write it as 'cas [0,[1,2]]'"
      ),
      (
        "script 1\nworkload g-counter\nnode x\nnodes n0\nclients n0\nat 1 client 0 add \"1\"",
        "write it as 'add 3'"
      ),
      (
        "script 1\nworkload kafka\nnode x\nnodes n0\nclients n0\nat 1 client 0 send [[]]", "write it as 'send"
      ),
      (
        "script 1\nworkload txn-list-append\nnode x\nnodes n0\nclients n0\nat 1 client 0 txn [[\"w\",1,1]]",
        "append"
      ),
      (
        "script 1\nworkload echo\nnode x\nnodes n0\nclients n0\ncalm 1\nfrom 2 to 3 kill n0",
        "after all faults have ended"
      ),
    ])
  func refused(_ text: String, _ expected: String) {
    let error = #expect(throws: ScriptError.self) { try ScriptFile(text: text) }
    #expect(error?.description.contains(expected) ?? false, "\(error?.description ?? "")")
  }

  @Test("delta debugging finds the elements that matter, and no others")
  func deltaDebugging() {
    var count = 0
    let found = ddmin(Array(0..<1000)) { part in
      count += 1
      return part.contains(17) && part.contains(18) && part.contains(900)
    }
    #expect(found == [17, 18, 900])
    #expect(count < 300, "\(count) runs")
    #expect(ddmin([1, 2, 3]) { _ in true } == [])
    #expect(ddmin([1, 2, 3]) { $0 == [1, 2, 3] } == [1, 2, 3])
  }
}
