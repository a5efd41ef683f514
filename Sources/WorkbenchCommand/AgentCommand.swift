import ArgumentParser
import Fleet
import Foundation
import Workbench

/// `workbench agent`: runs nodes on this host for a bench elsewhere.
struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent",
    abstract: "Runs nodes on this host for 'workbench test --nats' elsewhere.",
    usage: "workbench agent --nats <url> --bin <file> [<options>] [-- <arguments for each node>]",
    discussion: """
      Starts, feeds, pauses and kills nodes as the bench asks, and sends it what they print. Only the program given \
      here is run, with the arguments given here: nothing that comes over the network names a program, an argument or \
      a path. An agent works for one run at a time, and serves until it is interrupted. When it ends, or hears nothing \
      of its bench for 10 s, it ends its nodes.

      EXAMPLES
        workbench agent --nats nats://10.0.0.1:4222 --bin ./my-node
        workbench agent --nats nats://10.0.0.1:4222 --bin bin/maelstrom-broadcast --name b \\
          -- --latency-budget 2s

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
  var bin: String

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
    help: ArgumentHelp("Passed to each node as they are.", valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  private var chosenName: String {
    name ?? String(ProcessInfo.processInfo.hostName.prefix { $0 != "." })
  }

  func validate() throws {
    _ = try server.address(nats)
    if let problem = Agent.Settings.problem(withName: chosenName) {
      throw ValidationError("--name: \(problem)")
    }
    if let problem = BenchSettings.problem(withExecutable: bin) { throw ValidationError(problem) }
  }

  func run() throws {
    let here = FileManager.default.currentDirectoryPath
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(here)/\(path)" }
    let settings = Agent.Settings(
      name: chosenName, executable: absolute(bin), arguments: nodeArguments,
      directory: directory.map { absolute($0) }
        ?? FileManager.default.temporaryDirectory.appending(path: "agent-\(chosenName)").path,
      version: Version.text)
    func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
    do {
      let agent = try Agent(settings, server.address(nats), say: say)
      throw ExitCode(128 + (try agent.serve()))
    } catch let error as FleetError {
      say("agent: \(error)")
      throw ExitCode(Bench.failureStatus)
    }
  }
}
