import ArgumentParser
import Workbench

/// `workbench challenges`: all of Gossip Glomers.
struct ChallengesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "challenges",
    abstract: "Runs the challenges of Gossip Glomers in turn, and prints a table of what they came to.",
    discussion: """
      A challenge passes if its run is valid and stays within the limits that the challenge sets. They stand under \
      the table, beside what was measured. The best published figures are of others' nodes. Without --bin the nodes are \
      this project's, held to all that --also can ask; with it they are yours, held to what Maelstrom asks.

      EXAMPLES
        workbench challenges
        workbench challenges 3d 3e kafka-5c
        workbench challenges 3b --bin ./node.py
        workbench challenges --list

      EXIT STATUS
        That of workbench test for the worst of the runs.
      """, aliases: ["demo"])

  @Argument(
    help: ArgumentHelp("Which to run, by number or by name (default: all challenges).", valueName: "names"),
    transform: Parse.namedRun)
  var runs: [NamedRun] = []

  @Option(help: ArgumentHelp("Your own program that runs one node, in place of ours.", valueName: "file"))
  var bin: String?

  @OptionGroup var options: NamedRunOptions

  @Flag(
    help:
      "Print each run's name and its command line, which without --also is Maelstrom's too, and do nothing.")
  var list = false

  private var challenges: Challenges {
    var challenges = options.challenges(runs.isEmpty ? NamedRun.challenges : runs)
    challenges.program = bin
    return challenges
  }

  func validate() throws {
    if bin != nil, runs.isEmpty {
      throw ValidationError(
        "--bin: name the challenges that it is for, as in workbench challenges 3b --bin ./node.py")
    }
    if !list, let problem = challenges.problem { throw ValidationError(problem) }
  }

  func run() throws {
    guard list else { throw ExitCode(challenges.runToExitStatus()) }
    for run in challenges.runs {
      let command = CommandWords(["workbench"] + challenges.arguments(of: run))
      print("# \(run.title)\n\(command.shell)")
    }
  }
}
