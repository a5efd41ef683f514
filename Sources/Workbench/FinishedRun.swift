import Foundation
public import Glomers
public import Lab
import Report
public import History
public import Checkers

/// A run that is over, with all that goes into its directory but what was written meanwhile.
public struct FinishedRun {
  public var scenario: Scenario
  public var results: Results
  public var history: History
  /// When each value was seen where, for workloads whose values are to reach every node.
  public var sightings: [Visibility.Sighting]
  /// The instant from which the history's times count.
  public var origin: Instant
  /// What ran, in a line.
  public var summary: String
  /// The command line that runs it again.
  public var command: String
  /// When it was started, for people.
  public var started: String
  /// The last lines of each node.
  public var logTails: [(node: String, lines: [String])] = []

  public init(
    scenario: Scenario, results: Results, history: History, sightings: [Visibility.Sighting], origin: Instant,
    summary: String, command: String, started: String, logTails: [(node: String, lines: [String])] = []
  ) {
    self.scenario = scenario
    self.results = results
    self.history = history
    self.sightings = sightings
    self.origin = origin
    self.summary = summary
    self.command = command
    self.started = started
    self.logTails = logTails
  }

  /// Files that a run has in any case, in the order in which its report links to them.
  private static let files = [
    "results.edn", "history.txt", "messages.jsonl", "console.txt", "run.edn", "node-logs/", "latency-raw.svg",
    "latency-quantiles.svg", "rate.svg", "timeline.html", "messages.svg",
  ]

  /// Writes the pictures, the report, the history and the results. Returns the results with what they say of pictures.
  func write(to store: Store) throws(BenchError) -> Results {
    let workload = scenario.workload.rawValue
    let log = Store.contents(store.recordPath).map { MessageLog(reading: $0) }
    for file in Pictures.files(history, log, workload: workload) {
      try store.write(file.name) { $0(file.text) }
    }
    var results = results
    results.tellPictures()
    try store.write("history.edn", "history.txt") { history.writeLines(edn: $0, text: $1) }
    try store.write("results.edn") { $0(Array(results.edn.utf8)) }
    try store.write("results.json") { $0(Array(results.json.utf8)) }
    var report = RunReport(
      workload: workload, summary: summary, nodes: scenario.nodes.map(\.name), results: results,
      history: history,
      log: log)
    report.clientCount = scenario.clientCount
    report.command = command
    report.started = started
    report.sightings = sightings
    report.origin = origin
    report.logTails = logTails
    report.files = Self.files.filter { FileManager.default.fileExists(atPath: "\(store.directory)/\($0)") }
    let page = report.page()
    try store.write("report.html") { $0(page.html) }
    if let data = page.data { try store.write(RunReport.dataFile) { $0(data) } }
    return results
  }

  /// Writes a run in virtual time into a directory of its own, as one of processes has it. Returns its path, or what went
  /// wrong.
  ///
  /// - Parameters:
  ///   - record: the text of its `messages.jsonl`.
  ///   - log: what nodes wrote to stderr.
  ///   - root: of the store.
  public func store(record: [UInt8], log: [(node: NodeID, text: String)], in root: String)
    -> Result<String, StoreFailure>
  {
    let linesByNode = Dictionary(grouping: log, by: \.node)
    let logs = scenario.nodes.map { (node: $0.name, lines: linesByNode[$0, default: []].map(\.text)) }
    do throws(BenchError) {
      let store = try Store(root: root, workload: scenario.workload.rawValue)
      try store.write("messages.jsonl") { $0(record) }
      let description: EDN = [
        "command": .string(command), "started": .string(started), "summary": .string(summary),
        "versions": [
          "workbench": .string(Version.number), "commit": Version.commit.map { .string($0) } ?? .null,
        ],
      ]
      try store.write("run.edn") { $0(Array(description.pretty().utf8)) }
      for (node, lines) in logs {
        try store.write("node-logs/\(node).log") { $0(Array(lines.map { $0 + "\n" }.joined().utf8)) }
      }
      var run = self
      run.logTails = logs.map { ($0.node, $0.lines.suffix(NodeLog.keptLines)) }
      _ = try run.write(to: store)
      try store.linkLatest()
      return .success(store.directory)
    } catch {
      return .failure(StoreFailure(description: error.description))
    }
  }
}

/// Why a run could not be stored, in a sentence.
public struct StoreFailure: Error, CustomStringConvertible {
  public let description: String
}
