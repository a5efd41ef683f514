internal import Glomers
internal import Lab
internal import ReportFiles
import History
import Checkers

/// The page: what stands in it is complete without a script. The script adds the pictures, and links them.
extension RunReport {
  /// - Parameter data: nil if they stand in ``dataFile`` beside the page.
  func write(_ page: inout PageText, data: [UInt8]?) {
    page.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
    page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    page.markup("<meta name=\"color-scheme\" content=\"light dark\">\n")
    // Nothing is fetched from anywhere, whatever a node has printed.
    page.markup(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'self' file:; "
        + "style-src 'unsafe-inline'; img-src data:\">\n")
    page.element("title", "\(workload): \(verdict)")
    page.markup("<link rel=\"icon\" href=\"data:,\">\n<style>\n")
    unsafe page.file(report_style())
    page.markup("</style>\n</head>\n<body class=\"\(verdict)\">\n")
    writeHeader(&page)
    page.markup("<main>\n")
    writeAnomalies(&page)
    writeViews(&page)
    writeNodes(&page)
    writeFigures(&page)
    page.markup("</main>\n<aside id=\"details\" hidden aria-live=\"polite\"></aside>\n")
    if let data {
      page.markup("<script type=\"application/json\" id=\"data\">")
      page.raw(data)
      page.markup("</script>\n")
    }
    page.markup("<script>\n")
    unsafe page.file(report_script())
    page.markup("</script>\n")
    if data == nil { page.markup("<script src=\"\(Self.dataFile)\"></script>\n") }
    page.markup("</body>\n</html>\n")
  }

  private func writeHeader(_ page: inout PageText) {
    page.markup("<header>\n<p class=\"run\">")
    page.text([workload, started].filter { !$0.isEmpty }.joined(separator: " · "))
    page.markup("</p>\n<h1>")
    page.text(headline)
    page.markup("</h1>\n")
    page.element("p class=\"summary\"", summary)
    if !command.isEmpty {
      page.markup("<p class=\"command\"><code id=\"command\">")
      page.text(command)
      page.markup("</code> <button type=\"button\" id=\"copy\" hidden>Copy</button></p>\n")
    }
    page.markup("</header>\n")
  }

  private func writeAnomalies(_ page: inout PageText) {
    page.markup(
      "<section id=\"findings\" aria-labelledby=\"findings-title\">\n<h2 id=\"findings-title\">What was found</h2>\n"
    )
    for line in complaints { page.element("p class=\"complaint\"", line) }
    for line in doubts { page.element("p class=\"doubt\"", line) }
    if anomalies.isEmpty && complaints.isEmpty && doubts.isEmpty {
      page.element("p", "Nothing speaks against this run.")
    }
    var number = 0
    for kind in kinds {
      let meaning = Meaning(of: kind.name)
      let severity =
        kind.shown.contains { $0.severity == .invalid } ? "invalid" : kind.shown[0].severity.rawValue
      page.markup("<article class=\"finding \(severity)\">\n<h3>")
      page.text(kind.name)
      page.markup(" <span class=\"severity\">")
      page.text(kind.count > 1 ? "\(severity), \(kind.count) times" : severity)
      page.markup("</span></h3>\n<p class=\"meaning\">")
      page.text(meaning.words)
      page.markup(" <span class=\"next\">")
      page.text(meaning.next)
      page.markup("</span></p>\n<ul>\n")
      for anomaly in kind.shown {
        page.markup("<li data-anomaly=\"\(number)\"><p>")
        // Where the words begin with the node they need no name before them.
        if let node = anomaly.node, !anomaly.detail.hasPrefix("\(node.name) ") {
          page.element("b", node.name)
          page.markup(" ")
        }
        page.text(
          anomaly.steps.isEmpty
            ? anomaly.detail.cut(to: 2000) : "\(anomaly.steps.count) transactions, each before the next")
        page.markup("</p>")
        if !anomaly.steps.isEmpty { writeCycle(anomaly.steps, &page) }
        if let window = anomaly.operations.last.flatMap({ windows[$0] }) { writeWindow(window, &page) }
        writeOperations(of: anomaly, &page)
        page.markup("</li>\n")
        number += 1
      }
      page.markup("</ul>\n</article>\n")
    }
    page.markup("</section>\n")
  }

  private func writeOperations(of anomaly: Anomaly, _ page: inout PageText) {
    guard !anomaly.operations.isEmpty else { return }
    page.markup(
      "<details><summary>\(anomaly.operations.count == 1 ? "1 operation" : "\(anomaly.operations.count) operations")</summary><pre>"
    )
    for index in anomaly.operations.prefix(20) where index < history.count {
      page.text(history[index].edn.text(in: .edn).cut(to: 400) + "\n")
    }
    page.markup("</pre></details>")
  }

  /// Places for what the script draws.
  private func writeViews(_ page: inout PageText) {
    let views = [
      ("latency", "Latency", "Each operation by its start, and how long it took."),
      ("quantiles", "Latency quantiles over time", ""), ("rate", "Rate", "Operations that ended, a second."),
      ("timeline", "Clients", "Each client's operations, one after the other."),
      ("spacetime", "Messages", "Each message from its sender to its receiver; time runs to the right."),
      (
        "spread", "How values spread",
        "When each node was first seen to have each value, after its acknowledgement."
      ),
      (
        "offsets", "Offsets",
        "Of each key: what sends got (dots) and polls reached (strokes); the line is the watermark, up to which polls have shown it."
      ),
      (
        "lag", "Lag",
        "Of each poll that showed something of a key: how many offsets further its log was known to go."
      ),
    ]
    page.markup(
      "<noscript><p class=\"doubt\">The pictures need a script; everything else is here.</p></noscript>\n")
    page.markup(
      "<div id=\"views\" hidden>\n<div id=\"bar\" role=\"toolbar\" aria-label=\"Time and filters\"></div>\n")
    for (id, title, words) in views {
      page.markup("<section class=\"view\" id=\"view-\(id)\" hidden>\n<h2>\(title)</h2>\n")
      page.markup("<p class=\"words\">\(words)</p><div class=\"keys\"></div>\n")
      page.markup(
        "<div class=\"canvas\"><canvas id=\"\(id)\" tabindex=\"0\" role=\"img\" aria-label=\"\(title)\"></canvas></div>\n</section>\n"
      )
    }
    page.markup("</div>\n")
  }

  private func writeNodes(_ page: inout PageText) {
    // In virtual time nodes are no processes.
    guard results["workbench"]?["nodes"] != nil || logTails.contains(where: { !$0.lines.isEmpty }) else {
      return
    }
    page.markup("<section id=\"nodes\">\n<h2>Nodes</h2>\n")
    if case .map(let members)? = results["workbench"]?["nodes"], !members.isEmpty {
      var columns: [String] = []
      for member in members {
        guard case .map(let facts) = member.value else { continue }
        for fact in facts where !columns.contains(fact.key.plain) { columns.append(fact.key.plain) }
      }
      if !columns.isEmpty {
        page.markup("<div class=\"wide\"><table><thead><tr><th>node</th>")
        for column in columns { page.element("th", Self.columnNames[column] ?? column) }
        page.markup("</tr></thead><tbody>\n")
        for member in members {
          page.markup("<tr>")
          page.element("th", member.key.plain)
          for column in columns { page.element("td", member.value[column]?.plain ?? "") }
          page.markup("</tr>\n")
        }
        page.markup("</tbody></table></div>\n")
      }
    }
    page.markup("<div class=\"logs\">\n")
    for tail in logTails where !tail.lines.isEmpty {
      page.markup("<details class=\"log\"><summary>")
      page.text("\(tail.node)'s last log lines")
      page.markup("</summary><pre>")
      for line in tail.lines { page.text(line.cut(to: 1000) + "\n") }
      page.markup("</pre></details>\n")
    }
    page.markup("</div>\n</section>\n")
  }

  /// What the figures of a node are called for people.
  private static let columnNames = ["cpu-ms": "CPU time, ms", "peak-resident-kib": "most memory, KiB"]

  /// How late the bench was, in words; nil where its figures are not there.
  private var lateness: String? {
    let lag = results["workbench"]?["schedule-lag"]
    let parts = [("p50-ms", "half the time"), ("p99-ms", "99 times in 100"), ("max-ms", "always")]
      .compactMap { key, share in lag?[key].map { "\($0.plain) ms \(share)" } }
    return parts.isEmpty ? nil : "The bench itself was late by at most " + parts.joined(separator: ", ") + "."
  }

  private func writeFigures(_ page: inout PageText) {
    page.markup("<section id=\"figures\">\n<h2>Figures</h2>\n")
    for part in ["stats", "net", "availability", "workload"] {
      guard let tree = results[part] else { continue }
      page.markup("<details><summary>\(part)</summary><pre>")
      page.text(tree.pretty(in: .edn).cut(to: 40_000))
      page.markup("</pre></details>\n")
    }
    if let lateness { page.element("p", lateness) }
    if !files.isEmpty {
      page.markup("<p class=\"files\">Files: ")
      for file in files {
        page.markup("<a href=\"")
        page.text(file)
        page.markup("\">")
        page.text(file)
        page.markup("</a> ")
      }
      page.markup("</p>\n")
    }
    page.markup("</section>\n")
  }
}

extension EDN {
  /// A value for a cell of a table.
  fileprivate var plain: String {
    switch self {
    case .keyword(let name), .string(let name): name
    case .null: ""
    default: text
    }
  }
}
