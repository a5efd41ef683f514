import ArgumentParser
import Workbench

/// `workbench challenges`: all of Gossip Glomers.
struct ChallengesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "challenges",
    abstract: "Runs the challenges of Gossip Glomers in turn, and prints a table of what they came to.",
    discussion: """
      A challenge passes if its run is valid and stays within the limits that the challenge sets. They stand under \
      the table, beside what was measured. The best published figures are of others' nodes.

      EXAMPLES
        workbench challenges
        workbench challenges 3d 3e kafka-5c
        workbench challenges --list

      EXIT STATUS
        That of workbench test for the worst of the runs.
      """, aliases: ["demo"])

  @Argument(
    help: ArgumentHelp("Which to run, by number or by name (default: all challenges).", valueName: "names"),
    transform: Parse.namedRun)
  var runs: [NamedRun] = []

  @OptionGroup var options: NamedRunOptions

  @Flag(help: "Print each run's name and its command line, which is also Maelstrom's, and do nothing.")
  var list = false

  private var challenges: Challenges {
    options.challenges(runs.isEmpty ? NamedRun.challenges : runs)
  }

  func validate() throws {
    if !list, let problem = challenges.problem { throw ValidationError(problem) }
  }

  func run() throws {
    guard list else { throw ExitCode(challenges.runToExitStatus()) }
    for run in challenges.runs {
      let command = CommandWords(
        ["workbench"] + run.arguments(binDirectory: options.binDirectory))
      print("# \(run.title)\n\(command.shell)")
    }
  }
}
