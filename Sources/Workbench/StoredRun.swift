import Foundation
import Glomers
import Lab
import Report
import History
import Checkers

/// A run as its directory has it. What is missing is done without: a bench that was killed leaves no history and no
/// results, one from before there were records no messages.
public struct StoredRun {
  private let directory: String
  private let description: EDN
  private let workload: Workload

  /// - Parameter directory: of one run.
  init(_ directory: String) throws(BenchError) {
    self.directory = directory
    guard let description = Self.edn("\(directory)/run.edn") else {
      throw BenchError("\(directory) is no directory of a run: it has no run.edn that can be read")
    }
    self.description = description
    let name =
      description["options"]?["workload"]?.word ?? Self.workload(ofRecord: "\(directory)/messages.jsonl")
      ?? Self.workload(ofPath: directory)
    guard let workload = Workload(rawValue: name) else {
      throw BenchError(
        "\(directory) is of the workload '\(name)', as far as its files and its path tell, which this workbench does not know"
      )
    }
    self.workload = workload
  }

  /// Writes the report of a run anew. Returns the exit status.
  public static func report(_ directory: String, output: String?) -> Int32 {
    let console = Console()
    do throws(BenchError) {
      let page = try StoredRun(directory).report().page()
      let file = output ?? "\(directory)/report.html"
      try write(page.html, to: file)
      if let data = page.data {
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        try write(data, to: "\(folder)/\(RunReport.dataFile)")
      }
      console.print(file)
      return 0
    } catch {
      console.say("workbench: \(error)")
      return Bench.failureStatus
    }
  }

  func report() throws(BenchError) -> RunReport {
    let results = Self.edn("\(directory)/results.edn")
    let log = Store.contents("\(directory)/messages.jsonl").map { MessageLog(reading: $0) }
    let verdict: Verdict =
      results?["valid?"] == true ? .valid : results?["valid?"] == false ? .invalid : .unknown
    var report = RunReport(
      workload: workload.rawValue, summary: description["summary"]?.word ?? "", nodes: nodes(log),
      verdict: verdict,
      results: results ?? [:], history: try history(log), log: log)
    if results == nil {
      report.doubts = ["The run was cut off: there are no results, and what was seen until then is here."]
    }
    if case .integer(let count)? = description["options"]?["concurrency"] {
      report.clientCount = max(1, count)
    }
    report.command = description["command"]?.word ?? ""
    report.started = description["started"]?.word ?? ""
    report.logTails = nodes(log).map { ($0, tail(of: $0)) }
    report.files = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted()
      .filter { $0 != "report.html" && $0 != RunReport.dataFile && $0 != "data" }
      .map { $0 == "node-logs" ? "node-logs/" : $0 }
    return report
  }

  private func nodes(_ log: MessageLog?) -> [String] {
    guard case .vector(let names)? = description["options"]?["nodes"] else { return log?.nodes ?? [] }
    return names.map(\.word)
  }

  /// From `history.edn`, or where there is none from the record, without values.
  private func history(_ log: MessageLog?) throws(BenchError) -> History {
    let path = "\(directory)/history.edn"
    let names = nodes(log).map { NodeID($0) }
    var clients = max(1, names.count)
    if case .integer(let count)? = description["options"]?["concurrency"] { clients = max(1, count) }
    func node(of process: Int) -> NodeID { names.isEmpty ? "?" : names[process % clients % names.count] }
    guard let bytes = Store.contents(path) else {
      return log?.history(node: node(of:)) ?? History()
    }
    do { return try History(readingEDN: bytes, workload, node: node(of:)) } catch {
      throw BenchError("\(path) is no history: \(error)")
    }
  }

  /// The last lines of a node's log, of which only the end is read.
  private func tail(of node: String) -> [String] {
    guard let file = FileHandle(forReadingAtPath: "\(directory)/node-logs/\(node).log") else { return [] }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size > 16_384 ? size - 16_384 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").suffix(NodeLog.keptLines).map(String.init)
  }

  private static func edn(_ path: String) -> EDN? {
    guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
    var reader = EDNReader(Array(bytes))
    return (try? reader.next()) ?? nil
  }

  /// As the first line of the record has it.
  private static func workload(ofRecord path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 1 << 16),
      let line = head.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
    else { return nil }
    let workload = MessageLog(reading: Array(line)).workload
    return workload.isEmpty ? nil : workload
  }

  private static func workload(ofPath path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent().lastPathComponent
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(BenchError) {
    do { try Data(bytes).write(to: URL(fileURLWithPath: path)) } catch {
      throw BenchError("can't write \(path): \(reason(of: error))")
    }
  }
}

extension EDN {
  /// The text of a string or keyword; empty for anything else.
  fileprivate var word: String {
    switch self {
    case .string(let text), .keyword(let text): text
    default: ""
    }
  }
}
