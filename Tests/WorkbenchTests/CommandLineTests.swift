import Foundation
import Testing

@Suite("The command line", .timeLimit(.minutes(3)))
struct CommandLineTests {
  @Test(
    "one that can't be used says what is wrong and what would be right, with status 2",
    arguments: [
      (["-w", "echo"], "--bin"),
      (["--bin", "/bin/cat"], "-w"),
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
      (["-w", "echo", "--bin", "/bin/cat", "--latnecy", "5"], "--latnecy"),
      (["-w", "echo", "--bin", "/bin/cat", "stray"], "after --"),
    ])
  func unusable(_ arguments: [String], _ expected: String) async throws {
    let run = try await Launcher.test(arguments)
    #expect(run.status == 2)
    #expect(run.errors.contains(expected), "\(run.errors)")
    #expect(run.output.isEmpty)
    let left = try FileManager.default.contentsOfDirectory(atPath: run.store.path)
    #expect(left.isEmpty, "nothing may be stored")
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
      "--consistency-models", "--key-count", "--max-txn-length", "--max-writes-per-key", "--log-stderr",
      "--log-net-send", "--log-net-recv", "--seed", "--delivery", "--store", "EXIT STATUS", "EXAMPLES",
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
}
