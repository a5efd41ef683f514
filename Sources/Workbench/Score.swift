import Glomers
import Lab
import History
import Checkers

/// What a run has come to, in the figures that runs are compared by.
struct Figures {
  let verdict: Verdict
  /// The share of operations that succeeded.
  let availability: Double?
  let serverMessagesPerOperation: Double?
  let messagesPerOperation: Double?
  /// How long clients waited for a success.
  let reply: Quantiles?
  /// How long news took to be everywhere: Maelstrom's stable latency; of logs, the worst realtime lag.
  let spread: (median: Duration?, most: Duration)?

  init(_ results: Results) {
    verdict = results.verdict
    // Of nothing there is no share.
    availability = results.successes.invocationCount == 0 ? nil : results.successes.share
    serverMessagesPerOperation = results.net?.serversPerOperation
    messagesPerOperation = results.net?.allPerOperation
    reply = results.latencies.all
    spread =
      results.workload.stableLatencies.map { ($0.median, $0.maximum) }
      ?? results.workload.worstLag.map { (nil, $0) }
  }

  /// One line, with the figures that are there.
  var summary: String {
    var parts: [String] = []
    if let availability { parts.append("\(decimal(availability * 100, 2)) % ok") }
    if let serverMessagesPerOperation {
      parts.append("server msgs/op \(decimal(serverMessagesPerOperation, 3))")
    }
    if let messagesPerOperation { parts.append("all msgs/op \(decimal(messagesPerOperation, 2))") }
    if let reply {
      parts.append("reply median \(milliseconds(reply.median)) ms, max \(milliseconds(reply.maximum)) ms")
    }
    if let spread {
      let name = spread.median.map { "stable latency median \(milliseconds($0)) ms," } ?? "realtime lag"
      parts.append("\(name) max \(milliseconds(spread.most)) ms")
    }
    return parts.joined(separator: " · ")
  }
}

/// What a named run has come to, beside the limits of its challenge.
struct Score {
  let run: NamedRun
  let figures: Figures

  init(_ run: NamedRun, _ figures: Figures) {
    self.run = run
    self.figures = figures
  }

  init(_ run: NamedRun, _ results: Results) { self.init(run, Figures(results)) }

  var verdict: Verdict { figures.verdict }

  /// What the run fails, in words: the limits of its challenge, and the verdict if it is not valid. Empty if it passes.
  var problems: [String] {
    (verdict == .valid ? [] : [verdict == .unknown ? "unknown" : "invalid"]) + measures.compactMap(\.problem)
  }

  /// One line: whether the run passes its challenge, and each limited figure beside its limit.
  var line: String {
    let words = (verdict == .valid ? [] : ["\(verdict)"]) + measures.map(\.text)
    let passes = problems.isEmpty
    return (passes ? "✓ " : "✗ ") + (run.challenge.map { "challenge \($0)" } ?? run.name)
      + (passes ? " passed" : " not passed") + (words.isEmpty ? "" : ": " + words.joined(separator: ", "))
  }

  /// A figure that a challenge limits.
  private struct Measure {
    /// What the figure is called where it is in a sentence, and where it is missing.
    let name, missing: String
    /// In words, with the unit.
    let figure: String?
    /// In the figure's unit; exclusive.
    let limit: String
    let holds: Bool

    var text: String { "\(name) \(figure ?? "unknown") (limit \(limit))" }
    var problem: String? {
      if holds { return nil }
      return figure.map { "\(name) \($0), not below \(limit)" } ?? "no \(missing)"
    }
  }

  private var measures: [Measure] {
    let limits = run.limits
    var measures: [Measure] = []
    if let limit = limits.serverMessagesPerOperation {
      let figure = figures.serverMessagesPerOperation
      measures.append(
        Measure(
          name: "server msgs/op", missing: "msgs/op", figure: figure.map { decimal($0, 3) },
          limit: decimal(limit, 0), holds: figure.map { $0 < limit } ?? false))
    }
    func add(_ name: String, _ figure: Duration?, _ limit: Duration?) {
      guard let limit else { return }
      measures.append(
        Measure(
          name: name, missing: "\(name) latency", figure: figure.map { "\(milliseconds($0)) ms" },
          limit: milliseconds(limit), holds: figure.map { $0 < limit } ?? false))
    }
    add("median", figures.spread?.median, limits.spreadMedian)
    add("max", figures.spread?.most, limits.spreadMax)
    return measures
  }
}

/// With as many decimals as people care for.
func milliseconds(_ duration: Duration) -> String {
  decimal(duration.milliseconds, duration < .milliseconds(10) ? 1 : 0)
}

/// The scores of challenges, in a table that is also Markdown.
enum ScoreTable {
  private static let header = [
    "challenge", "verdict", "ok", "server msgs/op", "best published", "all msgs/op", "reply median / max, ms",
    "stable latency or lag median / max, ms",
  ]
  /// Where there is nothing to say.
  private static let dash = "–"

  /// - Parameter rows: a run without a score has failed for this reason.
  static func text(_ rows: [(run: NamedRun, score: Score?)]) -> String {
    MarkdownTable.text([header] + rows.map { $0.score.map(Self.cells) ?? missing($0.run) })
  }

  private static func cells(_ score: Score) -> [String] {
    let figures = score.figures
    return [
      title(score.run), score.problems.isEmpty ? "valid" : score.problems.joined(separator: "; "),
      number(figures.availability, 4), number(figures.serverMessagesPerOperation, 3),
      number(score.run.publishedMessagesPerOperation, 2), number(figures.messagesPerOperation, 2),
      figures.reply.map { "\(milliseconds($0.median)) / \(milliseconds($0.maximum))" } ?? dash,
      figures.spread.map { "\($0.median.map(milliseconds) ?? dash) / \(milliseconds($0.most))" } ?? dash,
    ]
  }

  private static func missing(_ run: NamedRun) -> [String] {
    [title(run), "did not run"] + Array(repeating: dash, count: header.count - 2)
  }

  /// What a run's line begins with: the challenge's number and the node, or the run's name.
  static func title(_ run: NamedRun) -> String { run.challenge.map { "\($0) \(run.node)" } ?? run.name }

  private static func number(_ value: Double?, _ decimals: Int) -> String {
    value.map { decimal($0, decimals) } ?? dash
  }
}
