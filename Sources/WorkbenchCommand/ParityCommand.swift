import ArgumentParser
import GlomersRuntime
import Simulator
import Workbench

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
