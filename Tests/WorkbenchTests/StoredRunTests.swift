import Checkers
import History
import Foundation
import Glomers
import Lab
import Report
import Testing

@testable import Workbench

@Suite("Reports of stored runs")
final class StoredRunTests {
  private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
    "run-\(UUID().uuidString)"
  ).path

  init() throws {
    try FileManager.default.createDirectory(
      atPath: "\(directory)/node-logs", withIntermediateDirectories: true)
    try write(
      "run.edn",
      "{:command \"workbench test\" :started \"today\" :options {:workload :broadcast :nodes [\"n0\" \"n1\"] :concurrency 2}}"
    )
    try write("node-logs/n0.log", (1...40).map { "line \($0)\n" }.joined())
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(file)"))
  }

  @Test("of a bench that was killed, operations and messages are known up to then, and there is no verdict")
  func cutOff() throws {
    try write(
      "messages.jsonl",
      """
      {"format":"glomers-messages","version":1,"workload":"broadcast","nodes":["n0","n1"],"seed":"1"}
      {"t":5,"origin":true}
      {"t":10,"op":0,"type":"invoke","f":"broadcast","process":1}
      {"t":10,"sent":{"id":0,"src":"c1","dest":"n1","body":{"type":"broadcast","message":7,"msg_id":1}},"op":0}
      {"t":11,"delivered":0}
      {"t":12,"sent":{"id":1,"src":"n1","de
      """)
    let report = try StoredRun(directory).report()
    #expect(report.verdict == .unknown && report.doubts.count == 1)
    #expect(
      report.history.count == 1 && report.history[0].node == "n1" && report.history[0].time == .nanoseconds(5)
    )
    #expect(report.log?.messages.count == 1)
    #expect(report.logTails.first?.lines.last == "line 40")
    #expect(String(decoding: report.page().html, as: UTF8.self).contains("The run was cut off"))
  }

  @Test("of a run from before there were records, the anomalies and their operations are known")
  func before() throws {
    try write(
      "history.edn",
      """
      {:type :invoke, :f :broadcast, :value 7, :time 5, :process 1, :index 0}
      {:type :ok, :f :broadcast, :value 7, :time 9, :process 1, :index 1}
      """)
    try write(
      "results.edn",
      "{:valid? false :workbench {:anomalies [{:name :lost-value :severity :invalid :node \"n0\" :detail \"7 is lost\" :operations [{:index 1}]}]}}"
    )
    let report = try StoredRun(directory).report()
    #expect(report.verdict == .invalid && report.log == nil)
    #expect(report.anomalies.map(\.name) == ["lost-value"] && report.anomalies[0].operations == [1])
    #expect(StoredRun.report(directory, output: nil) == 0)
    #expect(FileManager.default.fileExists(atPath: "\(directory)/report.html"))
  }

  @Test("a run that was moved is known by its record, whatever directory it lies in")
  func moved() throws {
    try write("run.edn", "{:command \"workbench sim\"}")
    try write(
      "messages.jsonl",
      "{\"format\":\"glomers-messages\",\"version\":1,\"workload\":\"kafka\",\"nodes\":[\"n0\"]}\n{\"t\":5,\"origin\":true}\n"
    )
    #expect(try StoredRun(directory).report().workload == "kafka")
  }

  @Test("a directory of no run is refused in words")
  func noRun() {
    #expect(throws: BenchError.self) { try StoredRun("/nowhere") }
    #expect(StoredRun.report("/nowhere", output: nil) == Bench.failureStatus)
  }
}
