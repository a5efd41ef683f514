import Glomers
import struct History.Operation
import Testing

@testable import Lab
@testable import History
@testable import Checkers

@Suite("Elle over registers")
struct ElleRegisterTests {
  private func types(_ history: History, _ model: String = "serializable") -> Set<String> {
    TransactionChecker.registers(model).check(history).anomalyTypes
  }

  @Test("a serial history is strict serializable")
  func serial() {
    let finding = TransactionChecker.registers("strict-serializable").check(
      TransactionRecord.inTurn("w:x=1", "r:x=1 w:x=2", "r:x=2 r:y="))
    #expect(finding.verdict == .valid && finding.anomalies.isEmpty)
    #expect(finding.edn["valid?"] == true)
    // All of Elle's keys are there, and what the history leaves standing.
    for key in ["anomaly-types", "not", "also-not", "cycle-exists"] { #expect(finding.figures[key] == []) }
    #expect(finding.figures["anomalies"] == [:] && finding.figures["broken-by"] == [:])
    #expect(
      finding.figures["consistent-with"] == [.keyword("strict-serializable")])
  }

  @Test("G0: two transactions overwrite each other, each on one key")
  func dirtyWrite() {
    // Writes follow reads: 1 before 2 on x, 1 before 2 on y.
    let history = TransactionRecord.atOnce("r:y=2 w:x=1 w:y=3", "r:x=1 w:x=4 w:y=2")
    let finding = TransactionChecker.registers("read-uncommitted").check(history)
    #expect(finding.verdict == .invalid && finding.anomalyTypes == ["G0"])
    #expect(finding.names == ["G0"])
    #expect(finding.anomalies[0].operations == [0, 1, 2, 3])
    #expect(finding.figures["not"] == [.keyword("read-uncommitted")])
    let near = TransactionRecord.atOnce("r:y=2 w:x=1 w:y=3", "r:x= w:x=4 w:y=2")
    #expect(TransactionChecker.registers("read-uncommitted").check(near).verdict == .valid)
  }

  @Test("G1a: a read of what a failed transaction wrote; one of an unknown outcome may have happened")
  func abortedRead() {
    func history(_ kind: Operation.Kind) -> History {
      TransactionRecord.made {
        $0.txn(0, "w:x=1", kind)
        $0.txn(1, "r:x=1")
      }
    }
    let finding = TransactionChecker.registers("read-committed").check(history(.fail))
    #expect(finding.verdict == .invalid && finding.anomalyTypes.contains("G1a"))
    #expect(finding.anomalies.first { $0.name == "G1a" }?.operations == [0, 1, 2, 3])
    #expect(TransactionChecker.registers("read-committed").check(history(.info)).verdict == .valid)
    #expect(!types(history(.fail), "read-uncommitted").contains("G1a"))
  }

  @Test("G1b: a read of what its writer had written over; its own reads may show it")
  func intermediateRead() {
    #expect(types(.init(), "read-committed").isEmpty)
    let history = TransactionRecord.inTurn("w:x=1 w:x=2", "r:x=1")
    #expect(types(history, "read-committed").contains("G1b"))
    #expect(!types(TransactionRecord.inTurn("w:x=1 r:x=1 w:x=2", "r:x=2"), "read-committed").contains("G1b"))
  }

  @Test("G1c: two transactions read from each other")
  func circularInformationFlow() {
    let history = TransactionRecord.atOnce("w:x=1 r:y=2", "w:y=2 r:x=1")
    #expect(types(history, "read-committed") == ["G1c"])
    #expect(types(history, "read-uncommitted").isEmpty)
    #expect(types(TransactionRecord.atOnce("w:x=1 r:y=2", "w:y=2 r:x="), "read-committed").isEmpty)
  }

  @Test("G-single: one reads around what the other wrote")
  func readSkew() {
    let history = TransactionRecord.atOnce("r:x= r:y=1", "w:x=1 w:y=1")
    #expect(types(history, "snapshot-isolation") == ["G-single-item"])
    #expect(types(history, "consistent-view") == ["G-single-item"])
    #expect(types(history, "read-committed").isEmpty)
    #expect(types(TransactionRecord.atOnce("r:x=1 r:y=1", "w:x=1 w:y=1")).isEmpty)
  }

  @Test("G2-item: write skew is serializable for neither, and fine with snapshot isolation")
  func writeSkew() {
    let history = TransactionRecord.atOnce("r:x= w:y=1", "r:y= w:x=1")
    #expect(types(history) == ["G2-item"])
    #expect(types(history, "repeatable-read") == ["G2-item"])
    #expect(types(history, "snapshot-isolation").isEmpty)
    #expect(types(TransactionRecord.atOnce("r:x= w:y=1", "r:y=1 w:x=1")).isEmpty)
  }

  @Test("G-nonadjacent: two readers see two writes in opposite orders")
  func longFork() {
    let history = TransactionRecord.atOnce("w:x=1", "w:y=1", "r:x=1 r:y=", "r:y=1 r:x=")
    #expect(types(history) == ["G-nonadjacent-item"])
    #expect(types(history, "snapshot-isolation") == ["G-nonadjacent-item"])
    #expect(types(history, "read-committed").isEmpty)
    #expect(types(TransactionRecord.atOnce("w:x=1", "w:y=1", "r:x=1 r:y=", "r:y= r:x=1")).isEmpty)
  }

  @Test("a stale read counts in real time, and in a session only if it is one's own")
  func realtimeAndSessions() {
    let stale = TransactionRecord.inTurn("w:x=1", "r:x=")
    #expect(types(stale, "strict-serializable") == ["G-single-item-realtime"])
    #expect(types(stale, "strong-session-serializable").isEmpty)
    let own = TransactionRecord.made {
      $0.txn(0, "w:x=1")
      $0.txn(0, "r:x=")
    }
    #expect(types(own, "strong-session-serializable") == ["G-single-item-process"])
    #expect(types(own, "serializable").isEmpty)
    #expect(types(TransactionRecord.atOnce("w:x=1", "r:x="), "strict-serializable").isEmpty)
  }

  @Test("lost update: two read the same and write")
  func lostUpdate() {
    let history = TransactionRecord.atOnce("r:x= w:x=1", "r:x= w:x=2")
    #expect(types(history, "cursor-stability") == ["lost-update"])
    #expect(types(history, "read-committed").isEmpty)
    #expect(types(TransactionRecord.inTurn("r:x= w:x=1", "r:x=1 w:x=2"), "cursor-stability").isEmpty)
  }

  @Test("internal: a transaction does not see what it has itself read or written")
  func internalConsistency() {
    #expect(types(TransactionRecord.inTurn("w:x=2", "w:x=1 r:x=2")).contains("internal"))
    #expect(types(TransactionRecord.inTurn("w:x=1", "r:x= r:x=1")).contains("internal"))
    #expect(types(TransactionRecord.inTurn("r:x= w:x=1 r:x=1", "r:x=1")).isEmpty)
  }

  @Test("cyclic versions: each of two overwrites the other on one key")
  func cyclicVersions() {
    let history = TransactionRecord.atOnce("r:x=2 w:x=1", "r:x=1 w:x=2")
    let finding = TransactionChecker.registers("read-uncommitted").check(history)
    #expect(finding.verdict == .invalid && finding.anomalyTypes == ["cyclic-versions"])
    #expect(
      finding.figures["anomalies"]?["cyclic-versions"]?.text.contains(":sources [:initial-state :wfr-keys]")
        == true)
  }

  @Test("a write of unknown outcome that somebody reads takes part in cycles")
  func observedUnknown() {
    let history = TransactionRecord.made {
      $0.begin(0, "w:x=1 w:y=1")
      $0.begin(1, "r:x=1 r:y=")
      $0.end(0, .info)
      $0.end(1)
    }
    #expect(types(history) == ["G-single-item"])
  }

  @Test("a history in which nothing depends on anything is valid")
  func empty() {
    let finding = TransactionChecker.registers("serializable").check(
      TransactionRecord.inTurn("w:x=1", "w:y=1"))
    #expect(finding.verdict == .valid && finding.anomalyTypes.isEmpty && finding.anomalies.isEmpty)
    let intermediate = TransactionRecord.inTurn("w:x=1 w:x=2", "r:x=1 w:x=3")
    #expect(types(intermediate, "read-uncommitted").isEmpty)
    #expect(types(intermediate, "read-committed") == ["G1b"])
  }

  @Test(
    "G0: what a transaction reads and writes between two writes of another orders versions (Maelstrom's issue 56)"
  )
  func interleavedWrites() {
    let history = TransactionRecord.atOnce(
      "r:x=1 w:x=10 r:x=3 w:x=11", "w:x=1 r:x=1 r:x=10 w:x=2 w:x=3 r:x=3")
    #expect(types(history, "read-uncommitted") == ["G0"])
    let short = TransactionChecker.registers("read-uncommitted").check(
      TransactionRecord.atOnce("r:x=1 w:x=10", "w:x=1 r:x=10 w:x=3"))
    #expect(short.anomalyTypes == ["G0"] && short.anomalies[0].operations == [0, 1, 2, 3])
    #expect(short.anomalies[0].detail.contains("wrote 10 to \"x\" after"))
    // Near misses: dirty reads alone, and writes in turn.
    #expect(types(TransactionRecord.atOnce("r:x=1", "w:x=1 w:x=3"), "read-uncommitted").isEmpty)
    #expect(types(TransactionRecord.atOnce("r:x=1 w:x=10", "w:x=1 w:x=3"), "read-uncommitted").isEmpty)
    #expect(types(TransactionRecord.atOnce("r:x=3 w:x=10", "w:x=1 w:x=3"), "read-uncommitted").isEmpty)
  }

  @Test("which models a history rules out, by what, and which are left, is told whatever was asked for")
  func boundary() {
    func figures(_ history: History, _ model: String = "read-committed") -> EDN {
      let finding = TransactionChecker.registers(model).check(history)
      #expect(finding.verdict == .valid && finding.anomalyTypes.isEmpty)
      return finding.figures
    }
    func words(_ value: EDN?) -> Set<String> {
      guard case .vector(let all)? = value else { return [] }
      return Set(all.map { String($0.text.dropFirst()) })
    }
    let skew = figures(TransactionRecord.atOnce("r:x= w:y=1", "r:y= w:x=1"))
    #expect(words(skew["not"]) == ["repeatable-read"])
    #expect(words(skew["also-not"]).isSuperset(of: ["serializable", "strict-serializable"]))
    #expect(words(skew["consistent-with"]) == ["read-your-writes", "strong-snapshot-isolation"])
    #expect(skew["broken-by"]?["repeatable-read"] == [.keyword("G2-item")])
    guard case .vector(let cases)? = skew["cycle-exists"] else {
      Issue.record("no cases")
      return
    }
    #expect(
      cases.map(\.text) == [
        "{:type :PL-3-cycle-exists, :not :serializable, :subgraph [:union :ww :wr :rw], :scc-size 2, :scc [2 3]}"
      ])
    let single = figures(TransactionRecord.atOnce("r:x= r:y=1", "w:x=1 w:y=1"))
    #expect(words(single["not"]).isSuperset(of: ["consistent-view", "monotonic-atomic-view"]) == false)
    #expect(words(single["not"]).contains("consistent-view"))
    let fork = figures(TransactionRecord.atOnce("w:x=1", "w:y=1", "r:x=1 r:y=", "r:y=1 r:x="))
    #expect(words(fork["not"]) == ["repeatable-read", "snapshot-isolation"])
    let stale = figures(TransactionRecord.inTurn("w:x=1", "r:x="), "serializable")
    #expect(words(stale["not"]) == ["strong-snapshot-isolation"])
    #expect(stale["broken-by"]?.text.contains("G-single-item-realtime") == true)
    let lost = figures(TransactionRecord.atOnce("r:x= w:x=1", "r:x= w:x=2"))
    #expect(words(lost["not"]).contains("cursor-stability"))
  }

  @Test("the same write by two transactions can't be judged")
  func repeatedWrite() {
    let finding = TransactionChecker.registers("serializable").check(
      TransactionRecord.inTurn("w:x=1", "w:x=1", "r:x=1"))
    #expect(finding.verdict == .unknown && finding.warnings == ["repeated-write"])
    #expect(finding.anomalies[0].operations == [0, 1, 2, 3])
  }

  @Test("a cycle is told step by step, with keys, values and the places of micro-operations")
  func explanation() {
    let finding = TransactionChecker.registers("serializable").check(
      TransactionRecord.atOnce("r:x= r:y=1", "w:x=1 w:y=1"))
    let told = finding.figures["anomalies"]?["G-single-item"]?.text ?? ""
    #expect(told.contains(#"{:type :rw, :key "x", :value nil, :value' 1, :a-mop-index 0, :b-mop-index 0}"#))
    #expect(told.contains(#"{:type :wr, :key "y", :value 1, :a-mop-index 1, :b-mop-index 1}"#))
    #expect(finding.anomalies[0].operations == [0, 1, 2, 3])
    #expect(finding.anomalies[0].detail.hasSuffix("a contradiction"))
  }

  @Test("of several cycles the shortest is shown")
  func shortest() {
    // A cycle of three, and through two of them one of two.
    let history = TransactionRecord.atOnce(
      "w:a=1 r:c=1 r:b=1", "w:b=1 r:a=1", "w:c=1 r:b=1")
    let finding = TransactionChecker.registers("read-committed").check(history)
    #expect(finding.anomalyTypes == ["G1c"])
    #expect(finding.anomalies.first { $0.name == "G1c" }?.operations == [0, 1, 3, 4])
  }

  @Test("many that depend on many don't make the graph quadratic")
  func hotKey() {
    let history = TransactionRecord.made { record in
      for number in 0..<600 { record.txn(number % 50, "r:x= w:x=\(number)") }
    }
    let transactions = TransactionHistory(history, .registers)
    var graph = DependencyGraph(transactionCount: transactions.transactions.count)
    RegisterDependencies(transactions).link(&graph)
    graph.addRealtimeOrder(transactions)
    #expect(graph.edges.count < 8_000)
    #expect(types(history, "strict-serializable") == ["G2-item", "G-single-item-realtime", "lost-update"])
  }
}
