import ArgumentParser
import Foundation
import Workbench

/// `workbench`: runs nodes against a simulated network, and judges what they did.
@main
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workbench",
    abstract: "A test bench for Maelstrom nodes: real processes, a simulated network, faults and a verdict.",
    discussion: """
      The commands that others understand are Maelstrom's: workbench test takes what maelstrom test takes.

      EXAMPLES
        workbench test -w echo --bin ./echo.py --node-count 1 --time-limit 10
        workbench test --help
        workbench challenges 3d 3e
        workbench sim -w kafka --seeds 1..100 --swarm --nemesis partition,kill
        workbench doc kafka
        workbench check store/latest/history.edn -w broadcast --node-count 25
        workbench serve
        workbench play -w broadcast --node-count 5
        workbench export store/latest --format perfetto --output trace.json
      """,
    version: Version.text,
    subcommands: [
      TestCommand.self, AgentCommand.self, SimCommand.self, MergeCommand.self, CheckCommand.self,
      ChallengesCommand.self, ParityCommand.self, MutantsCommand.self, ExportCommand.self, DocCommand.self,
      ReportCommand.self, ServeCommand.self, PlayCommand.self,
    ])

  /// The exit status for a command line that can't be used.
  static let usageStatus: Int32 = 2

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      finish(with: error)
    }
  }

  /// Help goes to stdout with status 0; an unusable command line is told on stderr with status 2, and the status
  /// of a run is passed on.
  private static func finish(with error: any Error) -> Never {
    if let status = error as? ExitCode { Foundation.exit(status.rawValue) }
    var message = Suggestion.checked(fullMessage(for: error))
    if exitCode(for: error) == .success {
      print(message)
      Foundation.exit(0)
    }
    if message.contains("Unexpected argument") { message += "\n  Arguments for the nodes come after --." }
    tell(message)
    Foundation.exit(usageStatus)
  }
}

/// Writes a line to stderr: what people are told beside what a command prints.
func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// Whether an option that the parser suggests is near enough to the one that was written.
enum Suggestion {
  /// The message without a suggestion that shares too little with what was written: `--foo` is no slip for `--bin`.
  static func checked(_ message: String) -> String {
    guard let found = message.firstMatch(of: /(Unknown option '-+([^']+)')\. Did you mean '-+([^']+)'\?/)
    else { return message }
    guard !isNear(found.output.2, found.output.3) else { return message }
    return message.replacingCharacters(found.range, with: found.output.1)
  }

  /// Whether at most a third of the letters, and one in any case, were changed, added or left out.
  private static func isNear(_ a: Substring, _ b: Substring) -> Bool {
    distance(Array(a), Array(b)) <= max(1, max(a.count, b.count) / 3)
  }

  /// Levenshtein's distance.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for (j, other) in b.enumerated() {
        let changed = corner + (letter == other ? 0 : 1)
        corner = row[j + 1]
        row[j + 1] = min(changed, corner + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}

extension String {
  fileprivate func replacingCharacters(_ range: Range<String.Index>, with text: Substring) -> String {
    String(self[..<range.lowerBound] + text + self[range.upperBound...])
  }
}
