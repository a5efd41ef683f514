import Glomers
import Lab
import Testing

@Suite("Reading histories")
struct HistoryReadingTests {
  private func read(_ text: String, _ workload: Workload = .broadcast) throws -> History {
    try History(readingEDN: Array(text.utf8), workload)
  }

  @Test("a history that was written is read back as it was")
  func roundTrip() throws {
    let history = RecordedHistory.made {
      $0.begin(0, "broadcast", 7)
      $0.begin(1, "read")
      $0.nemesis("start-partition", "majority")
      $0.end(0)
      $0.end(1, .ok, [7, "a", ["k": [1.5, nil]]])
      $0.begin(0, "read")
      $0.end(0, .fail)
    }
    var bytes: [UInt8] = []
    history.writeEDN { bytes += $0 }
    #expect(try History(readingEDN: bytes, .broadcast) { NodeID("n\($0)") } == history)
  }

  @Test("Jepsen's records, one vector of all, and keys of any kind are understood")
  func forms() throws {
    let history = try read(
      """
      [#jepsen.history.Op{:index 4, :time 12, :type :invoke, :process 0, :f :txn, :value [[:r 3 nil] [:w 3 4]]}
       {:type :info, :process :nemesis, :f :start, :value {:n0 #{:n1}}, :seed 5}
       {:type :ok, :process 0, :f :txn, :value [[:r 3 1] [:w 3 4]], :final? true, :error [:x "y"], :node "n7"}]
      """)
    #expect(history.count == 3)
    #expect(history[0].index == 0)
    #expect(history[0].time == .nanoseconds(12))
    #expect(history[0].value == [["r", 3, nil], ["w", 3, 4]])
    #expect(history[1].process == .nemesis)
    #expect(history[1].value == ["n0": ["n1"]])
    #expect(history[1].notes == ["seed": 5])
    #expect(history[2].isFinal)
    #expect(history[2].node == "n7")
    #expect(history[2].error == ["x", "y"])
    #expect(history.completion(of: 0)?.index == 2)
  }

  @Test("an echo of Maelstrom's is what its reply says")
  func echo() throws {
    let history = try read(
      """
      {:type :invoke, :process 0, :f :echo, :value "a"}
      {:type :ok, :process 0, :f :echo, :value {:echo "a", :type "echo_ok", :in_reply_to 1}}
      """, .echo)
    #expect(EchoChecker().check(history).verdict == .valid)
  }

  @Test("the names of micro-operations are written as keywords")
  func microOperations() {
    let history = RecordedHistory.made {
      $0.begin(0, "txn", [["r", "r", nil], ["append", 3, "x"]])
      $0.begin(1, "poll", [["poll"]])
      $0.begin(2, "broadcast", ["r", 1])
    }
    #expect(
      history.operations.map { $0.edn["value"]?.text } == [
        #"[[:r "r" nil] [:append 3 "x"]]"#, "[[:poll]]", #"["r" 1]"#,
      ])
  }

  @Test(
    "what is no history is an error that says where and why",
    arguments: [
      ("5", 1, "operation 0: not a map"), ("{:f :read}", 1, ":type must be"),
      ("{:type :invoke, :process 0}", 1, ":f must be"),
      ("{:type :invoke, :f :read, :process -1}", 1, ":process"),
      ("{:type :maybe, :f :read, :process 0}", 1, ":type must be"),
      (
        "{:type :invoke, :f :read, :process 0}\n{:type :invoke, :f :read, :process 0}", 2,
        "operation 1: process 0 begins read while it is busy"
      ),
      ("\n{:type :ok, :f :read, :process 3}", 2, "process 3 ends read, which it has not begun"),
      ("{:type :invoke", 1, "ends inside"),
    ])
  func errors(_ text: String, _ line: Int, _ reason: String) throws {
    let error = try #require(throws: EDNError.self) { try read(text) }
    #expect(error.reason.contains(reason), "\(error)")
    #expect(error.line == line)
  }
}
