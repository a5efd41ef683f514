import History
import Lab
import Checkers

/// What a run leaves behind: its files, and its last words on the console.
enum Report {
  /// Writes what a run is to be, before it begins: a bench that fails leaves this too.
  static func write(_ description: RunDescription, to store: Store) throws(BenchError) {
    try store.write("run.edn") { $0(Array(description.edn.pretty().utf8)) }
  }

  /// Everything that speaks against a run, in words.
  static func objections(_ results: Results) -> [String] {
    anomalies(results.anomalies) + results.complaints.map { "✗ \($0)" } + results.doubts.map { "? \($0)" }
  }

  /// Of an anomaly's words so many bytes go to the console.
  private static let detailBytesMax = 4000

  /// Anomalies in words: how many there are of each kind, and the first of each.
  static func anomalies(_ anomalies: [Anomaly]) -> [String] {
    var kinds: [String] = []
    var first: [String: Anomaly] = [:]
    var counts: [String: Int] = [:]
    for anomaly in anomalies {
      if first[anomaly.name] == nil {
        kinds.append(anomaly.name)
        first[anomaly.name] = anomaly
      }
      counts[anomaly.name, default: 0] += anomaly.count
    }
    return kinds.map { kind in
      let anomaly = first[kind]!
      let times = counts[kind]! > 1 ? " (\(counts[kind]!) times; the first)" : ""
      let operations = anomaly.operations.map(String.init).joined(separator: ", ")
      let mark =
        switch anomaly.severity {
        case .invalid: "✗"
        case .unknown: "?"
        case .warning: "!"
        }
      // A node may have said a megabyte; the results have it whole.
      let isLong = anomaly.detail.utf8.count > detailBytesMax
      let detail =
        isLong
        ? String(decoding: anomaly.detail.utf8.prefix(detailBytesMax), as: UTF8.self) + "…" : anomaly.detail
      return "\(mark) \(kind)\(times): \(detail)"
        + (operations.isEmpty ? "" : " [history: \(operations)]")
    }
  }

  /// Jepsen's last line.
  static func closingLine(_ verdict: Verdict) -> String {
    switch verdict {
    case .valid: "Everything looks good! ヽ(‘ー`)ノ"
    case .invalid: "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻"
    case .unknown: "Errors occurred during analysis, but no anomalies found. ಠ~ಠ"
    }
  }

  /// Maelstrom's exit status.
  static func exitStatus(_ verdict: Verdict) -> Int32 {
    switch verdict {
    case .valid: 0
    case .invalid: 1
    case .unknown: 2
    }
  }
}
