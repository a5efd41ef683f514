import Glomers
import struct History.Operation
import Support
import Testing

@testable import Lab
@testable import History
@testable import Checkers

/// What Elle can't see: each with a history that has it and the nearest one that has not.
@Suite("Transactions beyond Elle")
struct TransactionAnomaliesTests {
  /// Under read committed and all that can be demanded beside it.
  private func check(
    _ models: [String] = ["read-committed"] + ConsistencyModel.demands,
    _ make: (inout TransactionRecord) -> Void
  ) -> Finding {
    TransactionChecker.registers(models: models, nodes: ["n0", "n1"]).check(TransactionRecord.made(make))
  }

  private static let plain = ["read-committed"]

  @Test("an answer that is not what was asked for")
  func altered() {
    func answered(_ answer: String) -> Finding {
      check { record in
        record.txn(1, "w:y=7")
        record.begin(0, "w:x=1 r:y=")
        record.end(0, answer: answer)
      }
    }
    let finding = answered("w:x=1 r:z=")
    #expect(finding.names == ["altered-transaction"])
    #expect(finding.anomalies[0].operations == [2, 3] && finding.anomalies[0].node == "n0")
    #expect(answered("w:x=2 r:y=").names.contains("altered-transaction"))
    #expect(answered("w:x=1").names.contains("altered-transaction"))
    #expect(answered("r:y= w:x=1").names.contains("altered-transaction"))
    #expect(answered("w:x=1 r:y=7").names.isEmpty)
    // What a language without integers makes of 1 and 7.
    #expect(answered("w:x=1.0 r:y=7.0").names.isEmpty)
    #expect(answered("w:x=1.5 r:y=7").names.contains("altered-transaction"))
  }

  @Test(
    "answers that are not to what was asked show even where two transactions write the same, as if all wrote nothing"
  )
  func alteredAmong() {
    func answered(_ answer: String) -> Finding {
      check { record in
        for process in 0..<2 {
          record.begin(process, "w:x=\(process + 1)")
          record.end(process, answer: answer)
        }
      }
    }
    #expect(Set(answered("w:x=7").names) == ["altered-transaction"])
    #expect(answered("w:x=7").warnings == ["repeated-write"])
  }

  @Test("a value that nobody wrote, or that is written only later")
  func phantom() {
    let nobody = check { $0.txn(0, "r:x=9") }
    #expect(nobody.names == ["phantom-value"] && nobody.anomalies[0].operations == [0, 1])
    let later = check {
      $0.txn(0, "r:x=1")
      $0.txn(1, "w:x=1")
    }
    #expect(later.names == ["phantom-value"] && later.anomalies[0].operations == [0, 1, 2])
    let meanwhile = check {
      $0.begin(0, "r:x=1")
      $0.txn(1, "w:x=1")
      $0.end(0)
    }
    #expect(meanwhile.names.isEmpty)
  }

  @Test("a fractured read: one part of a transaction is seen, and after it not the other")
  func fractured() {
    func reading(_ read: String, _ models: [String] = ["monotonic-atomic-view"]) -> Finding {
      check(models) {
        $0.txn(0, "w:x=1")
        $0.txn(0, "r:x=1 w:x=2 w:y=2")
        $0.txn(1, read)
      }
    }
    let finding = reading("r:y=2 r:x=1")
    #expect(finding.names == ["fractured-read"])
    #expect(finding.anomalies[0].operations == [2, 3, 4, 5] && finding.anomalies[0].node == "n1")
    #expect(reading("r:y=2 r:x=").names == ["fractured-read"])
    // What was read before is no matter of monotonic atomic view.
    #expect(reading("r:x=1 r:y=2").names.isEmpty)
    #expect(reading("r:y=2 r:x=2").names.isEmpty)
    #expect(reading("r:y= r:x=1").names.isEmpty)
    for models in [["read-uncommitted"], Self.plain, Self.plain + ["read-your-writes", "convergence"]] {
      let allowed = reading("r:y=2 r:x=1", models)
      #expect(allowed.verdict == .valid && allowed.names.isEmpty && allowed.warnings == ["fractured-read"])
      #expect(allowed.anomalies[0].detail.contains("costs monotonic atomic view"))
      #expect(allowed.figures["not"]?.text.contains(":monotonic-atomic-view") == true)
    }
    for models in [["read-committed", "monotonic-atomic-view"], ["read-atomic"], ["snapshot-isolation"]] {
      #expect(reading("r:y=2 r:x=1", models).names.contains("fractured-read"), "\(models)")
    }
  }

  @Test("a process that does not read what it wrote")
  func forgottenWrite() {
    func reading(_ client: Int, _ read: String, _ models: [String] = ["read-your-writes"]) -> Finding {
      check(models) {
        $0.txn(1, "w:x=1")
        $0.txn(0, "r:x=1")
        $0.txn(0, "w:x=2")
        $0.txn(1, "w:x=3")
        $0.txn(client, read)
      }
    }
    let finding = reading(0, "r:x=1")
    #expect(finding.names == ["forgotten-write"])
    #expect(finding.anomalies[0].operations == [4, 5, 8, 9])
    #expect(reading(0, "r:x=").names == ["forgotten-write"])
    #expect(reading(0, "r:x=2").names.isEmpty && reading(0, "r:x=3").names.isEmpty)
    #expect(reading(2, "r:x=1").names.isEmpty && reading(2, "r:x=").names.isEmpty)
    for models in [Self.plain, ["serializable"], Self.plain + ["monotonic-atomic-view", "convergence"]] {
      let allowed = reading(0, "r:x=1", models)
      #expect(allowed.names.isEmpty && allowed.warnings == ["forgotten-write"], "\(models)")
      #expect(allowed.anomalies[0].detail.contains("--also read-your-writes"))
    }
    #expect(reading(0, "r:x=1", ["strong-session-snapshot-isolation"]).names.contains("forgotten-write"))
  }

  @Test("replicas that show different states in the end")
  func diverged() {
    func ending(
      _ other: String, _ models: [String] = ["convergence"], _ kind: Operation.Kind = .ok
    ) -> Finding {
      check(models) {
        $0.txn(0, "w:x=1")
        $0.txn(1, "w:x=2", kind)
        $0.txn(0, "r:x=1 r:y=", isFinal: true)
        $0.txn(3, other, node: "n1", isFinal: true)
      }
    }
    let finding = ending("r:x=2 r:y=")
    #expect(finding.names == ["diverged-replicas"])
    #expect(finding.anomalies[0].operations == [4, 5, 6, 7])
    #expect(ending("r:x=1 r:y=").anomalies.isEmpty)
    for models in [["read-uncommitted"], Self.plain, ["strong-session-serializable"]] {
      let allowed = ending("r:x=2 r:y=", models)
      #expect(allowed.verdict == .valid && allowed.warnings == ["diverged-replicas"], "\(models)")
    }
    // In real time only one of two acknowledged writes can be the last; one of unknown outcome may come in between.
    #expect(ending("r:x=2 r:y=", ["strict-serializable"]).names == ["diverged-replicas"])
    #expect(ending("r:x=2 r:y=", ["strict-serializable"], .info).names.isEmpty)
  }

  @Test("an acknowledged write of which nothing is left anywhere")
  func lostWrite() {
    func ending(
      _ kind: Operation.Kind, _ models: [String] = ["read-committed", "convergence"]
    ) -> Finding {
      check(models) {
        $0.txn(0, "w:x=1", kind)
        $0.txn(0, "r:x=", node: "n0", isFinal: true)
        $0.txn(1, "r:x=", isFinal: true)
      }
    }
    #expect(ending(.ok).names == ["lost-write"])
    let allowed = ending(.ok, Self.plain)
    #expect(allowed.names.isEmpty && allowed.warnings == ["forgotten-write", "lost-write"])
    #expect(!ending(.fail).names.contains("lost-write"))
  }

  @Test("a node of which nobody knows what it has in the end")
  func unread() {
    func ending(_ kind: Operation.Kind) -> Finding {
      check {
        $0.txn(0, "w:x=1")
        $0.txn(0, "r:x=1", isFinal: true)
        $0.txn(1, "r:x=1", kind, isFinal: true)
      }
    }
    #expect(ending(.info).warnings == ["unread-node"])
    #expect(ending(.info).anomalies[0].operations == [4, 5] && ending(.info).anomalies[0].node == "n1")
    #expect(ending(.ok).anomalies.isEmpty)
  }

  @Test("a dirty write that shows in the end: each of two transactions has won on one key")
  func dirtyWrite() {
    func ending(
      _ end: String, at other: String, _ models: [String] = ["read-uncommitted", "convergence"],
      nodes: [NodeID] = ["n0", "n1"]
    ) -> Finding {
      TransactionChecker.registers(models: models, nodes: nodes).check(
        TransactionRecord.made {
          $0.txn(0, "w:x=1 w:y=1")
          $0.txn(1, "w:x=2 w:y=2")
          $0.txn(0, end, isFinal: true)
          $0.txn(1, other, isFinal: true)
        })
    }
    // That the last read shows the last write is no part of read uncommitted, so this is no anomaly of Elle's.
    let finding = ending("r:x=1 r:y=2", at: "r:x=1 r:y=2")
    #expect(finding.verdict == .valid && finding.anomalyTypes.isEmpty)
    #expect(finding.names == ["contradictory-end"])
    #expect(finding.anomalies[0].detail.contains("there is a G0"))
    #expect(finding.anomalies[0].operations == [0, 1, 2, 3])
    #expect(ending("r:x=1 r:y=2", at: "r:x=1 r:y=2", ["read-uncommitted"]).warnings == ["contradictory-end"])
    // In real time it is, and a checker that was not told the nodes finds the same.
    for nodes in [[], ["n0", "n1"]] as [[NodeID]] {
      let strict = ending("r:x=1 r:y=2", at: "r:x=1 r:y=2", ["strict-serializable"], nodes: nodes)
      #expect(strict.anomalyTypes == ["G0"])
    }
    #expect(ending("r:x=2 r:y=2", at: "r:x=2 r:y=2").names.isEmpty)
    // Where nodes don't agree there is no last version.
    #expect(ending("r:x=1 r:y=2", at: "r:x=1 r:y=1").names == ["diverged-replicas"])
  }

  @Test("what all show in the end is not what a transaction certainly wrote over")
  func overwrittenAtLast() {
    func ending(_ end: String, _ models: [String] = ["read-uncommitted", "convergence"]) -> Finding {
      check(models) {
        $0.txn(0, "w:x=1")
        $0.txn(1, "r:x=1 w:x=2")
        $0.txn(0, end, isFinal: true)
        $0.txn(1, end, isFinal: true)
      }
    }
    #expect(ending("r:x=1").names == ["contradictory-end"] && ending("r:x=1").anomalyTypes.isEmpty)
    #expect(ending("r:x=1", ["read-uncommitted"]).names.isEmpty)
    #expect(ending("r:x=1", ["strict-serializable"]).anomalyTypes.contains("cyclic-versions"))
    #expect(ending("r:x=2").anomalies.isEmpty)
  }

  @Test("a final read that nobody answered leaves no last version, whether the nodes are known or not")
  func unansweredEnd() {
    for nodes in [[], ["n0", "n1"]] as [[NodeID]] {
      let finding = TransactionChecker.registers(models: ["read-uncommitted", "convergence"], nodes: nodes)
        .check(
          TransactionRecord.made {
            $0.txn(0, "w:x=1")
            $0.txn(1, "r:x=1 w:x=2")
            $0.txn(0, "r:x=1", isFinal: true)
            $0.txn(1, "r:x=1", .info, isFinal: true)
          })
      #expect(finding.names.isEmpty, "\(nodes)")
    }
  }

  @Test("a zero that nobody wrote is a key without writes, which should be null")
  func initialValue() {
    for zero in ["0", "[]"] {
      let finding = check(Self.plain) {
        $0.txn(0, "r:x=\(zero)")
        $0.txn(1, "w:x=1")
      }
      #expect(finding.verdict == .valid && finding.names.isEmpty && finding.warnings == ["initial-value"])
    }
    #expect(check(Self.plain) { $0.txn(0, "r:x=7") }.names == ["phantom-value"])
  }

  @Test("lists: what a later list lacks has been forgotten, or is fractured")
  func lists() {
    func names(_ make: (inout TransactionRecord) -> Void) -> Set<String> {
      TransactionChecker.lists(models: ["read-committed"] + ConsistencyModel.demands, nodes: ["n0", "n1"])
        .check(TransactionRecord.made(make)).names
    }
    #expect(
      names {
        $0.txn(0, "a:x=1 a:y=1")
        $0.txn(1, "r:y=[1] r:x=")
      } == ["fractured-read"])
    #expect(
      names {
        $0.txn(0, "a:x=1")
        $0.txn(0, "r:x=")
      } == ["forgotten-write"])
    #expect(
      names {
        $0.txn(0, "a:x=1")
        $0.txn(0, "r:x=[1]", isFinal: true)
        $0.txn(1, "r:x=", isFinal: true)
      } == ["diverged-replicas"])
    #expect(
      names {
        $0.txn(0, "a:x=1 a:y=1")
        $0.txn(1, "r:y=[1] r:x=[1]")
        $0.txn(0, "r:x=[1]")
      }.isEmpty)
  }

  @Test("an operation whose value is no transaction")
  func malformed() {
    var recorded = RecordedHistory()
    for value in [7, [["r", 1]], [["x", 1, 2]], [["append", 1, 2]]] as [JSON] {
      recorded.begin(0, "txn", [["r", 1, .null]])
      recorded.end(0, .ok, value)
    }
    let finding = TransactionChecker.registers("read-committed").check(recorded.history)
    #expect(finding.names == ["malformed-transaction"] && finding.anomalies.count == 4)
    #expect(finding.anomalies.map(\.operations) == [[1], [3], [5], [7]])
  }
}
