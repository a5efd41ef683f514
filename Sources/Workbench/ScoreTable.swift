import Lab

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
