import Foundation
import Glomers
import History
import Lab
public import Report

/// The pages of `workbench serve`: a store's runs, their reports and files. Only reads, and knows nothing of sockets.
public struct Site {
  private var index: RunIndex
  private let hosts: Set<String>

  /// - Parameters:
  ///   - root: the store.
  ///   - hosts: names under which this may be asked for, each as a Host header has it. Any other is refused: a page of
  ///     somebody else's could have its name lead here.
  public init(root: String, hosts: Set<String>) {
    index = RunIndex(root: root)
    self.hosts = hosts
  }

  /// Names of this machine to itself.
  public static func localHosts(port: UInt16) -> Set<String> {
    let names = ["127.0.0.1", "localhost", "[::1]"]
    return Set(names.map { "\($0):\(port)" } + (port == 80 ? names : []))
  }

  /// - Parameters:
  ///   - path: percent-encoded, without a query.
  ///   - query: the first value of each name.
  public mutating func answer(method: String, path: String, query: [String: String] = [:], host: String?)
    -> PageAnswer
  {
    guard let host, hosts.contains(host.lowercased()) else {
      return refusal(
        421, "This server answers to \(hosts.sorted().joined(separator: ", ")), not to \(host ?? "no name").")
    }
    guard method == "GET" || method == "HEAD" else { return refusal(405, "This server only shows: use GET.") }
    guard let path = path.removingPercentEncoding else { return refusal(400, "The path can't be read.") }
    let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: true)
    let rest = parts.count > 1 ? String(parts[1]) : ""
    switch parts.first {
    case nil: return list()
    case "files": return file(rest, isDirectory: path.hasSuffix("/"))
    case "live": return live(rest)
    case "zip": return zip(rest)
    case "compare": return compare(query["a"] ?? "", query["b"] ?? "")
    default: return refusal(404, "There is no such page. The runs are at /.")
    }
  }

  private func refusal(_ status: Int, _ words: String) -> PageAnswer {
    var page = PageText()
    page.open("\(status)")
    page.element("p", words)
    return PageAnswer(status: status, body: page.closed())
  }

  // MARK: The list

  private mutating func list() -> PageAnswer {
    let runs = index.runs()
    var page = PageText()
    page.open("Runs", isHome: true)
    page.markup(
      "<p><input type=\"search\" id=\"search\" placeholder=\"search\" aria-label=\"Search\"> <span id=\"count\"></span></p>\n"
    )
    page.markup("<form action=\"/compare\"><div class=\"wide\"><table id=\"runs\"><thead><tr><th></th>")
    for title in ["started", "workload", "verdict", "operations", "server msgs/op", "anomalies", "files"] {
      page.markup("<th><button type=\"button\">\(title)</button></th>")
    }
    page.markup("</tr></thead><tbody>\n")
    for run in runs { row(run, &page) }
    page.markup("</tbody></table></div>\n<p><button>Compare two</button></p></form>\n")
    if runs.isEmpty { page.element("p", "There is no run in \(index.root) yet: workbench test makes one.") }
    page.markup(
      "<p>To play a run yourself, forward, back and with your own hands: <code>workbench play -w broadcast</code></p>\n"
    )
    page.markup("<script>\n\(Self.listScript)</script>\n")
    return PageAnswer(body: page.closed())
  }

  private func row(_ run: RunIndex.Run, _ page: inout PageText) {
    page.markup(
      "<tr class=\"\(run.state.rawValue)\"><td><input type=\"checkbox\" aria-label=\"Compare\" value=\"")
    page.text(run.path)
    page.markup("\"></td><td><a href=\"")
    page.text(run.hasReport ? "/files/\(run.path)/report.html" : "/live/\(run.path)")
    page.markup("\">")
    page.text(run.shownTime)
    page.markup("</a></td>")
    page.element("td", run.workload)
    page.element("td class=\"state\"", run.state.rawValue)
    page.element("td class=\"number\"", run.operations.map(String.init) ?? "")
    page.element("td class=\"number\"", run.serverMessages.map { decimal($0, 2) } ?? "")
    page.element(
      "td", run.anomalies.map { $0.count > 1 ? "\($0.name) ×\($0.count)" : $0.name }.joined(separator: ", "))
    page.markup("<td><a href=\"/files/")
    page.text(run.path)
    page.markup("/\">files</a> <a href=\"/zip/")
    page.text(run.path)
    page.markup("\">zip</a></td></tr>\n")
  }

  private static let listScript = """
    const body = document.querySelector("#runs tbody"), rows = [...body.rows];
    const search = document.getElementById("search"), count = document.getElementById("count");
    function filter() {
      const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = `${shown} of ${rows.length} runs`;
    }
    search.addEventListener("input", filter);
    filter();
    document.querySelectorAll("#runs th button").forEach((button, place) => button.addEventListener("click", () => {
      const head = button.parentElement, turn = head.ariaSort !== "ascending", text = (row) => row.cells[place + 1].textContent;
      for (const other of head.parentElement.cells) other.ariaSort = null;
      head.ariaSort = turn ? "ascending" : "descending";
      rows.sort((a, b) => (turn ? 1 : -1) * text(a).localeCompare(text(b), "en", { numeric: true }));
      body.append(...rows);
    }));
    // A run that is under way will have a verdict; what somebody has chosen here stays.
    if (document.querySelector("tr.running")) setInterval(() => {
      if (!search.value && !document.querySelector("[aria-sort], #runs input:checked")) location.reload();
    }, 3000);
    document.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = [...document.querySelectorAll("#runs input:checked")].map((box) => encodeURIComponent(box.value));
      if (chosen.length === 2) location.href = `/compare?a=${chosen[0]}&b=${chosen[1]}`;
      else count.textContent = "choose two runs";
    });

    """

  // MARK: Files

  private func file(_ path: String, isDirectory asksForDirectory: Bool) -> PageAnswer {
    guard let file = index.file(path) else { return refusal(404, "There is no such file in the store.") }
    var isDirectory: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) else {
      return refusal(404, "There is no such file in the store.")
    }
    guard isDirectory.boolValue else {
      return PageAnswer(contentType: Self.contentType(of: file), file: file)
    }
    // Names in a listing are relative to it.
    guard asksForDirectory else {
      var answer = refusal(301, "It is a directory.")
      answer.location = "/files/\(path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "")/"
      return answer
    }
    var page = PageText()
    page.open(path)
    page.markup("<ul>\n")
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: file)) ?? []).sorted()
    where !name.hasPrefix(".") {
      page.markup("<li><a href=\"./")
      page.text(name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "")
      page.markup("\">")
      page.text(name)
      page.markup("</a></li>\n")
    }
    page.markup("</ul>\n")
    return PageAnswer(body: page.closed())
  }

  static func contentType(of file: String) -> String {
    switch file.split(separator: ".").last {
    case "html": "text/html; charset=utf-8"
    case "js": "text/javascript; charset=utf-8"
    case "svg": "image/svg+xml"
    case "json": "application/json"
    default: "text/plain; charset=utf-8"
    }
  }

  private func zip(_ path: String) -> PageAnswer {
    guard path.split(separator: "/").count == 2, let directory = index.file(path),
      let names = try? FileManager.default.subpathsOfDirectory(atPath: directory)
    else { return refusal(404, "There is no such run in the store.") }
    var zip = Zip()
    let run = path.replacingOccurrences(of: "/", with: "-")
    for name in names.sorted() {
      guard let content = index.file("\(path)/\(name)").flatMap({ FileManager.default.contents(atPath: $0) })
      else {
        continue
      }
      guard zip.bytes.count + content.count < Zip.bytesMax else {
        return refusal(413, "The run is too large for a zip file: copy \(directory).")
      }
      zip.add("\(run)/\(name)", Array(content))
    }
    return PageAnswer(contentType: "application/zip", body: zip.closed(), download: "\(run).zip")
  }

  // MARK: Runs under way, and two side by side

  /// A run without a report: what its record tells so far.
  private mutating func live(_ path: String) -> PageAnswer {
    guard let directory = index.file(path),
      let run = index.runs().first(where: { $0.path == path.split(separator: "/").joined(separator: "/") })
    else { return refusal(404, "There is no such run in the store.") }
    if run.hasReport {
      var answer = refusal(302, "The run is over.")
      answer.location = "/files/\(run.path)/report.html"
      return answer
    }
    var page = PageText()
    page.open("\(run.workload): \(run.state.rawValue)", refreshes: run.state == .running)
    if run.state != .running {
      page.markup("<p>This run has no report. To write one: <code>workbench report ")
      page.text(directory)
      page.markup("</code></p>\n")
    }
    if let bytes = FileManager.default.contents(atPath: "\(directory)/messages.jsonl") {
      let log = MessageLog(reading: Array(bytes))
      let lost = log.messages.count { $0.fate == .lost }, flying = log.messages.count { $0.fate == .underWay }
      page.element(
        "p", "\(decimal(Double(log.lastTime - (log.origin ?? 0)) / 1e9, 1)) s since the test's start")
      page.element(
        "p", "\(log.messages.count) messages, of which \(lost) were lost and \(flying) are under way")
      let ends = log.steps.filter { $0.process != nil && $0.kind != "invoke" }
      page.element(
        "p",
        "\(ends.count) operations: "
          + ["ok", "fail", "info"].map { kind in
            "\(ends.count { $0.kind == kind }) \(kind)"
          }.joined(separator: ", "))
      for fault in log.faults where fault.to == nil {
        page.element("p class=\"invalid\"", "\(fault.name): \(fault.what)")
      }
      for death in log.deaths { page.element("p class=\"invalid\"", "\(death.node) ended with \(death.how)") }
    }
    let console = FileManager.default.contents(atPath: "\(directory)/console.txt") ?? Data()
    page.markup("<pre>")
    page.text(String(decoding: console.suffix(4000), as: UTF8.self))
    page.markup("</pre>\n<p><a href=\"/files/")
    page.text(run.path)
    page.markup("/\">files</a></p>\n")
    return PageAnswer(body: page.closed())
  }

  private mutating func compare(_ first: String, _ second: String) -> PageAnswer {
    let runs = index.runs()
    guard let a = runs.first(where: { $0.path == first }), let b = runs.first(where: { $0.path == second })
    else {
      return refusal(404, "Choose two runs of the list at /.")
    }
    var page = PageText()
    page.open("Two runs")
    page.markup("<div class=\"wide\"><table class=\"two\">\n<tr><th>started</th>")
    for run in [a, b] {
      page.markup("<td><a href=\"")
      page.text(run.hasReport ? "/files/\(run.path)/report.html" : "/live/\(run.path)")
      page.markup("\">")
      page.text(run.shownTime)
      page.markup("</a></td>")
    }
    page.markup("</tr>\n<tr><th>verdict</th>")
    for run in [a, b] {
      page.markup("<td class=\"\(run.state.rawValue)\"><b class=\"state\">\(run.state.rawValue)</b></td>")
    }
    page.markup("</tr>\n")
    for (title, value) in Self.figures {
      page.markup("<tr>")
      page.element("th", title)
      page.element("td", value(a))
      page.element("td", value(b))
      page.markup("</tr>\n")
    }
    page.markup("<tr><th>command</th>")
    for run in [a, b] {
      page.markup("<td><code>")
      page.text(command(of: run))
      page.markup("</code></td>")
    }
    page.markup("</tr>\n</table></div>\n")
    let logs = [a, b].compactMap { run in
      index.file("\(run.path)/messages.jsonl").flatMap { FileManager.default.contents(atPath: $0) }
        .map { MessageLog(reading: Array($0)) }
    }
    if logs.count == 2 {
      page.element("h2", "The first message in which they differ")
      page.markup("<pre>")
      page.text(
        MessageLog.firstDifference(logs[0], logs[1])
          ?? "They sent and got the same messages in the same order.")
      page.markup("</pre>\n")
    }
    return PageAnswer(body: page.closed())
  }

  /// The command that makes a run again, as its description has it; empty where there is none.
  private func command(of run: RunIndex.Run) -> String {
    guard let file = index.file("\(run.path)/run.edn"), let bytes = FileManager.default.contents(atPath: file)
    else { return "" }
    var reader = EDNReader(Array(bytes))
    guard let tree = try? reader.next(), case .string(let command)? = tree["command"] else { return "" }
    return command
  }

  private static let figures: [(String, @Sendable (RunIndex.Run) -> String)] = [
    ("workload", { $0.workload }), ("operations", { $0.operations.map(String.init) ?? "" }),
    ("of these ok", { $0.successes.map(String.init) ?? "" }),
    ("server msgs/op", { $0.serverMessages.map { decimal($0, 3) } ?? "" }),
    ("all msgs/op", { $0.allMessages.map { decimal($0, 3) } ?? "" }),
    ("anomalies", { $0.anomalies.map { "\($0.name) ×\($0.count)" }.joined(separator: ", ") }),
  ]
}

extension PageText {
  fileprivate mutating func open(_ title: String, refreshes: Bool = false, isHome: Bool = false) {
    markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
    markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
    // No browser need ask for an icon.
    markup("<link rel=\"icon\" href=\"data:,\">\n")
    if refreshes { markup("<meta http-equiv=\"refresh\" content=\"2\">\n") }
    element("title", title)
    markup("<style>\n\(Self.style)</style></head><body>\n")
    if !isHome { markup("<p><a href=\"/\">All runs</a></p>\n") }
    element("h1", title)
  }

  fileprivate func closed() -> [UInt8] {
    var page = self
    page.markup("</body></html>\n")
    return page.bytes
  }

  private static let style = """
    :root { color-scheme: light dark; --good: light-dark(#00795a, #3ec9a0); --bad: light-dark(#c4450c, #ff8a4c);
      --warn: light-dark(#b07a00, #f0c040); --edge: light-dark(#d0d5db, #3a414a); --ink: light-dark(#1a1d21, #e8eaed);
      --soft: light-dark(#5b6470, #9aa4b0); --paper: light-dark(#ffffff, #15181c); --raised: light-dark(#f5f6f8, #1e2227);
      --mark: light-dark(#0072b2, #56b4e9); }
    body { max-width: 1240px; margin: 0 auto; padding: 12px 20px; font: 15px/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink); }
    h1 { font-size: 1.8rem; line-height: 1.2; margin: 6px 0 14px; } h2 { font-size: 1.12rem; } a { color: var(--mark); }
    table { border-collapse: collapse; } td, th { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--edge); }
    tbody tr:hover { background: var(--raised); } .number { text-align: right; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
    button, input[type="search"] { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--edge); border-radius: 5px; padding: 4px 10px; }
    button { cursor: pointer; } button:hover { background: var(--raised); } :focus-visible { outline: 2px solid var(--mark); outline-offset: 1px; }
    th button { font-weight: 600; border: 0; padding: 0; background: none; }
    th[aria-sort] button::after { content: " ↓"; } th[aria-sort="ascending"] button::after { content: " ↑"; }
    #runs td:nth-child(3), #runs td:last-child { white-space: nowrap; } #runs td:nth-child(7) { min-width: 12em; }
    .two th { vertical-align: top; } .two td { vertical-align: top; min-width: 9em; overflow-wrap: anywhere; } .two code { display: inline-block; }
    @media (max-width: 600px) { body { padding: 12px; } td, th { padding: 6px 9px 6px 0; font-size: 14px; } }
    .state { font-weight: 600; } .valid .state { color: var(--good); } .invalid .state, .invalid { color: var(--bad); } .invalid td { color: inherit; }
    tr.invalid { color: var(--ink); } .invalid td.state { color: var(--bad); } .unknown .state, .interrupted .state { color: var(--warn); }
    #count { color: var(--soft); margin-left: 8px; } code, pre { font: 12.5px/1.45 ui-monospace, Menlo, Consolas, monospace; background: var(--raised); border-radius: 5px; }
    code { padding: 3px 6px; } pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 8px 10px; }

    """
}
