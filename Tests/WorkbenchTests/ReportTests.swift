import Foundation
import Glomers
import Testing

@testable import Lab
@testable import Workbench
@testable import History
@testable import Checkers

@Suite("What people read")
struct ReportTests {
  @Test(
    "numbers are rounded to their decimals",
    arguments: [
      (0.0, 1, "0.0"), (1.25, 1, "1.3"), (0.049, 1, "0.0"), (-0.04, 1, "0.0"), (-2.5, 0, "-3"),
      (19.95, 1, "20.0"),
      (3.007, 2, "3.01"), (99.999, 2, "100.00"),
    ])
  func decimals(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(decimal(value, decimals) == text)
  }

  @Test("anomalies of one kind are told once, with how many there are and the operations of the first")
  func anomalies() {
    let lines = Report.anomalies([
      Anomaly("lost-value", "n1 lacks 3", operations: [4, 9], node: "n1"),
      Anomaly("late-reply", "n0 was late", severity: .warning),
      Anomaly("lost-value", "n2 lacks 3", node: "n2"),
    ])
    #expect(
      lines == [
        "✗ lost-value (2 times; the first): n1 lacks 3 [history: 4, 9]", "! late-reply: n0 was late",
      ])
  }

  @Test("of a megabyte that a node said, the console has the beginning")
  func longAnomaly() {
    let lines = Report.anomalies([
      Anomaly("wrong-echo", String(repeating: "ä", count: 1 << 20), operations: [4])
    ])
    #expect(lines[0].hasPrefix("✗ wrong-echo: äää") && lines[0].hasSuffix("… [history: 4]"))
    #expect(lines[0].utf8.count < 5000)
  }

  @Test("what fails a run without an anomaly is told too")
  func complaints() {
    var history = History()
    for (function, kind) in [("add", Operation.Kind.info), ("read", .ok)] {
      let client = Operation.Process.client(function == "add" ? 0 : 1)
      history.append(Operation(time: .zero, kind: .invoke, process: client, function: function))
      history.append(Operation(time: .zero, kind: kind, process: client, function: function))
    }
    let results = Results(of: history, workload: UniqueIDsChecker(), availability: .total)
    #expect(
      Report.objections(results) == [
        "✗ no add succeeded: 1 ended for unknown reasons", "✗ too few operations succeeded: a share of 0.5",
      ])
  }

  @Test("of a function that never succeeded one reads how its operations ended, the most frequent first")
  func endings() {
    var history = History()
    let errors: [JSON] = [
      "net-timeout", ["not-supported", "what?"], "net-timeout", ["unknown", "odd"], ["crash", ""],
    ]
    for error in errors {
      history.append(Operation(time: .zero, kind: .invoke, process: .client(0), function: "echo"))
      history.append(
        Operation(time: .zero, kind: .fail, process: .client(0), function: "echo", error: error))
    }
    let line = Report.objections(Results(of: history, workload: EchoChecker())).first
    #expect(
      line?.hasPrefix("✗ no echo succeeded: 2 got no reply in time, 1 got error ") == true, "\(line ?? "")")
    #expect(line?.hasSuffix(", 1 ended otherwise") == true)
  }

  @Test("an error that Maelstrom does not define is told by its code")
  func undefinedError() {
    var history = History()
    history.append(Operation(time: .zero, kind: .invoke, process: .client(0), function: "echo"))
    history.append(
      Operation(
        time: .zero, kind: .info, process: .client(0), function: "echo", error: ["unknown", "no", 4711]))
    #expect(
      Report.objections(Results(of: history, workload: EchoChecker())).first
        == #"✗ no echo succeeded: 1 got error 4711, for which Maelstrom has no name, "no""#)
  }

  @Test("where some echoes fail, the sentence says how many, and how")
  func someFailed() {
    var history = History()
    for error in [nil, "net-timeout", nil] as [JSON?] {
      history.append(Operation(time: .zero, kind: .invoke, process: .client(0), function: "echo"))
      history.append(
        Operation(
          time: .zero, kind: error == nil ? .ok : .fail, process: .client(0), function: "echo", error: error))
    }
    #expect(
      Report.objections(Results(of: history, workload: EchoChecker())) == [
        "✗ the workload's checker objects, see :workload in the results: of 3 echo operations 1 got no reply in time"
      ])
  }

  @Test("a test in which nothing was tried is unknown, and says so")
  func nothingTried() {
    var history = History()
    let results = Results(of: history, workload: UniqueIDsChecker())
    #expect(results.verdict == .unknown)
    #expect(Report.objections(results).first?.hasPrefix("? nothing was tried") == true)
    history.append(
      Operation(time: .zero, kind: .invoke, process: .client(0), function: "read", isFinal: true))
    #expect(Results(of: history, workload: UniqueIDsChecker()).verdict == .unknown)
  }

  @Test("an anomaly that was seen more often than it was kept is counted in full")
  func counts() {
    let lines = Report.anomalies([
      Anomaly("not-json", "first", node: "n0"),
      Anomaly("not-json", "and 1246277 more", node: "n0", count: 1_246_277),
    ])
    #expect(lines == ["✗ not-json (1246278 times; the first): first"])
  }

  @Test(
    "each verdict has Maelstrom's closing line and exit status",
    arguments: [
      (Verdict.valid, "Everything looks good! ヽ(‘ー`)ノ", 0), (.invalid, "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻", 1),
      (.unknown, "Errors occurred during analysis, but no anomalies found. ಠ~ಠ", 2),
    ])
  func endings(_ verdict: Verdict, _ line: String, _ status: Int32) {
    #expect(Report.closingLine(verdict) == line)
    #expect(Report.exitStatus(verdict) == status)
  }

  @Test("lag is told in milliseconds at three points, and zero where nothing was due")
  func lag() {
    var lag = LagMeter()
    #expect(lag.percentile(99) == .zero)
    for late in 1...100 {
      lag.woke(at: Instant(nanoseconds: Int64(late) * 1_000_000), due: .zero)
    }
    lag.woke(at: .zero, due: Instant(nanoseconds: 5))
    #expect(lag.count == 101)
    #expect(lag.longest == .milliseconds(100))
    let median = lag.percentile(50).milliseconds
    #expect((49...52).contains(median))
    #expect((98...100).contains(lag.percentile(99).milliseconds))
    #expect(lag.percentile(100) == .milliseconds(100))
  }

  @Test("a line of progress tells the phase, the operations, their rate, the time left and the faults")
  func progress() {
    var progress = Progress()
    #expect(ProgressReporter.text(progress, rate: 0) == "0.0 s · starting")
    progress.phase = .running
    progress.operationCount = 1
    #expect(ProgressReporter.text(progress, rate: nil) == "0.0 s · running · 1 operation")
    progress.elapsed = .milliseconds(12_340)
    progress.operationCount = 1200
    progress.okCount = 1190
    progress.failCount = 3
    progress.infoCount = 2
    progress.anomalyCount = 1
    progress.remaining = .milliseconds(7_660)
    progress.faults = ["partition (majority)"]
    #expect(
      ProgressReporter.text(progress, rate: 98.4)
        == "12.3 s · running · 1200 operations · 98/s · 8 s left · 1 anomaly · partition (majority) · 3 failed"
        + " · 2 unknown")
  }

  @Test("a node's log keeps its last lines, each cut to a length, and all of them in its file")
  func lastLines() throws {
    let path = try Launcher.freshDirectory().appendingPathComponent("n0.log").path
    var log = try NodeLog(path: path)
    for number in 0..<40 { log.append(Array("line \(number)".utf8)) }
    log.append([UInt8](repeating: UInt8(ascii: "x"), count: 5000))
    log.close()
    #expect(log.lastLines.count == NodeLog.keptLines)
    #expect(log.lastLines.last == String(repeating: "x", count: NodeLog.keptBytesPerLine) + "…")
    #expect(log.lastLines[log.lastLines.count - 2] == "line 39")
    log.keep(Array("what it said to others".utf8))
    #expect(log.lastLines.last == "what it said to others")
    #expect(log.tail.count == NodeLog.keptLines && log.tail[log.tail.count - 2] == "line 39", "stderr alone")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 41)
    #expect(lines.first == "line 0")
    #expect(lines.last?.count == 5000)
  }

  @Test("what runs is told in a line, with the seed that draws the same again")
  func summary() {
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 25
    scenario.latency = .milliseconds(100)
    scenario.faults = [.partition]
    scenario.seed = 42
    let settings = BenchSettings(scenario: scenario, executable: "/bin/node", arguments: ["--fast"])
    #expect(
      settings.summary
        == "broadcast: 25 nodes of /bin/node --fast · 25 clients, 5.0/s for 60.0 s · latency 100.0 ms constant"
        + " · partition every 10.0 s · --seed 42")
  }

  @Test("a full disk takes what is there and a little more, a failing one nothing")
  func disks() {
    #expect(NodeProcess.fileBytesMax(.sound, largestFileBytes: 5000) == nil)
    #expect(NodeProcess.fileBytesMax(.full, largestFileBytes: 5000)! > 5000)
    #expect(NodeProcess.fileBytesMax(.failing, largestFileBytes: 5000) == 0)
  }
}
