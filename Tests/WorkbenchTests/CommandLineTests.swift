import ArgumentParser
import Foundation
import Glomers
import Lab
import Testing

@testable import Workbench
@testable import WorkbenchCommand

@Suite("The command line", .timeLimit(.minutes(3)))
struct CommandLineTests {
  @Test(
    "one that can't be used says what is wrong and what would be right, with status 2",
    arguments: [
      (["-w", "echo"], "--bin"),
      (["-w", "ehco", "--bin", "/bin/cat"], "choose echo, unique-ids, broadcast,"),
      (["-w", "kafka", "--bin", "/bin/cat", "--consistency-models", "PL-9"], "there is no model PL-9"),
      (["-w", "echo", "--bin", "/bin/cat", "--also", "luck"], "there is no demand 'luck'; choose among"),
      (["-w", "echo", "--bin", "/nowhere/node"], "there is no file /nowhere/node"),
      (["-w", "echo", "--bin", "/tmp"], "/tmp is a directory"),
      (["-w", "echo", "--bin", "/etc/passwd"], "/etc/passwd is not executable"),
      (["-w", "echo", "--bin", "/bin/cat", "--nemesis", "partition,rain"], "the faults are partition"),
      (["-w", "echo", "--bin", "/bin/cat", "--concurrency", "2m"], "like 10 or 2n"),
      (["-w", "echo", "--bin", "/bin/cat", "--concurrency", "0"], "like 10 or 2n"),
      (["-w", "echo", "--bin", "/bin/cat", "--rate", "-1"], "--rate"),
      (["-w", "echo", "--bin", "/bin/cat", "--rate", "fast"], "0 or greater"),
      (["-w", "echo", "--bin", "/bin/cat", "--rate", "1e300"], "a million at most"),
      (["-w", "echo", "--bin", "/bin/cat", "--rate", "nan"], "0 or greater"),
      (["-w", "echo", "--bin", "/bin/cat", "--time-limit", "0"], "positive number"),
      (["-w", "echo", "--bin", "/bin/cat", "--time-limit", "inf"], "a year (31536000) at most"),
      (["-w", "echo", "--bin", "/bin/cat", "--time-limit", "1e18"], "a year (31536000) at most"),
      (["-w", "echo", "--bin", "/bin/cat", "--latency", "1e300"], "an hour (3600000) at most"),
      (["-w", "echo", "--bin", "/bin/cat", "--latency", "nan"], "number of milliseconds"),
      (["-w", "echo", "--bin", "/bin/cat", "--nemesis-interval", "infinity"], "a year (31536000) at most"),
      (["-w", "echo", "--bin", "/bin/cat", "--node-count", "0"], "positive whole number"),
      (
        ["-w", "echo", "--bin", "/bin/cat", "--latency-dist", "normal"],
        "choose constant, uniform or exponential"
      ),
      (["-w", "echo", "--bin", "/bin/cat", "--delivery", "sometimes"], "choose in-order or independent"),
      (["-w", "echo", "--bin", "/bin/cat", "--topology", "star"], "choose line, grid, tree"),
      (["-w", "echo", "--bin", "/bin/cat", "--availability", "most"], "total, or a number from 0 to 1"),
      (["-w", "echo", "--bin", "/bin/cat", "--seed", "x"], "--seed"),
      (["-w", "echo", "--bin", "/bin/cat", "--seed", "-5"], "give a whole number from 0 to"),
      (["-w", "echo", "--bin", "/bin/cat", "--availability", "-1"], "total, or a number from 0 to 1"),
      (["-w", "echo", "--bin", "/bin/cat", "--key-count", "-1"], "positive whole number"),
      (["-w", "echo", "--bin", "/bin/cat", "--test-count", "0"], "positive whole number"),
      (["-w", "echo", "--bin", "/bin/cat", "--latnecy", "5"], "Did you mean '--latency'?"),
      (["-w", "echo", "--bin", "/bin/cat --version 2"], "its arguments after --"),
      (["-w", "echo", "--bin", "/bin/cat", "--nodes", "n1,c2"], "what begins with c is a client"),
      (["-w", "echo", "--bin", "/bin/cat", "--nodes", "n1,lin-kv"], "a service has it"),
      (["-w", "echo", "--bin", "/bin/cat", "--nodes", "n1,n2,n1"], "'n1' is named twice"),
      (["-w", "echo", "--bin", "/bin/cat", "--node", "../n1"], "can't be a node's name"),
      (["-w", "echo", "--bin", "/bin/cat", "--nodes", "n1,"], "can't be a node's name"),
      (
        ["-w", "echo", "--bin", "/bin/cat", "--nodes-file", "/nowhere/nodes"],
        "there is no file /nowhere/nodes"
      ),
    ])
  func unusable(_ arguments: [String], _ expected: String) async throws {
    let run = try await Launcher.test(arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(expected), "\(run.errors)")
    #expect(run.output.isEmpty)
    let left = try FileManager.default.contentsOfDirectory(atPath: run.store.path)
    #expect(left.isEmpty, "nothing may be stored")
  }

  @Test(
    "an option is suggested only if it is near what was written",
    arguments: [
      ("--foo", nil), ("--nod", "--node"), ("--rates", "--rate"), ("--tiem-limit", "--time-limit"),
      ("--lib", nil), ("--bim", "--bin"), ("--workers", nil),
    ])
  func suggestions(_ written: String, _ suggested: String?) throws {
    let error = #expect(throws: (any Error).self) {
      try Command.parseAsRoot(["test", "--bin", "/bin/cat", written, "1"])
    }
    let message = Suggestion.checked(Command.fullMessage(for: try #require(error)))
    #expect(message.contains("Unknown option '\(written)'"))
    #expect(message.contains("Did you mean") == (suggested != nil), "\(message)")
    if let suggested { #expect(message.contains("Did you mean '\(suggested)'?"), "\(message)") }
  }

  @Test("nodes are named by a list, one by one or in a file, in Jepsen's order; a count replaces the names")
  func nodeNames() throws {
    let file = try Launcher.freshDirectory().appending(path: "nodes")
    try Data("a1\n  a2 \n\n".utf8).write(to: file)
    func nodes(_ words: [String]) throws -> [String] {
      let command = try Command.parseAsRoot(["test", "--bin", "/bin/cat"] + words)
      return try #require(command as? TestCommand).scenario.nodes.map(\.name)
    }
    #expect(try nodes([]) == ["n1", "n2", "n3", "n4", "n5"])
    #expect(try nodes(["--node-count", "2"]) == ["n0", "n1"])
    #expect(try nodes(["--nodes", "x , y,z"]) == ["x", "y", "z"])
    #expect(try nodes(["-n", "x", "--node", "y"]) == ["x", "y"])
    #expect(try nodes(["--node", "x", "--nodes", "y", "--nodes-file", file.path]) == ["a1", "a2", "y", "x"])
    #expect(try nodes(["--nodes", "x,y", "--node-count", "3"]) == ["n0", "n1", "n2"])
  }

  @Test("lists take spaces on either side of their commas, and of an option given twice the last counts")
  func lists() throws {
    let scenario = try WebCommandTests.parse(
      "test -w kafka --bin /bin/cat --rate 5 --consistency-models 'read-committed , serializable' "
        + "--nemesis 'kill ,pause, partition' --rate 7"
    ).scenario
    #expect(scenario.consistencyModels == ["read-committed", "serializable"])
    #expect(scenario.faults == [.kill, .pause, .partition])
    #expect(scenario.rate == 7)
  }

  @Test(
    "what a command line of Maelstrom's means here is said in a line",
    arguments: [
      ("", ["no -w: the workload is lin-kv"]),
      ("-w echo --node-count 3", []),
      (
        "-w echo --username root --password root --ssh-private-key k --strict-host-key-checking --no-ssh",
        [
          "--no-ssh, --ssh-private-key, --strict-host-key-checking, --username, --password: nodes are processes"
        ]
      ),
      (
        "-w echo --leave-db-running --logging-json",
        ["--leave-db-running: nodes end", "--logging-json: the console"]
      ),
      ("-w echo --node-count 2 --nodes a,b,d", ["--node-count 2 replaces the nodes named"]),
      ("-w echo serve --log-stderr true -- --fast", ["passed to each node, as in Maelstrom: serve true"]),
      (
        "-w echo –-nemesis partition",
        [
          "as in Maelstrom: –-nemesis partition",
          "begins with a dash that is no hyphen, and so is no option: write --nemesis",
        ]
      ),
      ("-w echo -- go --rate 5", ["meant for the nodes and not for the bench: --rate"]),
    ])
  func notes(_ options: String, _ expected: [String]) throws {
    let line = "test --bin /bin/cat \(options)"
    let notes = try WebCommandTests.parse(line).notes(
      CommandWords(WebCommandTests.words("workbench " + line)))
    #expect(notes.count == expected.count, "\(notes)")
    for (note, words) in zip(notes, expected) { #expect(note.contains(words)) }
  }

  @Test("--version says which workbench this is")
  func version() async throws {
    let run = try await Launcher.run(["--version"])
    #expect(run.status == 0)
    #expect(run.output.hasPrefix(Version.number))
  }

  @Test("an unknown command is refused with status 2, and the help names those that exist")
  func unknownCommand() async throws {
    let unknown = try await Launcher.run(["dance"])
    #expect(unknown.status == 2)
    let help = try await Launcher.run(["--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("test"))
  }

  @Test("the help names every option of Maelstrom, and the exit statuses")
  func help() async throws {
    let run = try await Launcher.run(["test", "--help"])
    #expect(run.status == 0)
    let options = [
      "-w, --workload", "--bin", "--node-count", "--concurrency", "--rate", "--time-limit", "--latency",
      "--latency-dist", "--nemesis", "--nemesis-interval", "--topology", "--availability",
      "--consistency-models", "--also", "--key-count", "--max-txn-length", "--max-writes-per-key",
      "--log-stderr",
      "--log-net-send", "--log-net-recv", "--seed", "--delivery", "--store", "EXIT STATUS", "EXAMPLES",
      "-n, --node", "--nodes <", "--nodes-file", "--test-count", "--no-ssh", "--ssh-private-key",
      "--username",
      "--password", "--strict-host-key-checking", "--leave-db-running", "--logging-json",
    ]
    for option in options { #expect(run.output.contains(option)) }
  }

  @Test("the simulator runs the node that the arguments after -- choose", arguments: ["local", "lin-kv"])
  func simulatedKind(_ store: String) async throws {
    let run = try await Launcher.run(
      ["sim", "-w", "kafka", "--seeds", "3", "--time-limit", "5", "--trace", "--", "--store", store])
    #expect(run.status == 0)
    #expect(run.output.contains("\"dest\":\"lin-kv\"") == (store == "lin-kv"))
  }

  @Test(
    "play has a network of its own, unless the options say otherwise, in whatever form",
    arguments: [
      ([], 100, "independent", "drop"),
      (["--latency=5", "--delivery=in-order", "--late-replies=silence"], 5, "in-order", "silence"),
      (["--latency", "0", "--delivery", "in-order"], 0, "in-order", "drop"),
    ])
  func playedNetwork(_ options: [String], _ latency: Int, _ delivery: String, _ replies: String) throws {
    let command = try #require(try PlayCommand.parseAsRoot(["-w", "broadcast"] + options) as? PlayCommand)
    let scenario = try command.file().scenario
    #expect(scenario.latency == .milliseconds(latency))
    #expect(scenario.delivery.rawValue == delivery && scenario.lateReplies.rawValue == replies)
  }
}
