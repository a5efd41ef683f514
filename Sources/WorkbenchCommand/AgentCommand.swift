import ArgumentParser
import Fleet
import Foundation
import Workbench

/// `workbench agent`: runs nodes on this host for a bench elsewhere.
struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract:
      "Runs nodes on this host for 'workbench test --nats' elsewhere, or seeds for 'workbench sim --nats'.",
    usage: """
      workbench agent --nats <url> --bin <file> [<options>] [-- <arguments for each node>]
      workbench agent --nats <url> --sweep [<options>]
      workbench agent --nats <urls> --nats-server <file> [<options>] [-- <arguments for the server>]
      """,
    discussion: """
      Starts, feeds, pauses and kills nodes as the bench asks, and sends it what they print. Only the program given \
      here is run, with the arguments given here: nothing that comes over the network names a program, an argument or \
      a path. An agent works for one run at a time, and serves until it is interrupted. When it ends, or hears nothing \
      of its bench for 10 s, it ends its nodes.

      With --sweep it takes parts of any sweep that the server has, and runs the state machines of this program, or its \
      own --bin. A part that it does not finish, because it was ended, is given to another agent after 10 s.

      With --nats-server it starts a NATS server, one of a cluster, and kills it and starts it again when a bench with \
      --nemesis server asks for that. No other server can be killed; the agent itself is heard through the servers that \
      are left, so give the addresses of all with --nats. When the run ends, or its bench is gone, the server runs again.

      EXAMPLES
        workbench agent --nats nats://10.0.0.1:4222 --bin ./my-node
        workbench agent --nats nats://10.0.0.1:4222 --name b \\
          --bin bin/maelstrom-broadcast -- --latency-budget 2s
        workbench agent --nats nats://10.0.0.1:4222 --sweep
        workbench agent --nats nats://10.0.0.1:4222,nats://10.0.0.2:4222,nats://10.0.0.3:4222 \\
          --name server-1 --nats-server nats-server -- --addr 10.0.0.1 --cluster_name glomers \\
          --cluster nats://10.0.0.1:6222 --routes nats://10.0.0.2:6222,nats://10.0.0.3:6222

      EXIT STATUS
        2    the command line can't be used
        129, 130, 143
             ended by SIGHUP, SIGINT or SIGTERM
        255  there is no server, it refuses this client, or another agent has
             the name
      """)

  @Option(
    help: ArgumentHelp("The NATS server: nats://host:4222, with user:password@ if need be.", valueName: "url")
  )
  var nats: String

  @Option(
    help: ArgumentHelp(
      "The program that runs one node: a binary, or a script with #! and the right to be executed.",
      valueName: "file"))
  var bin: String?

  @Option(
    help: ArgumentHelp(
      "Run this NATS server, instead of nodes, for --nemesis server; its arguments come after --.",
      valueName: "file"))
  var natsServer: String?

  @Flag(help: "Run seeds of sweeps, instead of nodes of tests.")
  var sweep = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many seeds to run at a time with --sweep (default: one a core).", valueName: "number"),
    transform: Parse.positiveInteger)
  var jobs: Int?

  @Option(help: ArgumentHelp("What this agent is called (default: the host's name).", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Gets a directory for each run, with the nodes' logs and data (default: agent-<name> in the directory for temporary files).",
      valueName: "directory"))
  var directory: String?

  @OptionGroup(title: "The server") var server: ServerOptions

  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp(
      "Passed to each node, or to the server, as they are.", valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  private var chosenName: String {
    name ?? String(ProcessInfo.processInfo.hostName.prefix { $0 != "." })
  }

  func validate() throws {
    _ = try server.address(nats)
    if let problem = Agent.Settings.problem(withName: chosenName) {
      throw ValidationError("--name: \(problem)")
    }
    guard jobs == nil || sweep else { throw ValidationError("--jobs is for --sweep") }
    guard bin != nil || sweep || natsServer != nil else {
      throw ValidationError("give the program that runs one node with --bin, or --sweep, or --nats-server")
    }
    guard natsServer == nil || (bin == nil && !sweep) else {
      throw ValidationError("--nats-server is for an agent of its own: give it without --bin and --sweep")
    }
    if let bin, let problem = BenchSettings.problem(withExecutable: bin) { throw ValidationError(problem) }
  }

  func run() throws {
    let here = FileManager.default.currentDirectoryPath
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(here)/\(path)" }
    if sweep { try serveSweeps(program: bin.map { absolute($0) }) }
    let settings = Agent.Settings(
      name: chosenName,
      executable: natsServer.map { $0.contains("/") ? absolute($0) : $0 } ?? absolute(bin ?? ""),
      arguments: nodeArguments,
      directory: directory.map { absolute($0) }
        ?? FileManager.default.temporaryDirectory.appending(path: "agent-\(chosenName)").path,
      version: Version.text, isServer: natsServer != nil)
    do {
      let agent = try Agent(settings, server.address(nats), say: tell)
      throw ExitCode(128 + (try agent.serve()))
    } catch let error as FleetError {
      tell("agent: \(error)")
      throw ExitCode(Bench.failureStatus)
    }
  }

  private func serveSweeps(program: String?) throws -> Never {
    let address = try server.address(nats)
    do {
      let queue = try SweepQueue(address, name: "sweeping agent \(chosenName)")
      let threads = jobs ?? ProcessInfo.processInfo.activeProcessorCount
      tell(
        "agent \(chosenName) is ready for sweeps on \(address.shown), \(threads == 1 ? "one seed" : "\(threads) seeds") at a time"
      )
      SweepAgent(queue, program: program, arguments: nodeArguments, say: tell).serve(threads: threads)
    } catch {
      tell("agent: \(error)")
      throw ExitCode(Bench.failureStatus)
    }
  }
}
