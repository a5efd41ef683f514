import ArgumentParser
import Foundation
import GlomersRuntime
import Lab
import Simulator
import Workbench

/// `workbench sim`: many runs in virtual time.
struct SimCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim",
    abstract:
      "Runs nodes in virtual time, by seed: the same tests as workbench test, hundreds of times faster.",
    usage: "workbench sim -w <workload> [--seeds <first>..<last>] [<options>] [-- <arguments for each node>]",
    discussion: """
      The network, the clients, the faults and the checkers are those of workbench test; the nodes are the same state \
      machines as in bin/glomer, carried in this process. One seed gives one run, always. A failure is shown with the \
      command that replays it.

      EXAMPLES
        workbench sim -w broadcast --seeds 1..1000 --nemesis partition
        workbench sim -w kafka --node-count 3 --rate 100 --time-limit 20 \\
          --nemesis partition,pause,loss,duplicate,reorder --until-failure
        workbench sim -w broadcast --seeds 42 --trace

      EXIT STATUS
        0    no seed was found invalid
        1    some were
        2    the command line can't be used
      """)

  @OptionGroup(title: "Load") var load: LoadOptions
  @OptionGroup(title: "Network and faults") var network: NetworkOptions
  @OptionGroup(title: "Demands") var demands: DemandOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Which seeds to run: one, or first..last (default: 1..20).", valueName: "seeds"),
    transform: Parse.seeds)
  var seeds: ClosedRange<UInt64> = 1...20

  @Option(
    help: ArgumentHelp(
      "The node to run: \(SimulatedNode.all.map(\.name).joined(separator: ", ")) (default: the one for the workload).",
      valueName: "name"))
  var node: String?

  @Flag(
    help: "Draw the faults and their strength, the latency and its kind, and the delivery from each seed.")
  var swarm = false

  @Flag(help: "Stop at the first seed that is found invalid.")
  var untilFailure = false

  @Flag(help: "Write everything that nodes are given and say to stdout. For one seed.")
  var trace = false

  @Option(
    help: ArgumentHelp(
      "Ask nodes for their values this often, for true visibility figures (default: never).",
      valueName: "milliseconds"),
    transform: Parse.milliseconds)
  var probeInterval: Duration = .zero

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("Passed to each node as they are.", valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  func validate() throws {
    guard let chosen else {
      throw ValidationError(
        node.map { "there is no node '\($0)' here; choose \(Parse.listed(SimulatedNode.all.map(\.name)))" }
          ?? "no node here serves \(load.workload.rawValue)")
    }
    guard !trace || seeds.count == 1 else { throw ValidationError("--trace takes one seed, like --seeds 42") }
    _ = try options(of: chosen)
  }

  private var chosen: SimulatedNode? {
    if let node { SimulatedNode.all.first { $0.name == node } } else { .serving(load.workload) }
  }

  private func options(of node: SimulatedNode) throws -> SimulatedNode.Options {
    do {
      guard case .values(let values) = try Arguments(nodeArguments, options: node.options) else {
        throw ValidationError("glomer \(node.name) --help explains the options of that node")
      }
      return values
    } catch let error as UsageError {
      throw ValidationError("\(node.name): \(error.message)")
    }
  }

  func scenario(_ seed: UInt64) -> Scenario {
    var scenario = load.scenario
    network.apply(to: &scenario)
    demands.apply(to: &scenario)
    scenario.seed = seed
    scenario.probeInterval = probeInterval == .zero ? nil : probeInterval
    if swarm { scenario.draw() }
    return scenario
  }

  func run() async throws {
    guard let chosen else { return }
    for note in load.notes { FileHandle.standardError.write(Data("note: \(note)\n".utf8)) }
    let options = try options(of: chosen)
    if trace {
      let outcome = chosen.run(scenario(seeds.lowerBound), options) { print($0) }
      show(outcome)
      throw ExitCode(outcome.isValid ? 0 : 1)
    }
    var report = SweepReport(count: seeds.count)
    let sweep = Sweep(
      seeds, concurrency: ProcessInfo.processInfo.activeProcessorCount, stopsAtFailure: untilFailure
    ) { chosen.run(scenario($0), options) }
    await sweep.outcomes { outcome in
      report.add(outcome)
      if !outcome.isValid { show(outcome) }
    }
    print(report.summary)
    throw ExitCode(report.invalidCount == 0 ? 0 : 1)
  }

  /// What was wrong with a seed, and how to see it again.
  private func show(_ outcome: SeedOutcome) {
    print("seed \(outcome.seed): \(outcome.results.verdict), digest \(outcome.digest)")
    for anomaly in outcome.results.anomalies.prefix(3) {
      print("  \(anomaly.name)\(anomaly.node.map { " at \($0)" } ?? ""): \(anomaly.detail)")
    }
    for complaint in outcome.results.complaints { print("  \(complaint)") }
    for line in outcome.excerpt.prefix(12) { print("    \(line)") }
    if !outcome.isValid { print("  replay: \(replay(outcome.seed))") }
  }

  private func replay(_ seed: UInt64) -> String {
    var command = CommandWords(CommandLine.arguments)
    command.options.removeAll { $0 == "--until-failure" }
    command.set("--seeds", "\(seed)")
    command.options.append("--trace")
    return command.shell
  }
}
