import ArgumentParser
import Workbench
import GlomersRuntime
import Simulator

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

/// `workbench parity`: whether the simulator tells the truth.
struct ParityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Does runs in virtual time and as processes, and compares what they came to.",
    discussion: """
      The verdict must be the same, and messages per operation and latency quantiles within 10 %. Runs last as long as \
      with workbench challenges; latencies mean something on a machine that has nothing else to do.

      EXAMPLES
        workbench parity
        workbench parity 3c 3d g-set --seed 7

      EXIT STATUS
        0    they agree
        1    they don't
      """)

  @Argument(
    help: ArgumentHelp("Which runs, by number or by name (default: all).", valueName: "names"),
    transform: Parse.namedRun)
  var runs: [NamedRun] = []

  @OptionGroup var options: NamedRunOptions

  private var challenges: Challenges {
    options.challenges(runs.isEmpty ? NamedRun.all : runs)
  }

  func validate() throws {
    if let problem = challenges.problem { throw ValidationError(problem) }
  }

  func run() throws {
    let parity = Parity(challenges) { run, scenario in
      let node = SimulatedNode.all.first { $0.name == run.node }!
      guard case .values(let options) = try Arguments(run.nodeArguments, options: node.options) else {
        preconditionFailure("\(run.name) asks its nodes for help")
      }
      return node.run(scenario, options).results
    }
    throw ExitCode(try parity.runToExitStatus())
  }
}

/// How named runs are done.
struct NamedRunOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the nodes' programs are: maelstrom-echo, …", valueName: "directory"))
  var binDirectory = "bin"

  @Option(help: ArgumentHelp("Where results go.", valueName: "directory"))
  var store = "store"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Fixes what the bench draws, for every run. A whole number from 0 on (default: drawn, and printed).",
      valueName: "number"),
    transform: Parse.seed)
  var seed: UInt64?

  /// These runs, to be done so.
  func challenges(_ runs: [NamedRun]) -> Challenges {
    Challenges(runs, binDirectory: binDirectory, store: store, seed: seed)
  }
}
