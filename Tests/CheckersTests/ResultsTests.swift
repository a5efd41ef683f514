import Foundation
import Glomers
import Lab
import Support
import Testing
@testable import History
@testable import Checkers

@Suite("Results")
struct ResultsTests {
  private let good = RecordedHistory.made {
    $0.broadcast(0, 7)
    $0.read(0, [7], isFinal: true)
  }

  private func results(
    _ history: History, journal: Journal = Journal(), observed: [Anomaly] = [], visibility: Visibility? = nil
  ) -> Results {
    Results(
      of: history, workload: SetChecker(adding: "broadcast", nodes: ["n0"]), journal: journal,
      observed: observed,
      visibility: visibility, seed: 42)
  }

  @Test("what breaks a demand is a warning, and makes the run invalid where the demand is made")
  func demands() {
    let shrunken = Anomaly("shrunken-counter", "n0 reads 2, and later 1", breaking: .monotonicReads)
    func verdict(_ demands: Set<Demand>) -> Verdict {
      Results(
        of: good, workload: SetChecker(adding: "broadcast", nodes: ["n0"]), observed: [shrunken],
        demands: demands
      ).verdict
    }
    #expect(verdict([]) == .valid && verdict([.convergence]) == .valid)
    #expect(verdict([.monotonicReads, .convergence]) == .invalid)
  }

  @Test("a long value is shown by its beginning and its length, and is whole in the history")
  func longValues() {
    let long = String(repeating: "x", count: 1_000_000)
    let history = RecordedHistory.made {
      $0.begin(0, "echo", .string(long))
      $0.end(0, .ok, .string(long + "y"))
    }
    let results = Results(of: history, workload: EchoChecker())
    #expect(results.anomalies.map(\.name) == ["wrong-echo"])
    #expect(results.anomalies[0].detail.contains("x… (1000000 bytes)\" came back as \"x"))
    #expect(results.anomalies[0].detail.utf8.count < 400)
    #expect(results.edn.utf8.count < 8000)
    #expect(history[1].value == .string(long + "y"))
    #expect(EDN.string(String(repeating: "x", count: 100)).shown.utf8.count == 102)
    #expect(EDN.string(String(repeating: "x", count: 101)).shown.hasSuffix("x… (101 bytes)\""))
    #expect(EDN.string("x" + String(repeating: "\u{e9}", count: 99)).shown.hasSuffix("\u{e9}… (199 bytes)\""))
    let number = JSON(number: String(repeating: "7", count: 5000))
    let shown = EDN([1, ["a": .string(long)], number, 2] as JSON).shown
    #expect(
      shown.hasPrefix(#"[1 {"a" "xxx"#) && shown.hasSuffix("77… (5000 bytes)\" 2]") && shown.utf8.count < 300)
    let many = EDN.vector(Array(repeating: 1, count: 300))
    #expect(many.shown.utf8.count < 420 && many.shown.hasSuffix("… (601 bytes)"))
  }

  @Test("more messages between servers than are allowed make a run invalid; as many do not")
  func tooManyMessages() {
    var journal = Journal()
    for _ in 0..<4 { journal.sent(involvesClient: false, bytes: 99) }
    for (most, verdict) in [(nil, .valid), (2, .valid), (1.9, .invalid)] as [(Double?, Verdict)] {
      let results = Results(
        of: good, workload: SetChecker(adding: "broadcast", nodes: ["n0"]), journal: journal,
        messagesPerOperationMax: most)
      #expect(results.verdict == verdict)
      #expect(results.anomalies.map(\.name) == (verdict == .valid ? [] : ["too-many-messages"]))
    }
  }

  @Test("what nobody can tell makes a run unknown")
  func unknowns() {
    let results = results(good, observed: [Anomaly("unread-node", "no final read", severity: .unknown)])
    #expect(results.verdict == .unknown)
    #expect(results.tree["workbench"]?["valid?"] == .keyword("unknown"))
  }

  @Test("Maelstrom's figures stand at Maelstrom's places")
  func places() {
    var journal = Journal()
    for _ in 0..<4 { journal.sent(involvesClient: true, bytes: 99) }
    for _ in 0..<3 { journal.received(involvesClient: true) }
    for _ in 0..<6 { journal.sent(involvesClient: false, bytes: 49) }
    journal.received(involvesClient: false)
    let results = results(good, journal: journal)
    #expect(results.net?.allPerOperation == 5 && results.net?.serversPerOperation == 3)
    #expect(results.successes.share == 1 && results.stats.functions.map(\.name) == ["broadcast", "read"])
    #expect(results.workload.stableLatencies != nil && results.workload.worstLag == nil)
    let tree = results.tree
    #expect(tree["valid?"] == true)
    #expect(
      tree["net"]?.text == """
        {:all {:send-count 10, :recv-count 4, :msg-count 10, :msgs-per-op 5.0}, \
        :clients {:send-count 4, :recv-count 3, :msg-count 4}, \
        :servers {:send-count 6, :recv-count 1, :msg-count 6, :msgs-per-op 3.0}, :valid? true}
        """)
    #expect(tree["availability"]?.text == "{:ok-fraction 1.0, :valid? true}")
    #expect(tree["stats"]?["by-f"]?["read"]?["ok-count"] == 1)
    #expect(tree["workload"]?["stable-latencies"] != nil)
    #expect(tree["exceptions"]?["valid?"] == true)
    // Nothing has been drawn yet.
    for picture in ["perf", "timeline"] { #expect(tree[picture] == nil) }
    #expect(tree["workbench"]?["bytes-per-op"]?.text == "{:all 350.0, :clients 200.0, :servers 150.0}")
    #expect(tree["workbench"]?["seed"] == 42)
  }

  @Test("a seed beyond signed integers is written in full")
  func largeSeed() {
    let result = Results(
      of: good, workload: SetChecker(adding: "broadcast", nodes: ["n0"]), journal: Journal(), seed: .max)
    #expect(result.tree["workbench"]?["seed"] == "18446744073709551615")
  }

  @Test("without operations there are no figures per operation")
  func noOperations() {
    let results = results(History())
    #expect(results.net?.serversPerOperation == nil && results.latencies.all == nil)
    let tree = results.tree
    #expect(tree["net"]?["servers"]?.text == "{:send-count 0, :recv-count 0, :msg-count 0}")
    #expect(tree["workbench"]?["bytes-per-op"] == nil)
    #expect(tree["valid?"] == .keyword("unknown"))
  }

  @Test("an invalid anomaly makes the whole invalid, a warning does not")
  func severity() {
    let bad = results(good, observed: [Anomaly("not-json", "n0 printed rubbish", node: "n0")])
    #expect(bad.verdict == .invalid)
    #expect(bad.tree["valid?"] == false)
    #expect(bad.tree["workload"]?["valid?"] == true)
    #expect(bad.tree["workbench"]?["valid?"] == false)
    let warned = results(good, observed: [Anomaly("slow", "n0 is slow", severity: .warning)])
    #expect(warned.verdict == .valid)
    #expect(warned.anomalies.map(\.name) == ["slow"])
  }

  @Test("anomalies come with the operations that show them")
  func counterExample() {
    let history = RecordedHistory.made {
      $0.broadcast(0, 7)
      $0.read(0, [], isFinal: true)
    }
    let result = results(history)
    #expect(result.verdict == .invalid)
    #expect(
      result.tree["workbench"]?["anomalies"]?.text == """
        [{:name :lost-value, :severity :invalid, :node "n0", :detail "the final read of n0 lacks 7", :operations [\
        {:type :ok, :f :broadcast, :value 7, :time 1000000, :process 0, :index 1} \
        {:type :invoke, :f :read, :value nil, :time 2000000, :process 0, :index 2, :final? true} \
        {:type :ok, :f :read, :value [], :time 3000000, :process 0, :index 3, :final? true}]}]
        """)
  }

  @Test("of many anomalies of a kind a few are shown, and all are counted")
  func many() {
    let lines = (0..<20).map { Anomaly("not-json", "line \($0)", node: "n0") }
    let tree = results(good, observed: lines + [Anomaly("node-died", "exit status 3")]).tree
    #expect(tree["workbench"]?["anomaly-counts"]?.text == "{:node-died 1, :not-json 20}")
    guard case .vector(let shown)? = tree["workbench"]?["anomalies"] else {
      Issue.record("no anomalies")
      return
    }
    #expect(shown.count == 7)
    #expect(shown[5]["name"] == .keyword("node-died"))
    #expect(shown[6].text == #"{:name :not-json, :node "n0", :detail "and 15 more", :operations []}"#)
  }

  @Test("long reads in a counter-example are left to the history")
  func longReads() {
    let values = (0..<100).map { JSON.integer($0) }
    let history = RecordedHistory.made {
      for value in values { $0.broadcast(0, value) }
      $0.read(0, .array(values + [0]), isFinal: true)
    }
    let tree = results(history).tree
    guard case .vector(let shown)? = tree["workbench"]?["anomalies"],
      case .vector(let operations)? = shown.first?["operations"]
    else {
      Issue.record("no anomalies")
      return
    }
    #expect(operations.first?["value-count"] == 101)
    #expect(operations.first?["value"] == nil)
  }

  @Test("latencies of operations are those of their oks")
  func operationLatencies() {
    let history = RecordedHistory.made {
      $0.begin(0, "read")
      $0.clock += .milliseconds(99)
      $0.end(0, .ok, [])
      $0.begin(0, "read")
      $0.clock += .seconds(5)
      $0.end(0, .fail)
    }
    #expect(results(history).latencies.all?.maximum == .milliseconds(100))
    #expect(
      results(history).tree["workbench"]?["latencies"]?.text
        == "{:read {0 100.0, 0.5 100.0, 0.95 100.0, 0.99 100.0, 1 100.0}}")
  }

  @Test("the driver adds what it knows, and both files hold it")
  func additions() throws {
    var result = results(good)
    result.report("nodes", ["n0": ["cpu-seconds": 2]])
    result.report("nodes", ["n0": ["cpu-seconds": 3]])
    #expect(result.tree["workbench"]?["nodes"]?["n0"]?["cpu-seconds"] == 3)
    #expect(result.edn.contains(":nodes {:n0 {:cpu-seconds 3}}"))
    let json = try JSONSerialization.jsonObject(with: Data(result.json.utf8)) as? [String: Any]
    let own = json?["workbench"] as? [String: Any]
    #expect((own?["nodes"] as? [String: [String: Int]])?["n0"]?["cpu-seconds"] == 3)
    #expect(json?["valid?"] as? Bool == true)
  }
}
