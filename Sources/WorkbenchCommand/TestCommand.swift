import ArgumentParser
import Fleet
import Foundation
import Lab
import Workbench

/// `workbench test`: one run.
struct TestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Runs nodes under a workload, and says whether they did right.",
    usage: "workbench test --bin <file> [-w <workload>] [<options>] [-- <arguments for each node>]",
    discussion: """
      Starts the nodes as processes, plays the network and the clients as Maelstrom does, and judges what was seen. \
      Every option of Maelstrom's test is understood, with its default; --delivery, --seed and --store are this \
      bench's own. Lists are separated by commas, with or without spaces.

      EXAMPLES
        workbench test -w echo --bin ./echo.py --node-count 1 --time-limit 10
        workbench test -w unique-ids --bin bin/maelstrom-unique-ids \\
          --node-count 3 --rate 1000 --time-limit 30 \\
          --availability total --nemesis partition
        workbench test -w broadcast --bin bin/maelstrom-broadcast \\
          --node-count 25 --rate 100 --time-limit 20 --latency 100 \\
          -- --latency-budget 2s
        workbench test -w echo --nats nats://10.0.0.1:4222 --agents 3 --node-count 3
        workbench test -w broadcast --nats nats://10.0.0.1:4222 --agents 3 \\
          --node-count 5 --network real --nemesis partition,kill
        workbench test -w lin-kv --bin ./raft --node-count 3 \
          --concurrency 4n --rate 30 --nemesis partition,kill \
          --nemesis-interval 10 --test-count 10

      RESULTS
        <store>/<workload>/<time>/ holds
          run.edn        what ran, on what machine, and the command to run
                         it again
          console.txt    what the bench said on stderr
          results.edn    the verdict and its figures; results.json has the
                         same
          history.edn    every operation; history.txt to be read by people
          messages.jsonl what became of each message (see --record-limit)
          node-logs/     what each node wrote to stderr
        <store>/latest leads to the last complete run, <store>/current to the
        one that runs now.
        Where nodes are killed or their disks fail, they find a directory of
        this run in GLOMERS_DATA_DIR (and write in GLOMERS_SYNC).

      EXIT STATUS
        0    all is well
        1    the nodes did wrong
        2    nothing wrong was found, but too little was seen to say that all
             is well; or the command line can't be used
        129, 130, 143
             ended by SIGHUP (a closed terminal), SIGINT or SIGTERM; the
             results so far are in the store
        255  the bench itself failed
      """)

  @Option(
    help: ArgumentHelp(
      "The program that runs one node: a binary, or a script with #! and the right to be executed.",
      valueName: "file"))
  var bin: String?

  @OptionGroup(title: "Load") var load: LoadOptions
  @OptionGroup(title: "Nodes by name") var nodes: NodeOptions
  @OptionGroup(title: "Network and faults") var network: NetworkOptions
  @OptionGroup(title: "Demands") var demands: DemandOptions
  @OptionGroup(title: "Other hosts") var hosts: HostOptions
  @OptionGroup(title: "Report") var report: ReportOptions
  @OptionGroup(title: "Taken for Maelstrom's sake") var idle: IdleOptions

  @Argument(
    help: ArgumentHelp(
      "Passed to each node as they are. Those that begin with a dash have to come after --.",
      valueName: "arguments for each node"))
  var nodeArguments: [String] = []

  func validate() throws {
    let impossible = network.nemesis.filter { !$0.isForProcesses }.map(\.rawValue).sorted()
    guard impossible.isEmpty else {
      throw ValidationError(
        "processes can't be made to suffer \(impossible.joined(separator: ", ")); nodes in 'workbench sim' can"
      )
    }
    if try hosts.hosts(scenario, nodeArguments: nodeArguments) != nil { return }
    guard let bin else {
      throw ValidationError("Missing expected argument '--bin <file>': the program that runs one node")
    }
    if let problem = BenchSettings.problem(withExecutable: bin) { throw ValidationError(problem) }
  }

  var scenario: Scenario {
    var scenario = load.scenario
    nodes.apply(to: &scenario, nodeCount: load.nodeCount)
    network.apply(to: &scenario)
    demands.apply(to: &scenario)
    hosts.apply(to: &scenario)
    scenario.logNodeErrors = report.logStderr
    scenario.logNetworkSends = report.logNetSend
    scenario.logNetworkReceives = report.logNetRecv
    scenario.seed = report.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    return scenario
  }

  func run() throws {
    let words = CommandWords(CommandLine.arguments)
    var settings = BenchSettings(
      scenario: scenario, executable: bin ?? "bin", arguments: nodeArguments, store: report.store)
    settings.hosts = try hosts.hosts(settings.scenario, nodeArguments: nodeArguments)
    settings.command = words
    if let hosts = settings.hosts { settings.command.set("--nats", hosts.address.shown) }
    settings.command.remove("--password")
    settings.command.remove("--test-count")
    settings.notes = notes(words)
    settings.recordBytesMax = report.recordLimit << 20
    throw ExitCode(Bench.runToExitStatus(settings, count: report.testCount))
  }

  /// What on this command line means something that not everybody expects, a line each.
  func notes(_ words: CommandWords) -> [String] {
    var notes = load.notes + idle.notes
    if hosts.nats != nil, bin != nil {
      notes.append("--bin is not looked at: each agent runs its own program")
    }
    if let count = load.nodeCount, !nodes.names.isEmpty {
      notes.append("--node-count \(count) replaces the nodes named, as in Maelstrom")
    }
    let stray = nodeArguments.dropLast(words.nodeArguments?.count ?? 0)
    if !stray.isEmpty {
      notes.append(
        "without -- before it, and passed to each node, as in Maelstrom: \(stray.joined(separator: " "))")
    }
    for word in stray where word.first.map({ "‐‑‒–—―−".contains($0) }) ?? false {
      let letters = word.drop { "‐‑‒–—―−-".contains($0) }
      notes.append("'\(word)' begins with a dash that is no hyphen, and so is no option: write --\(letters)")
    }
    let strayed = (words.nodeArguments ?? []).filter { Self.optionsOfLoad.contains($0) }
    if !strayed.isEmpty {
      notes.append(
        "after --, so meant for the nodes and not for the bench: \(strayed.joined(separator: ", "))")
    }
    return notes
  }

  /// Options that are hardly ever a node's own.
  private static let optionsOfLoad: Set<String> = [
    "-w", "--workload", "--bin", "--node-count", "--concurrency", "--rate", "--time-limit", "--latency",
    "--nemesis",
    "--availability", "--consistency-models", "--log-stderr",
  ]
}

/// Options of Maelstrom's `test` that have nothing to act on here. They are taken, so that command lines from
/// elsewhere run unchanged, and a line says what becomes of them.
struct IdleOptions: ParsableArguments {
  @Flag(name: .customLong("no-ssh"), help: "Nothing to do: no connection is ever made.")
  var noSSH = false

  @Option(name: .customLong("ssh-private-key"), help: .init("Not used.", valueName: "file"))
  var sshPrivateKey: String?

  @Flag(help: "Not used.")
  var strictHostKeyChecking = false

  @Option(help: .init("Not used.", valueName: "name"))
  var username: String?

  @Option(help: .init("Not used, and not kept.", valueName: "text"))
  var password: String?

  @Flag(name: .customLong("leave-db-running"), help: "Not used: nodes end with the run.")
  var leaveDBRunning = false

  @Flag(name: .customLong("logging-json"), help: "Not used: results.json is there anyway.")
  var loggingJSON = false

  /// What each option that was given means here.
  var notes: [String] {
    let remote = [
      (noSSH, "--no-ssh"), (sshPrivateKey != nil, "--ssh-private-key"),
      (strictHostKeyChecking, "--strict-host-key-checking"), (username != nil, "--username"),
      (password != nil, "--password"),
    ].filter(\.0).map(\.1)
    var notes: [String] = []
    if !remote.isEmpty {
      notes.append(
        "\(remote.joined(separator: ", ")): nodes are processes on this machine, and nobody logs in anywhere")
    }
    if leaveDBRunning {
      notes.append(
        "--leave-db-running: nodes end with the run; their logs, and what they kept, stay in the store")
    }
    if loggingJSON {
      notes.append("--logging-json: the console stays text; results.json holds the results as JSON")
    }
    return notes
  }
}
