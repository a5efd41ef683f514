import Glomers
import struct History.Operation
import Testing

@testable import Lab
@testable import History
@testable import Checkers

@Suite("Elle over lists")
struct ElleListTests {
  private func types(_ history: History, _ model: String = "serializable") -> Set<String> {
    TransactionChecker.lists(model).check(history).anomalyTypes
  }

  @Test("a serial history is strict serializable")
  func serial() {
    let finding = TransactionChecker.lists("strict-serializable").check(
      TransactionRecord.inTurn("a:x=1", "r:x=[1] a:x=2 r:x=[1,2]", "r:x=[1,2] r:y="))
    #expect(finding.verdict == .valid && finding.anomalies.isEmpty)
  }

  @Test("G0: two lists show two transactions in opposite orders")
  func dirtyWrite() {
    let history = TransactionRecord.atOnce("a:x=1 a:y=1", "a:x=2 a:y=2", "r:x=[1,2]", "r:y=[2,1]")
    #expect(types(history, "read-uncommitted") == ["G0"])
    let near = TransactionRecord.atOnce("a:x=1 a:y=1", "a:x=2 a:y=2", "r:x=[1,2]", "r:y=[1,2]")
    #expect(types(near).isEmpty)
  }

  @Test("G1a, and dirty update: an aborted append is seen, and built upon")
  func aborted() {
    func history(_ kind: Operation.Kind) -> History {
      TransactionRecord.made {
        $0.txn(0, "a:x=1", kind)
        $0.txn(1, "a:x=2")
        $0.txn(2, "r:x=[1,2]")
      }
    }
    #expect(types(history(.fail), "read-committed") == ["G1a", "dirty-update"])
    #expect(types(history(.info), "read-committed").isEmpty)
    let told = TransactionChecker.lists("read-committed").check(history(.fail)).figures["anomalies"]
    #expect(told?["dirty-update"]?.text.contains(#":key "x", :values [1 2]"#) == true)
  }

  @Test("G1b: a list ends in the midst of another's appends")
  func intermediateRead() {
    #expect(types(TransactionRecord.inTurn("a:x=1 a:x=2", "r:x=[1]"), "read-committed").contains("G1b"))
    #expect(types(TransactionRecord.inTurn("a:x=1 a:x=2", "r:x=[1,2]"), "read-committed").isEmpty)
  }

  @Test("G1c: two transactions read from each other")
  func circularInformationFlow() {
    #expect(types(TransactionRecord.atOnce("a:x=1 r:y=[2]", "a:y=2 r:x=[1]"), "read-committed") == ["G1c"])
    #expect(types(TransactionRecord.atOnce("a:x=1 r:y=[2]", "a:y=2 r:x="), "read-committed").isEmpty)
  }

  @Test("G-single, G2-item and G-nonadjacent: by what a read lacks")
  func antiDependencies() {
    #expect(types(TransactionRecord.atOnce("a:x=1 a:y=1", "r:x=[1] r:y=", "r:y=[1]")) == ["G-single-item"])
    #expect(types(TransactionRecord.atOnce("r:x= a:y=1", "r:y= a:x=1")) == ["G2-item"])
    #expect(
      types(TransactionRecord.atOnce("a:x=1", "a:y=1", "r:x=[1] r:y=", "r:y=[1] r:x="))
        == ["G-nonadjacent-item"])
    #expect(types(TransactionRecord.atOnce("r:x= a:y=1", "r:y=[1] a:x=1")).isEmpty)
  }

  @Test("an append that nobody has seen comes after all that was seen")
  func unseenAppend() {
    let history = TransactionRecord.inTurn("a:x=1", "r:x=[1]", "a:x=2", "r:x=[1]")
    #expect(types(history).isEmpty)
    #expect(types(history, "strict-serializable") == ["G-single-item-realtime"])
  }

  @Test("lost update: two read the same list and append")
  func lostUpdate() {
    let history = TransactionRecord.atOnce("r:x=[] a:x=1", "r:x= a:x=2", "r:x=[1,2]")
    #expect(types(history, "cursor-stability") == ["lost-update"])
    #expect(types(TransactionRecord.inTurn("r:x= a:x=1", "r:x=[1] a:x=2"), "cursor-stability").isEmpty)
  }

  @Test("internal: a list that lacks one's own appends, or ends otherwise")
  func internalConsistency() {
    #expect(types(TransactionRecord.inTurn("a:x=1 r:x=")).contains("internal"))
    #expect(types(TransactionRecord.inTurn("a:x=2", "r:x=[2] a:x=1 r:x=[1]")).contains("internal"))
    #expect(types(TransactionRecord.inTurn("a:x=2", "a:x=1 r:x=[2,1]")).isEmpty)
  }

  @Test("future read: a list shows what the transaction appends only later")
  func futureRead() {
    #expect(types(TransactionRecord.inTurn("r:x=[1] a:x=1")).contains("future-read"))
    #expect(!types(TransactionRecord.inTurn("a:x=1 r:x=[1]", "r:x=[1]")).contains("future-read"))
  }

  @Test("duplicate elements")
  func duplicates() {
    let finding = TransactionChecker.lists("read-uncommitted").check(
      TransactionRecord.inTurn("a:x=1", "r:x=[1,1]"))
    #expect(finding.anomalyTypes == ["duplicate-elements"])
    #expect(finding.figures["anomalies"]?["duplicate-elements"]?.text.contains(":duplicates {1 2}") == true)
    #expect(types(TransactionRecord.inTurn("a:x=1", "a:x=2", "r:x=[1,2]")).isEmpty)
  }

  @Test("incompatible order: two lists of which neither begins the other")
  func incompatibleOrder() {
    let history = TransactionRecord.atOnce("a:x=1", "a:x=2", "r:x=[1,2]", "r:x=[2]")
    let finding = TransactionChecker.lists("read-committed").check(history)
    #expect(finding.anomalyTypes.contains("incompatible-order"))
    #expect(finding.anomalies.first { $0.name == "incompatible-order" }?.operations == [2, 3, 6, 7])
    #expect(!types(history, "read-uncommitted").contains("incompatible-order"))
    #expect(types(TransactionRecord.atOnce("a:x=1", "a:x=2", "r:x=[1,2]", "r:x=[1]")).isEmpty)
  }

  @Test("a cycle tells each of its edges, with the two transactions and the reason")
  func edges() throws {
    let finding = TransactionChecker.lists("read-committed")
      .check(TransactionRecord.atOnce("a:x=1 r:y=[2]", "a:y=2 r:x=[1]"))
    let steps = try #require(finding.anomalies.first { $0.name == "G1c" }?.steps)
    #expect(steps.map(\.from) == steps.reversed().map(\.to) && Set(steps.map(\.from)) == [0, 1])
    #expect(steps.map(\.relation) == ["wr", "wr"])
    #expect(
      steps.allSatisfy {
        $0.words.contains("T2 read what T1 wrote") || $0.words.contains("T1 read what T2 wrote")
      })
  }
}
