import Checkers
internal import Glomers
internal import Lab
internal import Report
internal import Simulator
internal import Wire
import History

/// Whether the report of a run shows a mistake to whoever made it: the anomaly by its name, the operations that prove it,
/// and their messages.
struct Disclosure {
  /// What the report does not show, in words; empty if it shows all.
  let problems: [String]

  /// Anomalies that are seen outside of operations. The report names the node, or says it in words.
  private static let withoutOperations: Set = [
    "endless-talk", "unread-node", "unasked-reply", "election-safety", "log-matching", "leader-completeness",
    "state-machine-safety", "known-beyond-held", "overlong-message", "needless-stream", "late-offset",
    "early-acknowledgement", "too-many-messages",
  ]
  /// So many operations of an anomaly does a report mark.
  private static let shownMax = 200
  /// What makes a run invalid without being an anomaly, and what the report says of it.
  private static let complaints = ["unavailable": "too few operations succeeded", "useless": "succeeded"]

  /// Runs the mutant at a seed that catches it, with a record.
  init(_ mutant: Mutant, seed: UInt64) {
    var scenario = mutant.scenario
    scenario.seed = seed
    scenario.recordBytesMax = 64 << 20
    let outcome = mutant.run(scenario, nil)
    guard let recording = outcome.recording else {
      problems = ["the run has no record"]
      return
    }
    let report = RunReport(
      workload: scenario.workload.rawValue, summary: "", nodes: scenario.nodes.map(\.name),
      results: outcome.results, history: recording.history, log: MessageLog(reading: recording.messages))
    problems = Self.problems(report, mutant.anomaly)
  }

  /// Clients of kafka take keys without asking anybody.
  private static func isSilent(_ operation: Operation) -> Bool { operation.function == "assign" }

  private static func problems(_ report: RunReport, _ name: String) -> [String] {
    let page = report.page(inlineBytesMax: .max)
    let html = String(decoding: page.html, as: UTF8.self)
    if let words = complaints[name] {
      return html.contains(words) ? [] : ["the report does not say that \(words)"]
    }
    let opening = "<script type=\"application/json\" id=\"data\">"
    guard let start = html.firstRange(of: opening),
      let end = html[start.upperBound...].firstRange(of: "</script>"),
      let data = try? JSONDocument().parseValue(Array(html[start.upperBound..<end.lowerBound].utf8)).value
    else { return ["the report has no data that can be read"] }
    let shown = (data["anomalies"]?.array ?? []).filter { $0["name"]?.string == name }
    guard !shown.isEmpty else { return ["the report does not show \(name)"] }
    if withoutOperations.contains(name) { return [] }
    // Those that show it are the invocations of what the checker has named.
    let history = report.history
    var indices: [Int] = []
    for step in data["operations"]?["index"]?.array ?? [] {
      indices.append((indices.last ?? 0) + (step.integer ?? 0))
    }
    let owners = Set((data["messages"]?["operation"]?.array ?? []).compactMap(\.integer))
    let expected = report.anomalies.filter { $0.name == name }.map { anomaly in
      Set(anomaly.operations.map { history.invocation(of: $0)?.index ?? $0 })
    }
    var problems: [String] = []
    for anomaly in shown {
      let rows = (anomaly["operations"]?.array ?? []).compactMap(\.integer)
      let named = Set(rows.map { indices.indices.contains($0) ? indices[$0] : -1 })
      let isNamed = expected.contains { named == $0 || (rows.count == shownMax && named.isSubset(of: $0)) }
      if rows.isEmpty || !isNamed {
        problems.append("\(name) names operations \(named.sorted()), and the checker others")
      }
      for row in rows where !owners.contains(row) && !Self.isSilent(history[indices[row]]) {
        problems.append("\(name): operation \(indices[row]) has no messages")
      }
    }
    return problems
  }
}
