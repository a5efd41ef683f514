import Glomers
import Testing
import Wire
import Workloads

@Suite("Transactions' bodies")
struct TransactionsTests {
  private func body(_ message: Transactions) -> String {
    written { writer in
      writer.beginObject()
      message.write(to: &writer)
      writer.endObject()
    }
  }

  private func read(_ text: String) throws -> Transactions {
    let document = JSONDocument()
    let object = try document.parse(Array(text.utf8))
    return try Transactions(type: try object.string("type"), body: object)
  }

  @Test("reads, writes and appends, with keys and values of any kind")
  func bodies() throws {
    let operations: [MicroOperation] = [
      .read(key: 1, value: .null), .write(key: "k", value: [1, 0.5]), .append(key: ["a": .null], value: 3),
    ]
    let text = #"[["r",1,null],["w","k",[1,0.5]],["append",{"a":null},3]]"#
    for (type, message) in [("txn", Transactions.txn(operations)), ("txn_ok", .txnOk(operations))] {
      #expect(body(message) == #"{"type":"\#(type)","txn":\#(text)}"#)
      #expect(try read(body(message)) == message)
    }
    #expect(try read(#"{"type":"txn","txn":[]}"#) == .txn([]))
  }

  @Test(
    "what is no micro-operation spoils the whole",
    arguments: [
      #"["x",1,2]"#, #"["r",1]"#, #"["r",1,2,3]"#, #"[1,1,1]"#, "[]", #""r""#, "7", "null", #"{"r":1}"#,
    ])
  func malformed(_ operation: String) {
    #expect {
      try read(#"{"type":"txn","txn":[["w",1,1],\#(operation)]}"#)
    } throws: { error in
      guard let error = error as? WireError else { return false }
      return error.rpcError.code == 12 && error.rpcError.text.contains("micro-operation 1")
    }
  }

  @Test("a transaction has to be there, and to be an array, or null for an empty one")
  func missing() throws {
    #expect(try read(#"{"type":"txn","txn":null}"#) == .txn([]))
    for text in [#"{"type":"txn"}"#, #"{"type":"txn","txn":{}}"#] {
      #expect(throws: WireError.self) { try read(text) }
    }
    #expect(throws: WireError.unknownType("txns")) { try read(#"{"type":"txns","txn":[]}"#) }
  }
}
