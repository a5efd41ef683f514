import History
import ArgumentParser
import Foundation
import Glomers
import GlomersRuntime
import Lab
import Play
import Report
import Simulator

/// `workbench play`: the simulator in a browser.
struct PlayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "play",
    abstract: "Plays a run in a browser: forward, back, and with your own hands.",
    usage: "workbench play -w <workload> [--seed <number>] [<options>] [-- <arguments for each node>]",
    discussion: """
      The run is that of workbench sim: our nodes in virtual time, by seed. In the browser time goes forward, step by step \
      or at any speed, and back. Click a node for its state, to ask it something, to kill or pause it; a link, to cut it; a \
      message, to lose, double, delay or deliver it. What you do can be saved as a script, which workbench sim --script \
      runs, and this command plays.

      Messages are delivered when they are due, whatever else is under way (--delivery independent), take 100 ms, and \
      replies to clients that have given up are dropped (--late-replies drop), unless the options say otherwise. Nodes \
      keep what they store when they are killed.

      EXAMPLES
        workbench play -w broadcast --node-count 5
        workbench play -w lin-kv --node-count 3 --rate 0
        workbench play -w kafka --nemesis partition --seed 7
        workbench play --script store/scripts/broadcast-lost-value-42.script
      """)

  @OptionGroup(title: "Load") var load: LoadOptions
  @OptionGroup(title: "Network and faults") var network: NetworkOptions
  @OptionGroup(title: "Demands") var demands: DemandOptions
  @OptionGroup(title: "Server") var server: PageServer

  @ArgumentParser.Option(
    parsing: .unconditional,
    help: ArgumentHelp("What is drawn: requests, latencies and faults (default: 1).", valueName: "number"))
  var seed: UInt64 = 1

  @ArgumentParser.Option(
    help: ArgumentHelp(
      "The node to play, or a mutant, like broadcast/sends-once (default: the one for the workload).",
      valueName: "name"))
  var node: String?

  @ArgumentParser.Option(help: ArgumentHelp("Play this script, instead of a seed.", valueName: "file"))
  var script: String?

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("Passed to each node as they are.", valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  /// More would not be seen on a screen.
  private static let nodeCountMax = 60

  func validate() throws {
    guard script == nil || (load.givenWorkload == nil && network.nemesis.isEmpty && node == nil) else {
      throw ValidationError("a script says itself what happens: leave workload, node and faults out")
    }
    try network.validateForSimulators()
    guard load.nodeCount ?? 0 <= Self.nodeCountMax else {
      throw ValidationError("--node-count: no more than \(Self.nodeCountMax) nodes can be played")
    }
    _ = try chosen(try file())
  }

  func run() async throws {
    for note in load.notes where script == nil { tell("note: \(note)") }
    let token = UUID().uuidString
    let pages = try PlayPages { [self] in
      let (run, file) = try begin()
      return PlaySite(Session(run), file, token: token, hosts: server.hosts)
    }
    try await server.run(pages, showing: "plays the run")
  }

  /// The run, and what a script of it says.
  private func begin() throws -> (run: any PlayedRun, file: ScriptFile) {
    var file = try file()
    let (node, options) = try chosen(file)
    if file.scenario.script == nil {
      // What the seed draws becomes the script that is played.
      var scenario = file.scenario
      scenario.isRecorded = true
      guard let scripted = node.run(scenario, options).scripted else {
        throw ValidationError("the run can't be written down as a script")
      }
      file.scenario = scripted.scenario
    }
    // A node that anybody may kill has a log.
    file.scenario.faults.insert(.kill)
    file.scenario.recordBytesMax = Self.recordBytesMax
    guard let run = node.begin(file.scenario, options) else {
      throw ValidationError("\(node.name) can't be played")
    }
    return (run, file)
  }

  /// A session ends long before: see ``Session``.
  private static let recordBytesMax = 1 << 40

  /// What is to be played, as a script that may say no more than the seed.
  func file() throws -> ScriptFile {
    if let script {
      var file = try ScriptFile(at: script)
      if !nodeArguments.isEmpty { file.arguments = nodeArguments }
      return file
    }
    guard let name = node ?? SimulatedNode.serving(load.workload)?.name else {
      throw ValidationError("no node here serves \(load.workload.rawValue)")
    }
    var scenario = load.scenario
    scenario.delivery = .independent
    scenario.latency = .milliseconds(100)
    scenario.lateReplies = .drop
    network.apply(to: &scenario)
    demands.apply(to: &scenario)
    scenario.seed = seed
    scenario.probeInterval = nil
    return ScriptFile(.node(name), arguments: nodeArguments, scenario)
  }

  private func chosen(_ file: ScriptFile) throws -> (node: SimulatedNode, options: SimulatedNode.Options) {
    guard case .node(let name) = file.subject else {
      throw ValidationError("programs can't be played, as they can't go back: only our state machines can")
    }
    guard let node = SimulatedNode.named(name) else { throw ValidationError(SimulatedNode.unknown(name)) }
    do {
      guard case .values(let values) = try Arguments(file.arguments, options: node.options) else {
        throw ValidationError("glomer \(node.name) --help explains the options of that node")
      }
      return (node, values)
    } catch let error as UsageError {
      throw ValidationError("\(node.name): \(error.message)")
    }
  }
}

/// The session, one request at a time.
private actor PlayPages: Pages {
  private var site: PlaySite

  init(_ make: @Sendable () throws -> PlaySite) throws { site = try make() }

  func answer(_ request: PageRequest) -> PageAnswer {
    site.answer(
      method: request.method, path: request.path, query: request.query, host: request.host,
      token: request.token,
      body: request.body)
  }
}
