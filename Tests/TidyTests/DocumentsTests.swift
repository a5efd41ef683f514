import Foundation
import Testing

/// What the documents say of the code, as far as a text search can check it.
@Suite("The documents") struct DocumentsTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  private static func files(under folder: String, suffix: String = ".swift") throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
      .filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
  }

  /// What the first group of these patterns matches in the sources under a folder.
  private static func found(_ patterns: [Regex<(Substring, Substring)>], under folder: String) throws -> Set<
    String
  > {
    var found: Set<String> = []
    for file in try files(under: folder) {
      let source = try text(file)
      for pattern in patterns { found.formUnion(source.matches(of: pattern).map { String($0.1) }) }
    }
    return found
  }

  /// The names in backticks that a table's lines begin with, or all names in backticks.
  private static func names(in document: String) throws -> Set<String> {
    Set(try text(document).matches(of: /`([^`\n]+)`/).map { String($0.1) })
  }

  @Test("every type of message that nodes send each other is in PROTOCOLS.md")
  func protocols() throws {
    let types = try Self.found(
      [/member\("type", "([a-z_]+)"\)/, /static let type = "([a-z_]+)"/], under: "Sources/Nodes"
    )
    .union(try Self.found([/member\("type", "([a-z_]+)"\)/], under: "Sources/Raft"))
    #expect(types.contains("request_vote"))
    #expect(types.contains("gossip_batch") && types.contains("kafka_push"))
    let missing = types.subtracting(try Self.names(in: "docs/PROTOCOLS.md")).sorted()
    #expect(missing.isEmpty, "docs/PROTOCOLS.md: a row in a table for \(missing)")
  }

  @Test("every type of message of a workload is in WORKLOADS.md")
  func workloads() throws {
    let types = try Self.found([/member\("type", "([a-z_]+)"\)/], under: "Sources/Workloads")
      .union(try Self.found([/member\("type", "([a-z_]+)"\)/], under: "Sources/Wire"))
    #expect(types.contains("txn_ok") && types.contains("ts_ok"))
    let missing = types.subtracting(try Self.names(in: "docs/WORKLOADS.md")).sorted()
    #expect(missing.isEmpty, "docs/WORKLOADS.md: a row in a table for \(missing)")
    for workload in try Self.text("Sources/History/Workload.swift").matches(of: /case \w+ = "([a-z-]+)"/) {
      #expect(try Self.text("docs/WORKLOADS.md").contains(workload.1), "docs/WORKLOADS.md: \(workload.1)")
    }
  }

  /// Each anomaly that a checker, the bench or the simulator can report: the first string of what reports it, what
  /// models exclude, and what mutants show.
  @Test("every anomaly is in WORKLOADS.md, with an example")
  func anomalies() throws {
    let reports = [
      /Anomaly\(\s*"([A-Za-z0-9-]+)"/, /(?:report|failSetUp|modelled)\(\s*"([a-z-]+)"/,
      /as: "([a-z]+-[a-z-]+)"/,
      /cases\.add\(\s*"([A-Za-z0-9-]+)"/, /anomal\w*\(\s*"([a-z-]+)"/,
      /AnomalyCase\(\s*type: "([A-Za-z0-9-]+)"/,
    ]
    let reported = try Self.found(reports, under: "Sources/Checkers")
      .union(try Self.found(reports, under: "Sources/Lab"))
      .union(try Self.found([/as: "([a-z]+-[a-z-]+)"/], under: "Sources/Simulator"))
    let kafka = try Self.text("Sources/Checkers/Kafka/KafkaAnomalies.swift")
      .matches(of: /\(\s*"([a-z]+-[a-z-]+)",\s*"/).map { String($0.1) }
    let mutants = try Self.found([/shows: "([A-Za-z0-9-]+)"/], under: "Sources/Mutants")
      .subtracting(["unavailable", "useless"])
    let cycles: Set = ["G0", "G1c", "G-single-item", "G-nonadjacent-item", "G2-item"]
    let all = reported.union(kafka).union(mutants).union(cycles)
    #expect(all.count > 60)
    for name in [
      "lost-value", "nonlinearizable", "lost-update", "high-lag", "node-died", "dirty-update", "poll-skip",
    ] {
      #expect(all.contains(name), "no longer found in the sources: \(name)")
    }
    let rows = try Self.text("docs/WORKLOADS.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
    let explained = Set(rows.map { String($0.dropFirst(3).prefix { $0 != "`" }) })
    let missing = all.filter { name in
      !explained.contains(name) && !explained.contains(name.replacing(/-(process|realtime)$/, with: ""))
    }
    #expect(missing.isEmpty, "docs/WORKLOADS.md: a row that begins with each of \(missing.sorted())")
  }

  @Test("links between documents lead somewhere, to headings too")
  func links() throws {
    let documents =
      try ["docs", "Examples", "bench", "Sources"].flatMap { try Self.files(under: $0, suffix: ".md") }
      + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    for document in documents {
      let folder = Self.root.appending(path: document).deletingLastPathComponent()
      for link in try Self.text(document).matches(of: /\]\(([^)\s]+)\)|srcset="([^"]+)"|src="([^"]+)"/) {
        let target = String(link.1 ?? link.2 ?? link.3 ?? "")
        guard !target.hasPrefix("http"), !target.hasPrefix("doc:") else { continue }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file =
          parts[0].isEmpty ? Self.root.appending(path: document) : folder.appending(path: String(parts[0]))
        #expect(FileManager.default.fileExists(atPath: file.path), "\(document) leads to \(target)")
        guard parts.count == 2, file.pathExtension == "md" else { continue }
        let headings = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
          .filter { $0.hasPrefix("#") }.map { Self.anchor(of: $0) }
        #expect(headings.contains(String(parts[1])), "\(document) leads to \(target)")
      }
    }
  }

  /// The name that GitHub gives a heading.
  private static func anchor(of heading: Substring) -> String {
    let words = heading.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
    return String(
      words.compactMap { $0 == " " ? "-" : $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil })
  }
}
