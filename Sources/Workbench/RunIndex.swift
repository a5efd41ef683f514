import Foundation
import Lab
import History

/// The runs of a store, as their directories tell them. Only reads.
struct RunIndex {
  enum State: String {
    case valid, unknown, invalid
    /// It runs now.
    case running
    /// It has no results, and nothing is written any more.
    case interrupted
  }

  struct Run {
    let workload: String
    /// The directory's name: when it was started.
    let time: String
    let state: State
    let operations: Int?
    /// Of these so many succeeded.
    var successes: Int?
    /// Messages between servers for each operation.
    let serverMessages: Double?
    /// All messages for each operation.
    var allMessages: Double?
    /// Kinds of anomalies, and how many there were.
    let anomalies: [(name: String, count: Int)]
    let hasReport: Bool

    var path: String { "\(workload)/\(time)" }

    /// When it was started, for people: `20260102T030405.678Z` is 2026-01-02 03:04:05. Any other name stands for itself.
    var shownTime: String {
      let digits = time.prefix(15)
      guard time.count == 20, time.hasSuffix("Z"), digits.dropFirst(8).first == "T",
        (digits.prefix(8) + digits.suffix(6)).allSatisfy({ ("0"..."9").contains($0) })
      else { return time }
      let parts = [(0, 4), (4, 2), (6, 2), (9, 2), (11, 2), (13, 2)].map { digits.dropFirst($0).prefix($1) }
      return parts[..<3].joined(separator: "-") + " " + parts[3...].joined(separator: ":")
    }
  }

  let root: String
  /// Results are read once: a run that has some is over.
  private var known: [String: Run] = [:]

  init(root: String) { self.root = root }

  /// A file that has not been written for so long belongs to no run that is under way.
  private static let silenceMax: TimeInterval = 30

  /// All runs, the latest first.
  mutating func runs(now: Date = Date()) -> [Run] {
    var runs: [Run] = []
    for workload in names(in: root) {
      for time in names(in: "\(root)/\(workload)") where time.first?.isNumber ?? false {
        runs.append(run(workload, time, now))
      }
    }
    return runs.sorted { ($0.time, $0.workload) > ($1.time, $1.workload) }
  }

  /// Directories that are no links.
  private func names(in directory: String) -> [String] {
    let files = FileManager.default
    return ((try? files.contentsOfDirectory(atPath: directory)) ?? []).filter { name in
      let attributes = try? files.attributesOfItem(atPath: "\(directory)/\(name)")
      return attributes?[.type] as? FileAttributeType == .typeDirectory && !name.hasPrefix(".")
    }
  }

  private mutating func run(_ workload: String, _ time: String, _ now: Date) -> Run {
    let path = "\(workload)/\(time)"
    if let run = known[path] { return run }
    let directory = "\(root)/\(path)"
    guard let text = FileManager.default.contents(atPath: "\(directory)/results.edn") else {
      return Run(
        workload: workload, time: time, state: isWritten(directory, now) ? .running : .interrupted,
        operations: nil,
        serverMessages: nil, anomalies: [], hasReport: false)
    }
    var reader = EDNReader(Array(text))
    let tree = ((try? reader.next()) ?? nil) ?? .null
    let state: State = tree["valid?"] == true ? .valid : tree["valid?"] == false ? .invalid : .unknown
    var anomalies: [(name: String, count: Int)] = []
    if case .map(let counts)? = tree["workbench"]?["anomaly-counts"] {
      for count in counts {
        guard case .integer(let number) = count.value else { continue }
        anomalies.append((String(count.key.text.drop { $0 == ":" }), number))
      }
    }
    var operations: Int?
    if case .integer(let count)? = tree["stats"]?["count"] { operations = count }
    var run = Run(
      workload: workload, time: time, state: state, operations: operations,
      serverMessages: tree["net"]?["servers"]?["msgs-per-op"]?.number, anomalies: anomalies,
      hasReport: FileManager.default.fileExists(atPath: "\(directory)/report.html"))
    if case .integer(let count)? = tree["stats"]?["ok-count"] { run.successes = count }
    run.allMessages = tree["net"]?["all"]?["msgs-per-op"]?.number
    known[path] = run
    return run
  }

  private func isWritten(_ directory: String, _ now: Date) -> Bool {
    ["messages.jsonl", "console.txt", "run.edn"].contains { file in
      let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(file)")
      guard let written = attributes?[.modificationDate] as? Date else { return false }
      return now.timeIntervalSince(written) < Self.silenceMax
    }
  }

  /// A path in the store, if it is one and leads to something inside of it, whatever links there are.
  ///
  /// - Parameter path: as a request has it, percent-decoded.
  func file(_ path: String) -> String? {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    guard !parts.isEmpty, !path.utf8.contains(0), !parts.contains(where: { $0.hasPrefix(".") }) else {
      return nil
    }
    func real(_ path: String) -> String? {
      guard let resolved = unsafe realpath(path, nil) else { return nil }
      defer { unsafe free(resolved) }
      return unsafe String(cString: resolved)
    }
    guard let base = real(root), let target = real("\(root)/\(parts.joined(separator: "/"))"),
      target.hasPrefix(base + "/")
    else { return nil }
    return target
  }
}

extension EDN {
  /// Of an integer or a real.
  fileprivate var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }
}
