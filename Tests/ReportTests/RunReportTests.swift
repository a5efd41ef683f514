import Foundation
import Glomers
import Lab
import Nodes
@testable import Report
import Simulator
import Testing
import Wire
@testable import History
@testable import Checkers

@Suite("Reports")
struct RunReportTests {
  private func outcome(_ change: (inout Scenario) -> Void = { _ in }) -> (Results, SeedOutcome.Recording) {
    var scenario = Scenario(.broadcast)
    scenario.nodeCount = 3
    scenario.rate = 20
    scenario.timeLimit = .seconds(5)
    scenario.faults = [.partition, .kill]
    scenario.nemesisInterval = .seconds(1)
    scenario.recordBytesMax = 4 << 20
    change(&scenario)
    let outcome = Simulation<BroadcastNode>.outcome(scenario)
    return (outcome.results, outcome.recording!)
  }

  private func report(_ change: (inout Scenario) -> Void = { _ in }) -> RunReport {
    let (results, recording) = outcome(change)
    return RunReport(
      workload: "broadcast", summary: "three nodes", nodes: ["n0", "n1", "n2"], results: results,
      history: recording.history, log: MessageLog(reading: recording.messages))
  }

  /// The run's data in a page, as the browser's parser would read it.
  private func data(_ page: RunReport.Page) throws -> JSON {
    let html = String(decoding: page.html, as: UTF8.self)
    let start = try #require(html.range(of: "<script type=\"application/json\" id=\"data\">"))
    let end = try #require(html.range(of: "</script>", range: start.upperBound..<html.endIndex))
    return try JSONDocument().parseValue(Array(html[start.upperBound..<end.lowerBound].utf8)).value
  }

  @Test("the page has every operation and every message, a column for each member")
  func columns() throws {
    let report = report()
    let data = try data(report.page())
    let begun = report.history.operations.filter { $0.isClient && $0.kind == .invoke }
    #expect(data["operations"]?["count"]?.integer == begun.count)
    #expect(data["messages"]?["count"]?.integer == report.log?.messages.count)
    for (table, members) in [
      ("operations", ["at", "took", "process", "function", "outcome", "node", "index", "value", "result"]),
      ("messages", ["at", "took", "from", "to", "type", "fate", "cause", "operation", "number", "body"]),
    ] as [(JSONName, [JSONName])] {
      let count = data[table]?["count"]?.integer
      for member in members { #expect(data[table]?[member]?.array?.count == count, "\(table) \(member)") }
    }
    #expect(data["faults"]?.array?.count == report.history.faults.count)
    #expect(!report.history.faults.isEmpty)
  }

  @Test("an anomaly is explained, and points at its operations")
  func anomalies() throws {
    var report = report()
    let read = try #require(report.history.operations.first { $0.function == "read" && $0.kind == .ok })
    report.anomalies = [Anomaly("lost-value", "value 5 is lost", operations: [read.index], node: "n1")]
    report.verdict = .invalid
    let page = report.page()
    let html = String(decoding: page.html, as: UTF8.self)
    #expect(html.contains("Invalid: one thing is wrong") && html.contains("value 5 is lost"))
    #expect(html.contains("in the end a node does not have it"))
    let row = try #require(try data(page)["anomalies"]?.array?[0]["operations"]?.array?[0].integer)
    let begun = report.history.operations.filter { $0.isClient && $0.kind == .invoke }
    #expect(begun[row].index == report.history.invocation(of: read.index)?.index)
  }

  @Test("whatever a run says is text: it ends no script, opens no element, and a NUL breaks nothing")
  func hostileText() throws {
    let nasty = "</script><script>alert('x')</script><b onclick=\"x\">\u{0}\u{1F600}"
    let long = String(repeating: "<!--</script>", count: 80_000)
    var history = History()
    for value in [nasty, long] {
      history.append(
        Operation(
          time: .seconds(1), kind: .invoke, process: .client(0), function: nasty, value: .string(value),
          node: "n0"))
      history.append(
        Operation(
          time: .seconds(2), kind: .ok, process: .client(0), function: nasty, value: .string(value),
          node: "n0"))
    }
    var record: [UInt8] = []
    for (number, text) in [nasty, long].enumerated() {
      let line: JSON = [
        "t": .integer(number),
        "sent": [
          "id": .integer(number), "src": .string(nasty), "dest": "n0",
          "body": ["type": .string(nasty), "x": .string(text)],
        ],
      ]
      EDN(line).write(in: .json, to: &record)
      record.append(UInt8(ascii: "\n"))
    }
    let results = Results(of: history, workload: Workload.echo.checker(Scenario(.echo)))
    var report = RunReport(
      workload: nasty, summary: nasty, nodes: [nasty], results: results, history: history,
      log: MessageLog(reading: record))
    report.anomalies = [Anomaly(nasty, nasty, operations: [0, 1], node: NodeID(nasty))]
    report.complaints = [nasty]
    report.command = nasty
    report.logTails = [(nasty, [nasty, long])]
    report.files = [nasty]
    let page = report.page()
    let html = String(decoding: page.html, as: UTF8.self)
    // The page's own: data and program.
    #expect(html.components(separatedBy: "<script").count == 3)
    #expect(html.components(separatedBy: "</script").count == 3)
    #expect(!html.contains("<b onclick") && !html.contains("<!--<") && !page.html.contains(0))
    let data = try data(page)
    #expect(data["functions"]?.array == [.string(nasty)])
    #expect(page.html.count < 1 << 20)
    for file in Pictures.files(history, report.log, workload: nasty) {
      let text = String(decoding: file.text, as: UTF8.self)
      #expect(
        !text.contains("<script") && !text.contains("<b onclick") && !file.text.contains(0), "\(file.name)")
    }
  }

  @Test("large data stand in a file beside the page, which asks for it")
  func dataBeside() throws {
    let page = report().page(inlineBytesMax: 1000)
    let data = try #require(page.data)
    let script = String(decoding: data, as: UTF8.self)
    #expect(script.hasPrefix("reportData('{") && script.hasSuffix("}');\n"))
    // Strings that no value ends: each quote and backslash in them is escaped.
    let inner = script.dropFirst(12).dropLast(4).replacing(/\\[\\']/, with: "").replacing("',\n'", with: "")
    #expect(!inner.contains("'") && !inner.contains("\\"))
    let html = String(decoding: page.html, as: UTF8.self)
    #expect(html.contains("<script src=\"report-data.js\"></script>") && !html.contains("id=\"data\""))
    #expect(report().page().data == nil)
  }

  @Test("a run without a record of messages, or without operations, has a report too")
  func littleKnown() throws {
    var report = report()
    report.log = nil
    #expect(try data(report.page())["messages"] == nil)
    report.history = History()
    #expect(try data(report.page())["operations"]?["count"] == 0)
    for file in Pictures.files(History(), nil, workload: "echo") { #expect(!file.text.isEmpty) }
  }

  @Test("figures of nodes and of the bench are told in words")
  func figures() {
    var report = report { $0.timeLimit = .seconds(1) }
    report.results = [
      "workbench": [
        "nodes": ["n0": ["cpu-ms": .real(1.5), "peak-resident-kib": .integer(16)]],
        "schedule-lag": [
          "count": .integer(9), "p50-ms": .real(0.1), "p99-ms": .real(2.5), "max-ms": .real(30),
        ],
      ]
    ]
    let html = String(decoding: report.page().html, as: UTF8.self)
    #expect(html.contains("<th>CPU time, ms</th><th>most memory, KiB</th>"))
    #expect(html.contains("late by at most 0.1 ms half the time, 2.5 ms 99 times in 100, 30.0 ms always."))
  }

  @Test("the page asks for nothing from anywhere")
  func selfContained() {
    let html = String(decoding: report().page().html, as: UTF8.self)
    for word in ["http://", "https://", "url(", "@import", "fetch(", "innerHTML", "eval("] {
      #expect(!html.contains(word), "\(word)")
    }
  }

  @Test("pictures are closed documents, and Maelstrom's diagram stops at ten thousand events")
  func pictures() throws {
    let (_, recording) = outcome {
      $0.rate = 2000; $0.timeLimit = .seconds(2)
    }
    let log = MessageLog(reading: recording.messages)
    let files = Pictures.files(recording.history, log, workload: "broadcast")
    #expect(
      files.map(\.name) == [
        "latency-raw.svg", "latency-quantiles.svg", "rate.svg", "timeline.html", "messages.svg",
      ])
    for file in files {
      let text = String(decoding: file.text, as: UTF8.self)
      #expect(text.hasSuffix(file.name.hasSuffix(".svg") ? "</svg>\n" : "</html>\n"))
    }
    let diagram = String(decoding: files[4].text, as: UTF8.self)
    #expect(diagram.contains("later events are not drawn"))
    #expect(diagram.components(separatedBy: "<title>").count <= 10_001)
  }

  @Test("a fault lasts from its start to its end, and says whom it hit")
  func faults() {
    var history = History()
    func step(_ seconds: Int, _ function: String, _ value: JSON) {
      history.append(
        Operation(time: .seconds(seconds), kind: .info, process: .nemesis, function: function, value: value))
    }
    step(1, "start-partition", "one")
    step(1, "start-partition", ["isolated", ["n0": ["n1"]]])
    step(2, "kill", "one")
    step(2, "kill", ["n2": "killed"])
    step(3, "stop-partition", .null)
    step(3, "stop-partition", "network-healed")
    step(4, "kill-server", .null)
    step(4, "kill-server", 2)
    step(5, "start-server", .null)
    step(5, "start-server", 2)
    let faults = history.faults
    #expect(faults.map(\.name) == ["partition", "kill", "server"])
    #expect(faults[0].from == 1_000_000_000 && faults[0].to == 3_000_000_000)
    #expect(faults[0].what == "one: n0 hears nothing from n1")
    #expect(faults[1].to == nil && faults[1].what == "one: n2")
    #expect(faults[2].to == 5_000_000_000 && faults[2].what == "2")
  }

  @Test("logarithms are near enough for a picture")
  func decades() {
    for value in [0.01, 0.5, 1, 3, 10, 12_345] {
      #expect(abs(Plot.decades(value) - log10(value)) < 0.005, "\(value)")
    }
  }
}
