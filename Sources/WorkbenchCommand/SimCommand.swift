import History
import Checkers
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
      machines as in bin/glomer, carried in this process, or with --bin processes of any program, unmodified (Linux on \
      x86-64). One seed gives one run, always. A failure is shown with the command that replays it.

      EXAMPLES
        workbench sim -w broadcast --seeds 1..1000 --nemesis partition
        workbench sim -w kafka --node-count 3 --rate 100 --time-limit 20 \\
          --nemesis partition,pause,loss,duplicate,reorder --until-failure
        workbench sim -w broadcast --seeds 42 --trace
        workbench sim -w broadcast --bin ./node --seeds 1..100 --swarm --nemesis partition,kill --shrink
        workbench sim -w broadcast --seeds 42 --nemesis partition --record
        workbench sim -w broadcast --seeds 1..1000 --nemesis partition,kill --shrink
        workbench sim --script store/scripts/broadcast-lost-value-42.script
        workbench sim -w broadcast --seeds 1..1000000 --nats nats://10.0.0.1:4222

      A script is a run as a small text file, event by event (docs/SCRIPTS.md). It is a regression test: the last \
      command has status 1 as long as the run is invalid. --node, --bin and arguments for the nodes stand in for those \
      of the script.

      EXIT STATUS
        0    no seed was found invalid, nor the script; one of which too little was seen counts as neither
        1    some were, or with --check-seed a seed's two runs differ
        2    the command line can't be used
        255  a program can't be run in virtual time here, or a server of a sweep on many hosts can't be used
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
      """
      The node to run: \(SimulatedNode.all.map(\.name).joined(separator: ", ")); or a mutant, like \
      broadcast/sends-once (default: the one for the workload).
      """,
      valueName: "name"))
  var node: String?

  @Option(
    help: ArgumentHelp(
      "A program to run as every node, in any language, unmodified; on Linux on x86-64.", valueName: "file"))
  var bin: String?

  @Flag(
    help: ArgumentHelp(
      "Delay threads of the program now and then, by the seed: shows races inside a node. On in --swarm."))
  var delays = false

  @Flag(
    help:
      "Run each seed of a program twice, show the first difference, and end with status 1 if there is one.")
  var checkSeed = false

  @Option(
    help: ArgumentHelp(
      """
      How late the computer is, in bursts: ideal, not at all; idle, as the real Maelstrom on two quiet cores; busy, as \
      the same beside three busy loops (default: ideal).
      """, valueName: "name"),
    transform: Parse.choice)
  var machine = Machine.Kind.ideal

  @Option(
    help: ArgumentHelp(
      "Count seeds in which a value took longer than this to be stable at all nodes, and show the worst.",
      valueName: "milliseconds"),
    transform: Parse.milliseconds)
  var latencyLimit: Duration?

  @Flag(
    help: "Draw the faults and their strength, the latency and its kind, and the delivery from each seed.")
  var swarm = false

  @Flag(help: "Stop at the first seed that is found invalid.")
  var untilFailure = false

  @Flag(
    help: ArgumentHelp(
      """
      Make the first seed that is found invalid, or the script, as small as it can be while it shows the same anomaly, \
      and write that down as a script.
      """))
  var shrink = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long shrinking may take; after that the smallest run so far is kept (default: 300).",
      valueName: "seconds"),
    transform: Parse.seconds)
  var shrinkLimit: Duration = .seconds(300)

  @Option(help: ArgumentHelp("Run this script, instead of seeds.", valueName: "file"))
  var script: String?

  @Option(
    help: ArgumentHelp(
      "Where shrunk scripts go (default: store/scripts).", valueName: "directory"))
  var scripts = "store/scripts"

  @Flag(
    help:
      "Write a line of JSON for each seed to stdout, as it ends; workbench merge makes the table of many such parts."
  )
  var json = false

  @OptionGroup(title: "Other hosts") var hosts: SweepHostOptions

  @Flag(help: "Write everything that nodes are given and say to stdout. For one seed.")
  var trace = false

  @Flag(
    help: """
      Keep the run, with its messages and a report, in a directory as workbench test makes it. For one seed.
      """)
  var record = false

  @Option(help: ArgumentHelp("Where --record keeps runs.", valueName: "directory"))
  var store = "store"

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
    try network.validateForSimulators()
    guard !record || seeds.count == 1 else {
      throw ValidationError("--record takes one seed, like --seeds 42")
    }
    guard !trace || seeds.count == 1 || script != nil else {
      throw ValidationError("--trace takes one seed, like --seeds 42")
    }
    guard !(trace && shrink) else { throw ValidationError("give either --trace or --shrink") }
    guard !(json && (trace || record || shrink || script != nil)) else {
      throw ValidationError("--json goes with none of --trace, --record, --shrink and --script")
    }
    if try hosts.address() != nil {
      guard !(json || trace || record || shrink || script != nil || checkSeed) else {
        throw ValidationError(
          "--nats goes with none of --json, --trace, --record, --shrink, --script and --check-seed")
      }
    }
    if script != nil { return try validateScript() }
    guard !(record && (shrink || script != nil)) else {
      throw ValidationError("give either --record or a script")
    }
    if let bin { return try validate(program: bin) }
    guard !delays, !checkSeed else {
      throw ValidationError("--delays and --check-seed are for programs: give one with --bin")
    }
    guard let chosen else {
      throw ValidationError(
        node.map { SimulatedNode.unknown($0) }
          ?? "no node here serves \(load.workload.rawValue)")
    }
    _ = try options(of: chosen)
  }

  func validate(program: String) throws {
    if let problem = BenchSettings.problem(withExecutable: program) { throw ValidationError(problem) }
    guard node == nil else {
      throw ValidationError("give either --bin, a program, or --node, a state machine")
    }
    guard !(record && checkSeed) else { throw ValidationError("give either --record or --check-seed") }
    guard !(trace && checkSeed) else { throw ValidationError("give either --trace or --check-seed") }
  }

  private var chosen: SimulatedNode? {
    if let node { SimulatedNode.named(node) } else { .serving(load.workload) }
  }

  private func options(of node: SimulatedNode) throws -> SimulatedNode.Options {
    try options(of: node, nodeArguments)
  }

  func options(of node: SimulatedNode, _ arguments: [String]) throws -> SimulatedNode.Options {
    do {
      guard case .values(let values) = try Arguments(arguments, options: node.options) else {
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
    scenario.machine = machine
    scenario.probeInterval = probeInterval == .zero ? nil : probeInterval
    if swarm { scenario.draw() }
    if record { scenario.recordBytesMax = Self.recordBytesMax }
    return scenario
  }

  /// A record of a run in virtual time is held in memory until its end.
  private static let recordBytesMax = 256 << 20

  typealias Runner = @Sendable (Scenario, SimulatedNode.Trace?) -> SeedOutcome

  /// Runs a seed; gets a trace only where lines are asked for.
  func runner() throws -> Runner {
    if let bin {
      let settings = BenchSettings(scenario: load.scenario, executable: bin, arguments: nodeArguments)
      let program = SimulatedProgram(
        executable: settings.executable, arguments: nodeArguments, delays: delays || swarm)
      if checkSeed { return { scenario, _ in program.runTwice(scenario) } }
      return { scenario, trace in program.run(scenario, trace: trace) }
    }
    guard let chosen else { throw ExitCode(Command.usageStatus) }
    let options = try options(of: chosen)
    return { scenario, trace in chosen.run(scenario, options, trace: trace) }
  }

  func run() async throws {
    if let script { return try run(script: script) }
    let carryOut = try runner()
    for note in load.notes { tell("note: \(note)") }
    if json { try await writeLines(carryOut) }
    if let address = try hosts.address() { try coordinate(address) }
    if trace || record {
      let scenario = scenario(seeds.lowerBound)
      let outcome = carryOut(scenario, trace ? { print($0) } : nil)
      show(outcome)
      try keep(outcome, scenario)
      if let fidelity = outcome.fidelity { try FidelityReport(fidelity, seed: outcome.seed).show() }
      throw ExitCode(outcome.isValid ? 0 : 1)
    }
    var failed: SeedOutcome?
    var report = SweepReport(count: seeds.count, latencyLimit: latencyLimit)
    var encounters = EncounterReport(network.nemesis)
    var fidelity = FidelityReport()
    let sweep = Sweep(
      seeds, concurrency: ProcessInfo.processInfo.activeProcessorCount, stopsAtFailure: untilFailure || shrink
    ) { carryOut(scenario($0), nil) }
    await sweep.outcomes { outcome in
      report.add(outcome)
      encounters.add(outcome.encounters)
      report.showProgress()
      if let seen = outcome.fidelity { fidelity.add(seen, seed: outcome.seed) }
      if !outcome.isValid, failed.map({ outcome.seed < $0.seed }) ?? true { failed = outcome }
      if !outcome.isValid && !shrink || (bin != nil && seeds.count == 1) { show(outcome) }
    }
    print(report.summary)
    if let text = encounters.text { print(text) }
    if bin != nil { try fidelity.show() }
    if shrink, let failed {
      show(failed)
      try shrink(scenario(failed.seed), file(scenario(failed.seed)), carryOut)
    }
    let differs = checkSeed && !fidelity.isReproducible
    throw ExitCode(report.invalidCount == 0 && !differs ? 0 : 1)
  }

  /// What was wrong with a seed, and how to see it again.
  private func show(_ outcome: SeedOutcome) {
    print("seed \(outcome.seed): \(outcome.results.verdict), digest \(outcome.digest)")
    showFailure(of: outcome)
    // What is left after shrinking shows it better.
    if !shrink { for line in outcome.excerpt.prefix(12) { print("    \(line)") } }
    if !outcome.isValid { print("  replay: \(replay(outcome.seed))") }
  }

  /// What was wrong.
  func showFailure(of outcome: SeedOutcome) {
    for anomaly in outcome.results.anomalies.prefix(3) {
      print("  \(anomaly.name)\(anomaly.node.map { " at \($0)" } ?? ""): \(anomaly.detail)")
    }
    for complaint in outcome.results.complaints { print("  \(complaint)") }
  }

  /// Writes a run that was recorded into the store.
  private func keep(_ outcome: SeedOutcome, _ scenario: Scenario) throws {
    guard let recording = outcome.recording else { return }
    let run = FinishedRun(
      scenario: scenario, results: outcome.results, history: recording.history,
      sightings: recording.sightings,
      origin: recording.origin, summary: "\(scenario.summary()) · in virtual time",
      command: CommandWords(CommandLine.arguments).shell, started: Date().ISO8601Format())
    switch run.store(record: recording.messages, log: recording.log.map { ($0.node, $0.text) }, in: store) {
    case .success(let directory): print("report: \(directory)/report.html")
    case .failure(let failure):
      tell("workbench: \(failure)")
      throw ExitCode(Bench.failureStatus)
    }
  }

  private func replay(_ seed: UInt64) -> String {
    var command = CommandWords(CommandLine.arguments)
    command.options.removeAll { ["--until-failure", "--check-seed", "--shrink"].contains($0) }
    command.set("--seeds", "\(seed)")
    command.options.append("--trace")
    return command.shell
  }
}
