import Lab
import Testing

@testable import WorkbenchCommand
@testable import History

@Suite("workbench doc") struct DocTests {
  @Test("says what is asked and answered, as it stands on the wire")
  func manual() {
    let text = Workload.kafka.manual.text("kafka")
    #expect(text.hasPrefix("kafka: A log for each key"))
    #expect(
      text.contains(
        """
          {"src":"c1","dest":"n0","body":{"type":"send","key":"k1","msg":123,"msg_id":2}}
          {"src":"n0","dest":"c1","body":{"type":"send_ok","offset":1000,"in_reply_to":2}}
        """))
  }

  @Test("every workload's operations are there", arguments: Workload.allCases)
  func operations(_ workload: Workload) {
    let text = workload.manual.text(workload.rawValue)
    let functions: [Workload: [String]] = [
      .echo: ["echo"], .uniqueIDs: ["generate"], .broadcast: ["topology", "broadcast", "read"],
      .kafka: ["send", "poll", "commit_offsets", "list_committed_offsets"], .linKV: ["read", "write", "cas"],
      .gSet: ["add", "read"], .gCounter: ["add", "read"], .pnCounter: ["add", "read"],
      .txnRWRegister: ["txn"], .txnListAppend: ["txn"],
    ]
    for function in functions[workload] ?? ["?"] {
      #expect(text.contains(#""type":"\#(function)""#) && text.contains(#""type":"\#(function)_ok""#))
    }
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 190 })
  }
}
