import ArgumentParser
import Foundation
import Lab
import Workbench

/// `workbench test`: one run.
struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Runs nodes under a workload, and says whether they did right.",
    usage: "workbench test -w <workload> --bin <file> [<options>] [-- <arguments for each node>]",
    discussion: """
      Starts the nodes as processes, plays the network and the clients as Maelstrom does, and judges what was seen. \
      The options are Maelstrom's; --delivery, --seed and --store are this bench's own.

      EXAMPLES
        workbench test -w echo --bin ./echo.py --node-count 1 --time-limit 10
        workbench test -w unique-ids --bin bin/maelstrom-unique-ids \\
          --node-count 3 --rate 1000 --time-limit 30 \\
          --availability total --nemesis partition
        workbench test -w broadcast --bin bin/maelstrom-broadcast \\
          --node-count 25 --rate 100 --time-limit 20 --latency 100 \\
          -- --latency-budget 2s

      RESULTS
        <store>/<workload>/<time>/ holds results.edn, results.json,
        history.edn, history.txt and node-logs/. <store>/latest leads to the
        last complete run, <store>/current to the one that runs now.
        Where nodes are killed or their disks fail, they find a directory of
        this run in GLOMERS_DATA_DIR (and write in GLOMERS_SYNC).

      EXIT STATUS
        0    all is well
        1    the nodes did wrong
        2    nothing wrong was found, but too little was seen to say that all
             is well; or the command line can't be used
        130  interrupted; the results so far are in the store
        255  the bench itself failed
      """)

  @Option(help: ArgumentHelp("The program that runs one node.", valueName: "file"))
  var bin: String

  @OptionGroup(title: "Load") var load: LoadOptions
  @OptionGroup(title: "Network and faults") var network: NetworkOptions
  @OptionGroup(title: "Demands") var demands: DemandOptions
  @OptionGroup(title: "Report") var report: ReportOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("Passed to each node as they are.", valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  func validate() throws {
    let impossible = network.nemesis.filter { !$0.isForProcesses }.map(\.rawValue).sorted()
    guard impossible.isEmpty else {
      throw ValidationError(
        "processes can't be made to suffer \(impossible.joined(separator: ", ")); nodes in 'workbench sim' can"
      )
    }
    if let problem = BenchSettings.problem(withExecutable: bin) { throw ValidationError(problem) }
  }

  var scenario: Scenario {
    var scenario = load.scenario
    network.apply(to: &scenario)
    demands.apply(to: &scenario)
    scenario.logNodeErrors = report.logStderr
    scenario.logNetworkSends = report.logNetSend
    scenario.logNetworkReceives = report.logNetRecv
    scenario.seed = report.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    return scenario
  }

  func run() throws {
    let settings = BenchSettings(
      scenario: scenario, executable: bin, arguments: nodeArguments, store: report.store)
    throw ExitCode(Bench.runToExitStatus(settings))
  }
}
