import Checkers
import Glomers
import Lab
import Nodes
import Replication
import Simulator
import Testing

@testable import Mutants
@testable import History

@Suite("Mutants")
struct HuntTests {
  /// A node that does nothing wrong, among the mutants.
  private var impostor: Mutant {
    Mutant(
      "echoes", EchoNode.self, of: EchoNode.self, "answers what it was asked", shows: "wrong-echo", in: .echo
    ) { $0.timeLimit = .seconds(2) }
  }

  private func mutant(_ path: String) throws -> Mutant { try #require(Mutant.all.first { $0.path == path }) }

  @Test("a survivor is reported, in the table and in words")
  func survivor() {
    let hunt = Hunt(impostor, seeds: 1...3)
    #expect(hunt.seed == nil && hunt.runCount == 3 && !hunt.isCaught)
    let report = HuntReport([hunt])
    #expect(report.problems == ["echo/echoes survived 3 runs: none showed wrong-echo"])
    #expect(report.rows[1].contains("nothing: it survived"))
    #expect(report.summary == "1 mutants: 0 caught in 3 runs, 1 survived")
  }

  @Test("a mutant that is invalid for another reason than the expected one has survived")
  func wrongReason() throws {
    let sound = try mutant("echo/answers-the-last")
    let mistaken = Mutant(
      "accident", "answers the last", shows: "unasked-reply", in: .echo, { $0 = sound.scenario },
      run: sound.run,
      original: sound.runOriginal, played: { sound.begin($0) })
    let report = HuntReport([Hunt(mistaken, seeds: 1...2)])
    #expect(
      report.problems == ["echo/accident survived 2 runs: none showed unasked-reply; it showed wrong-echo"])
  }

  @Test("a checker that finds fault with the node without the mistake is reported")
  func falseAlarm() throws {
    let wrong = try mutant("echo/answers-the-last")
    let both = Mutant(
      "both", "answers the last", shows: "wrong-echo", in: .echo, { $0 = wrong.scenario }, run: wrong.run,
      original: { wrong.outcome($0) }, played: { wrong.begin($0) })
    let hunt = Hunt(both, seeds: 1...5, originalRunCountMin: 1)
    #expect(hunt.seed == 1 && !hunt.isCaught)
    #expect(
      HuntReport([hunt]).problems
        == ["echo/both: seed 1 finds the node without the mistake invalid, by wrong-echo"])
  }

  @Test("a hunt ends at the seed that catches the mutant, and shows why")
  func caught() throws {
    let hunt = Hunt(try mutant("unique-ids/few-bits"), seeds: 1...50)
    #expect(hunt.isCaught)
    #expect(hunt.seed == UInt64(hunt.runCount) && hunt.evidence?.name == "duplicate-id")
    #expect(HuntReport([hunt]).problems.isEmpty)
  }

  @Test("runs that fail on what succeeded, and not on an anomaly, have a name")
  func unavailable() throws {
    let hunt = Hunt(try mutant("txn-rw-register/waits-for-all"), seeds: 1...5, originalRunCountMin: 1)
    #expect(hunt.isCaught && hunt.evidence?.name == "unavailable")
  }

  @Test("a core of Raft with a mistake breaks figure 3.2 before clients see anything")
  func raftInvariants() throws {
    let hunt = Hunt(try mutant("lin-kv/forgets-votes"), seeds: 1...5, originalRunCountMin: 1)
    #expect(hunt.isCaught && hunt.evidence?.name == "election-safety")
    #expect(hunt.evidence?.detail.contains("does not know it any more") == true)
  }

  @Test(
    "a replication core with a mistake that it once made is found out, and the core as it is is not",
    arguments: [
      // Those that are found out within a second of CPU; `make mutants` hunts all.
      Flaw.sendsAllAtOnce, .asksNobody, .trustsTheDead, .beginsNewStreams, .acknowledgesEarly, .neverBacksOff,
    ])
  func replicationInvariants(_ flaw: Flaw) throws {
    let hunt = Hunt(
      try #require(Mutant.replicas.first { $0.name == flaw.rawValue }), seeds: 1...5, originalRunCountMin: 1)
    #expect(hunt.isCaught, "\(HuntReport([hunt]).problems)")
  }

  @Test("each mistake of the replication core is a mutant")
  func flaws() { #expect(Set(Mutant.replicas.map(\.name)) == Set(Flaw.allCases.map(\.rawValue))) }

  @Test("every workload has mutants, each under a name of its own")
  func catalogue() {
    let mutants = Mutant.all
    #expect(Set(mutants.map(\.scenario.workload)) == Set(Workload.allCases))
    #expect(Set(mutants.map(\.path)).count == mutants.count)
    #expect(Set(mutants.map(\.mistake)).count > 60)
  }

  @Test(
    "a failure shrinks to what a person can read, and fails alike each time",
    arguments: [
      ("broadcast/sends-once", 3, 2, 3), ("lin-kv/is-sequential", 10, 0, 3),
      ("txn-list-append/checks-nothing", 4, 0, 3),
    ])
  func shrinks(_ path: String, requestsMax: Int, faultsMax: Int, nodesMax: Int) throws {
    let hunt = Hunt(try mutant(path), seeds: 1...50, originalRunCountMin: 0)
    let small = try #require(Shrinkage(hunt))
    #expect(small.strayCount == 0)
    #expect(small.progress.requestCount <= requestsMax && small.progress.faultCount <= faultsMax)
    #expect(small.progress.nodeCount <= nodesMax)
    #expect(try ScriptFile(text: small.file.text) == small.file)
  }
}
