import ArgumentParser
import Lab
import Workbench
import History

/// `workbench check`: judges a history that is there already.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Judges a history from a file: of this bench, of Maelstrom or of Jepsen.",
    usage: "workbench check <history.edn> -w <workload> [<options>]",
    discussion: """
      Reads operations as Jepsen writes them, in EDN or JSON, one after the other or in one vector, runs the checkers of \
      the workload and prints the results as workbench test does. What only a run itself can know, such as messages, is \
      left out. Transactions need neither :f nor invocations; registers without keys are one register.

      EXAMPLES
        workbench check store/latest/history.edn -w broadcast --node-count 25
        workbench check history.edn -w kafka
        workbench check history.edn -w txn-rw-register --consistency-models read-committed

      EXIT STATUS
        0    all is well
        1    the nodes did wrong
        2    nothing wrong was found, but too little was seen to say that all
             is well; or the command line can't be used
        255  the file can't be read, or is no history
      """)

  @Argument(help: ArgumentHelp("The history.", valueName: "history.edn"))
  var path: String

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "What the clients did: \(Parse.listed(Workload.allCases.map(\.rawValue))).", valueName: "name"),
    transform: Parse.workload)
  var workload: Workload

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many nodes there were. Without this, each process is taken to have had a node of its own.",
      valueName: "number"),
    transform: Parse.positiveInteger)
  var nodeCount: Int?

  @Option(
    help: ArgumentHelp(
      "How many clients there were: a number, or one followed by n, to multiply by the number of nodes (default: 1n).",
      valueName: "number"),
    transform: Parse.concurrency)
  var concurrency = Scenario.Concurrency.perNode(1)

  @OptionGroup(title: "Demands") var demands: DemandOptions

  func run() throws {
    var scenario = Scenario(workload)
    scenario.concurrency = concurrency
    demands.apply(to: &scenario)
    throw ExitCode(
      HistoryCheck(path: path, scenario: scenario, nodeCount: nodeCount).runToExitStatus())
  }
}
