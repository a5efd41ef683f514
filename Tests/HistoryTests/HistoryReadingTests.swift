import Glomers
import Lab
import Support
import Testing
import Wire
@testable import History
@testable import Checkers

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

  @Test("numbers of any size are read and written, with and without Clojure's mark")
  func largeNumbers() throws {
    let history = try read(
      """
      {:process 0, :type :invoke, :f :generate, :value nil}
      {:process 0, :type :ok, :f :generate, :value 9223372036854775809}
      {:process 0, :type :invoke, :f :generate, :value nil}
      {:process 0, :type :ok, :f :generate, :value [9223372036854775809N 1e400M "\\ud800" {9223372036854775809N 1}]}
      """, .uniqueIDs)
    #expect(history[1].value == JSON(number: "9223372036854775809"))
    #expect(history[3].value.array?[0] == history[1].value)
    #expect(history[3].value.array?[3] == ["9223372036854775809": 1])
    var bytes: [UInt8] = []
    history.writeEDN { bytes += $0 }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains(":value 9223372036854775809N,"))
    #expect(text.contains(#":value [9223372036854775809N 1e400M "\ud800" {"#))
    #expect(try History(readingEDN: bytes, .uniqueIDs) == history)
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

  @Test("JSON is understood, in one array or one object a line")
  func json() throws {
    let invoke = #"{"process": 0, "type": "invoke", "f": "write", "value": [0, 1], "time": 5}"#
    let ok = #"{"process":0,"type":"ok","f":"write","value":[0,1],"final?":true}"#
    for text in ["[\(invoke),\n\(ok)]", " \(invoke)\n\(ok)\n", "\u{FEFF}[ \(invoke), \(ok) ]"] {
      let history = try read(text, .linKV)
      #expect(history.count == 2 && history[0].value == [0, 1] && history[0].time == .nanoseconds(5))
      #expect(history.completion(of: 0)?.isFinal == true)
    }
    let nemesis = try read(#"[{"type":"info","process":"nemesis","f":"start","value":null}]"#)
    #expect(nemesis[0].process == .nemesis && nemesis[0].value == .null)
  }

  @Test(
    "transactions need no invocations, no :f and no :process: each may have begun as early as its process could"
  )
  func completionsOnly() throws {
    let history = try read(
      """
      {:process 0, :type :ok, :value [[:append :x 1] [:r :y [1]]]}
      {:process 1, :type :ok, :value [[:append :x 2] [:append :y 1]]}
      {:process 0, :type :ok, :value [[:r :x [1 2]]]}
      {:type :info, :value [[:r :x]]}
      """, .txnListAppend)
    #expect(history.operations.map(\.kind) == [.invoke, .invoke, .invoke, .ok, .invoke, .ok, .ok, .info])
    #expect(history.operations.allSatisfy { $0.function == "txn" })
    #expect(history[0].value == [["append", "x", 1], ["r", "y", nil]])
    #expect(history.completion(of: 4)?.value == [["r", "x", [1, 2]]])
    // A nemesis and a function of another name are no hindrance.
    let named = try read(
      "{:process :nemesis, :type :info, :f :x}\n{:type :ok, :f :go, :value [[:w 1 2]]}", .txnRWRegister)
    #expect(named.count == 3 && named[2].function == "txn")
  }

  @Test("reads may leave out what they saw where nobody knows it")
  func shortReads() throws {
    func finding(_ kind: String) throws -> Finding {
      let history = try read(
        """
        {:process 1, :type :invoke, :f :txn, :value [[:r 5] [:append 6 1]]}
        {:process 1, :type :\(kind), :f :txn, :value [[:r 5] [:append 6 1]]}
        {:process 2, :type :invoke, :f :txn, :value [[:r 7]]}
        {:process 2, :type :ok, :f :txn, :value [[:r 7 nil]]}
        """, .txnListAppend)
      return TransactionChecker.lists(models: ["serializable"]).check(history)
    }
    #expect(try finding("info").anomalies.isEmpty)
    #expect(try finding("fail").anomalies.isEmpty)
    #expect(try finding("ok").anomalies.contains { $0.name == "malformed-transaction" })
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
      (
        "{:type :invoke, :f :write, :process 0}\n{:type :ok, :f :read, :process 0}", 2,
        "operation 1: process 0 ends read, and what it has begun is write"
      ),
      ("{:type :invoke", 1, "ends inside"),
      (
        "[{:type :invoke, :f :read, :process 0}\n\n {:type :ok, :f :read}]", 3,
        "operation 1: :process must be"
      ),
      (
        "[{\"type\": \"invoke\", \"f\": \"read\", \"process\": 0},\n{\"f\": 1}]", 2, "operation 1: :type must"
      ),
    ])
  func errors(_ text: String, _ line: Int, _ reason: String) throws {
    try expect(text, .broadcast, line, reason)
  }

  @Test(
    "transactions with some invocations need all of them, and processes to pair them by",
    arguments: [
      (
        "{:type :ok, :process 3, :value []}\n{:type :invoke, :f :txn, :process 0, :value []}", 1,
        "operation 0: process 3 ends txn, which it has not begun"
      ),
      ("\n{:type :invoke, :f :txn, :value []}", 2, ":process must be"),
      ("{:type :ok, :process 0, :value 7}", 1, ":f must be"),
    ])
  func transactionErrors(_ text: String, _ line: Int, _ reason: String) throws {
    try expect(text, .txnListAppend, line, reason)
  }

  private func expect(_ text: String, _ workload: Workload, _ line: Int, _ reason: String) throws {
    let error = try #require(throws: EDNError.self) { try read(text, workload) }
    #expect(error.reason.contains(reason), "\(error)")
    #expect(error.line == line, "\(error)")
  }

  @Test("a history of nothing, or of another workload, leaves the verdict unknown and says what to do")
  func relevance() throws {
    func check(_ text: String, _ workload: Workload) throws -> Finding {
      var scenario = Scenario(workload)
      scenario.nodeCount = 0
      return RelevanceChecker(workload, workload.checker(scenario)).check(try read(text, workload))
    }
    func operation(_ function: String) -> String {
      "{:type :invoke, :process 0, :f :\(function), :value 1}{:type :ok, :process 0, :f :\(function), :value 1}"
    }
    for workload in Workload.allCases {
      let empty = try check("{:type :info, :process :nemesis, :f :start}", workload)
      #expect(empty.verdict == .unknown && empty.anomalies.map(\.name) == ["nothing-checked"], "\(workload)")
      let other = try check(operation("transfer"), workload)
      #expect(other.verdict == .unknown && other.anomalies.map(\.name) == ["nothing-checked"], "\(workload)")
      #expect(other.anomalies[0].detail.contains("transfer: no workload"), "\(other.anomalies[0].detail)")
    }
    let mixed = try check(operation("generate") + operation("echo"), .uniqueIDs)
    #expect(mixed.verdict == .unknown && mixed.anomalies.map(\.name) == ["partly-checked"])
    let echo = try check(operation("echo"), .uniqueIDs)
    #expect(echo.anomalies[0].detail.hasSuffix("all of the 1 here are echo: try -w echo"))
    #expect(try check(operation("generate"), .uniqueIDs).verdict == .valid)
    // What is wrong stays wrong.
    let twice = try check(operation("generate") + operation("generate") + operation("echo"), .uniqueIDs)
    #expect(twice.verdict == .invalid)
  }

  @Test("operations as most are, which have a reader of their own, are read as all others are")
  func plainOperations() throws {
    let values = [
      "nil", "0", "-0", "7", "-7", "05", "+5", "123456789012345678", "1234567890123456789",
      "99999999999999999999",
      "1.5", "5N", "0x10", "1/2", "true", "false", "null", "word", ":word", ":a/b:c", "\"a\"", "\"\"",
      "\"a\\nb\"",
      "\"é, [:x]\"", "[]", "[1 2,3]", "[ [1 [ ] ] ]", "(1 2)", "#{1}", "{:a 1}",
      "[[:r 1 nil] [:append \"x\" 2]]",
      "[:r :append :w]", "[1 ; two\n 3]", "[#_ 1 2]", "^:m [1]", "\\a",
      String(repeating: "[", count: 40)
        + String(repeating: "]", count: 40), "[1 2", "]", "[1}", "\"a", "",
    ]
    let operations =
      values.map { "{:type :invoke, :f :read, :value \($0), :process 3, :time 5, :index 9}" } + [
        "{:process 1 :type :info :f :txn}",
        "{:type :invoke, :f \"read\", :process 2, :node \"n1\", :final? true}",
        "#jepsen.history.Op{:type :invoke, :f :read, :process 2, :value nil, :final? false}",
        "#x {:type :invoke}",
        "{\"type\" :invoke, \"f\" :read, \"process\" 2}", "{:type :invoke, :type :ok, :f :read, :process 2}",
        "{:type :invoke, :f :read, :process 2, :time nil}",
        "{:type :invoke, :f :read, :process 2, :time 1.5}",
        "{:type :invoke, :f :read, :process 2, :node :n4, :value [1]}",
        "{:type :invoke :f :read :process 2 :more 1}",
        "{:type :info, :f :start, :process :nemesis, :value {:n1 #{:n2}}}",
        "{:type :oki, :f :read, :process 2}",
        "{:type :invoke, :f :read, :process -2}", "{:type :invoke, :f :read, :process 2, :error [:x 1]}",
        "{:type :invoke, \"\0f\" :read, :process 2}",
        "{:type :invoke, :f :go, :process 2, :value [[:w 1 2]]}",
        "{}", "{:type :invoke :f :read :process 2} {:type :ok :f :read :process 2 :value [4 \"x\"]}",
      ]
    let json = values.map { #"{"type": "invoke", "f": "read", "value": \#($0), "process": 3, "time":5}"# }
    func read(_ text: String, _ workload: Workload) -> Result<History, EDNError> {
      Result { () throws(EDNError) in try History(readingEDN: Array(text.utf8), workload) { NodeID("m\($0)") }
      }
    }
    for workload in [Workload.linKV, .txnListAppend, .echo, .kafka] {
      for text in operations + json {
        // A member that comes twice is beyond the reader of plain operations, and says nothing here.
        let brace = text.firstIndex(of: "{")!
        let twice = text.hasPrefix("{\"") ? #""index": 1, "index": 1, "# : ":index 1, :index 1, "
        let other = text[...brace] + twice + text[text.index(after: brace)...]
        switch (read(text, workload), read(String(other), workload)) {
        case (.success(let plain), .success(let other)):
          #expect(plain == other, "\(workload): \(text)")
          #expect((try? read("[\(text)]", workload).get()) == plain, "\(workload): \(text)")
        case (.failure(let plain), .failure(let other)):
          #expect(plain.reason == other.reason, "\(workload): \(text)")
        case let (plain, other): Issue.record("\(workload): \(text): \(plain), but \(other)")
        }
      }
    }
  }

  @Test("the operations of a vector come one by one, and what is in a vector in it is none")
  func vectors() throws {
    let one = "{:type :invoke, :f :read, :process 0}{:type :ok, :f :read, :process 0, :value 1}"
    let all = try read(one)
    for text in [
      "[\(one)]", "#x [\(one)]", "[] [\(one)] []", "[#_ {:a 1} \(one) #_ 2]", "'[\(one)]", "[,\(one)\n]",
    ] {
      #expect(try read(text) == all, "\(text)")
    }
    try expect("[[\(one)]]", .broadcast, 1, "operation 0: not a map")
    try expect("[\(one)\n", .broadcast, 1, "ends inside")
    try expect("\n[\(one)\n)", .broadcast, 2, "does not close")
    try expect(
      "[{:type :invoke, :f :read, :process 0}\n #x {:f 1}]", .broadcast, 2, "operation 1: :type must")
  }

  @Test(
    "what another workload did is unknown in this one, though a checker would object",
    arguments: [
      (Workload.broadcast, [Workload.gSet, .linKV, .gCounter, .echo]), (.uniqueIDs, [.echo]),
      (.txnListAppend, [.txnRWRegister]), (.txnRWRegister, [.txnListAppend]), (.linKV, [.gSet, .gCounter]),
      (.gCounter, [.gSet]), (.gSet, [.gCounter, .pnCounter]),
    ])
  func otherWorkloads(_ workload: Workload, _ others: [Workload]) throws {
    let text =
      switch workload {
      case .broadcast: Self.pair("broadcast", "1", "1") + Self.pair("read", "nil", "[1]")
      case .uniqueIDs: Self.pair("generate", "nil", "7")
      case .txnListAppend: Self.pair("txn", "[[:append 1 1]]", "[[:append 1 1]]")
      case .txnRWRegister:
        Self.pair("txn", "[[:w 1 1]]", "[[:w 1 1]]") + Self.pair("txn", "[[:r 1 nil]]", "[[:r 1 1]]")
      case .linKV: Self.pair("read", "[0 nil]", "[0 1]")
      case .gCounter: Self.pair("add", "2", "2") + Self.pair("read", "nil", "2")
      default: Self.pair("add", "2", "2") + Self.pair("read", "nil", "[2]")
      }
    for other in others {
      let found = try judged(text, other)
      #expect(found.verdict == .unknown && found.anomalies.map(\.name) == ["nothing-checked"], "\(other)")
      #expect(found.anomalies[0].detail.contains("try -w \(workload.rawValue)"), "\(found.anomalies)")
    }
    let own = try judged(text, workload)
    #expect(!own.anomalies.contains { $0.name == "nothing-checked" }, "\(own.anomalies)")
  }

  @Test("a strange operation is told however late it comes")
  func lateStranger() throws {
    let long = String(repeating: Self.pair("add", "1", "1"), count: 10_000)
    let found = try judged(long + Self.pair("write", "[0 1]", "[0 1]"), .gSet)
    #expect(found.verdict == .unknown && found.anomalies.contains { $0.name == "partly-checked" })
    #expect(found.anomalies.first { $0.name == "partly-checked" }?.operations == [20_000])
  }

  @Test(
    "a broken node of the right workload is not excused",
    arguments: [
      (
        Workload.gSet,
        HistoryReadingTests.pair("add", "1", "1") + HistoryReadingTests.pair("read", "nil", "[1]")
          + HistoryReadingTests.pair("read", "nil", "[7]")
      ),
      (
        .gCounter,
        HistoryReadingTests.pair("add", "1", "1") + HistoryReadingTests.pair("read", "nil", "1")
          + HistoryReadingTests.pair("read", "nil", "[1]")
      ),
      (
        .gCounter,
        HistoryReadingTests.pair("add", "1", "1") + HistoryReadingTests.pair("read", "nil", "\"x\"")
      ),
      (
        .linKV,
        HistoryReadingTests.pair("write", "[0 1]", "[0 1]")
          + HistoryReadingTests.pair("read", "[0 nil]", "[0 [2]]")
      ),
      (.txnRWRegister, HistoryReadingTests.pair("txn", "[[:r 1 nil]]", "[[:append 1 7]]")),
      (.echo, HistoryReadingTests.pair("echo", "1", "[1]")),
    ])
  func brokenNodes(_ workload: Workload, _ text: String) throws {
    #expect(try judged(text, workload).verdict == .invalid)
  }

  static func pair(_ function: String, _ asked: String, _ answered: String) -> String {
    "{:type :invoke, :process 0, :f :\(function), :value \(asked)}"
      + "{:type :ok, :process 0, :f :\(function), :value \(answered)}"
  }

  private func judged(_ text: String, _ workload: Workload) throws -> Finding {
    var scenario = Scenario(workload)
    scenario.nodeCount = 0
    let checked = RelevanceChecker(workload, workload.checker(scenario)).check(try read(text, workload))
    let isWrong = checked.anomalies.contains { $0.severity == .invalid }
    return Finding(isWrong ? .invalid : checked.verdict, anomalies: checked.anomalies)
  }
}
