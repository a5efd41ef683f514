import Foundation
import Checkers
import Glomers
import History
import struct History.Operation
import Lab
import Testing
import Wire

@testable import Report

@Suite("Proofs in reports")
struct ProofTests {
  private typealias Half = (client: Int, kind: Operation.Kind, value: JSON)

  /// Operations of clients that talk to nodes of their own, one millisecond from line to line.
  private func history(_ function: String, _ halves: [Half]) -> History {
    var history = History()
    for (place, half) in halves.enumerated() {
      history.append(
        Operation(
          time: .milliseconds(place), kind: half.kind, process: .client(half.client), function: function,
          value: half.value, node: NodeID("n\(half.client)")))
    }
    return history
  }

  private func html(_ history: History, _ workload: String, _ checker: any Checker) -> String {
    let report = RunReport(
      workload: workload, summary: "", nodes: ["n0", "n1"], results: Results(of: history, workload: checker),
      history: history, log: nil)
    return String(decoding: report.page().html, as: UTF8.self)
  }

  @Test("a cycle is drawn, and each edge is said in words and leads to its two transactions")
  func cycle() {
    let asked: [JSON] = [
      [["append", "x", 1], ["r", "y", .null]], [["append", "y", 2], ["r", "x", .null]],
    ]
    let answers: [JSON] = [
      [["append", "x", 1], ["r", "y", [2]]], [["append", "y", 2], ["r", "x", [1]]],
    ]
    let halves: [Half] = [
      (0, .invoke, asked[0]), (1, .invoke, asked[1]), (0, .ok, answers[0]), (1, .ok, answers[1]),
    ]
    let history = history("txn", halves)
    let html = html(history, "txn-list-append", TransactionChecker.lists(models: ["read-committed"]))
    #expect(
      html.contains("aria-label=\"A cycle of 2 transactions\"") && html.contains("<path class=\"edge wr\""))
    #expect(html.contains("T2 read what T1 wrote to") && html.contains("so T1 came before T2."))
    #expect(html.contains("T1 read what T2 wrote to") && html.contains("so T2 came before T1."))
    #expect(html.contains("data-op=\"0\"") && html.contains("data-op=\"1\""))
    #expect(html.contains("T1 would have come before itself"))
  }

  @Test("the smallest window that is not linearizable comes first, with the orders that go furthest")
  func windows() throws {
    var history = History()
    func run(_ function: String, _ client: Int, _ asked: JSON, _ answer: JSON) {
      for (kind, value) in [(Operation.Kind.invoke, asked), (.ok, answer)] {
        history.append(
          Operation(
            time: .milliseconds(history.count), kind: kind, process: .client(client), function: function,
            value: value, node: NodeID("n\(client)")))
      }
    }
    // Key 1 needs three operations to show it, key 2 two.
    run("write", 0, [1, 3], [1, 3])
    run("read", 0, [1, .null], [1, 3])
    run("cas", 1, [1, [4, 5]], [1, [4, 5]])
    run("write", 0, [2, 7], [2, 7])
    run("read", 1, [2, .null], [2, 8])
    let html = html(history, "lin-kv", LinearizabilityChecker())
    let first = try #require(html.range(of: "Key 1: no order of these 2 operations"))
    let second = try #require(html.range(of: "Key 2: no order of these 2 operations"))
    #expect(first.lowerBound < second.lowerBound)
    #expect(html.contains("whatever the key held before"))
    #expect(html.contains("<g class=\"attempt shown\" data-attempt=\"0\">"))
    #expect(html.contains("can&#39;t come next."))
    #expect(html.contains(">cas 4 → 5<") && html.contains("data-op=\"4\""))
  }

  @Test("operations have their keys, of whatever workload")
  func keys() throws {
    func columns(_ workload: String, _ value: JSON) throws -> (names: [String], row: JSON?) {
      let halves: [Half] = [(0, .invoke, value), (0, .ok, value)]
      let history = history("f", halves)
      let report = RunReport(
        workload: workload, summary: "", nodes: ["n0"], verdict: .valid, results: [:], history: history,
        log: nil)
      let data = try JSONDocument().parseValue(ReportData(report).text).value
      return (
        (data["keys"]?.array ?? []).compactMap(\.string),
        data["operations"]?["keys"]?.array?.first
      )
    }
    let register = try columns("lin-kv", [5, .null])
    #expect(register.names == ["5"] && register.row == 0)
    let transaction = try columns("txn-rw-register", [["w", 1, 2], ["r", "b", .null], ["r", 1, 2]])
    #expect(transaction.names == ["1", "b"] && transaction.row == [0, 1])
    let poll = try columns("kafka", [["poll", ["k": [[0, 1]], "l": []]]])
    #expect(poll.names == ["k", "l"])
    #expect(try columns("kafka", [["send", "k", [3, 4]]]).names == ["k"])
    #expect(try columns("kafka", ["a", "b"]).names == ["a", "b"])
    #expect(try columns("broadcast", 5).names == [])
  }

  @Test("results that name operations which are not in the history make a report all the same")
  func strangers() {
    let anomaly: EDN = [
      "name": .keyword("nonlinearizable"), "detail": "of another run", "severity": .keyword("invalid"),
      "operations": [["index": 7], ["index": 900], ["index": -3]],
      "steps": [["from": 900, "to": -1, "type": .keyword("wr"), "words": "no reason"]],
    ]
    let halves: [Half] = [(0, .invoke, [1, .null]), (0, .ok, [1, 2])]
    let report = RunReport(
      workload: "lin-kv", summary: "", nodes: ["n0"], verdict: .invalid,
      results: ["workbench": ["anomalies": [anomaly]]], history: history("read", halves), log: nil)
    #expect(String(decoding: report.page().html, as: UTF8.self).contains("nonlinearizable"))
  }

  /// Rows of tables whose first column is headed *anomaly*.
  private func documentedAnomalies() throws -> [String] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "docs/WORKLOADS.md")
    var names: [String] = []
    var isTable = false
    for line in try String(contentsOf: file, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("| anomaly |") { isTable = true } else if !line.hasPrefix("|") { isTable = false }
      guard isTable, let cell = line.split(separator: "|").first else { continue }
      names += cell.matches(of: /`([A-Za-z0-9-]+)`/).map { String($0.1) }
    }
    return names
  }

  @Test("every anomaly that the documents name has a meaning of its own, and so have cycles with a suffix")
  func meanings() throws {
    let unknown = Meaning(of: "no such anomaly").words
    let names = try documentedAnomalies()
    #expect(names.count > 50)
    for name in names + ["G-single-item-realtime", "G2-item-process", "PL-3-cycle-exists"] {
      #expect(Meaning(of: name).words != unknown, "Meanings.swift: \(name)")
    }
  }
}
