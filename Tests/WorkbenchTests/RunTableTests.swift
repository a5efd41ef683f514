import ArgumentParser
import Foundation
import Lab
import Testing

@testable import Workbench
@testable import WorkbenchCommand

@Suite("The table of runs")
struct RunTableTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What make would do for a target: the words of its one command.
  private static func command(ofTarget target: String) throws -> [String] {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "make", "--dry-run", "--no-print-directory", "--assume-old=build", "-C", root.path, target,
      "MAELSTROM=",
    ]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return text.replacingOccurrences(of: "\\\n", with: " ").split(whereSeparator: \.isWhitespace).map(
      String.init)
  }

  @Test("make says of each run what the table says", arguments: NamedRun.all.map(\.name))
  func makefile(_ name: String) throws {
    let run = try #require(NamedRun.named(name))
    var words = try Self.command(ofTarget: name)
    #expect(words.prefix(2) == ["bin/workbench", "test"])
    let program = try #require(words.firstIndex(of: run.program(in: "bin")), "\(words)")
    #expect(words[program - 1] == "--bin")
    // The command refuses programs that are not there.
    words[program] = "/bin/cat"
    let command = try #require(try Command.parseAsRoot(Array(words.dropFirst())) as? TestCommand)
    var scenario = command.scenario
    scenario.seed = run.scenario.seed
    #expect(scenario == run.scenario)
    #expect(command.nodeArguments == run.nodeArguments)
  }

  @Test(
    "the arguments of a run are those that this bench reads as the same run",
    arguments: NamedRun.all.map(\.name))
  func arguments(_ name: String) throws {
    let run = try #require(NamedRun.named(name))
    var words = Challenges([run], binDirectory: "bin", store: "store").arguments(of: run)
    words[try #require(words.firstIndex(of: run.program(in: "bin")))] = "/bin/cat"
    let command = try #require(try Command.parseAsRoot(words) as? TestCommand)
    var scenario = command.scenario
    scenario.seed = run.scenario.seed
    // Maelstrom knows nothing of these.
    scenario.demands = run.scenario.demands
    #expect(scenario == run.scenario)
    #expect(command.nodeArguments == run.nodeArguments)
  }

  @Test("somebody's own program gets no arguments of ours, and is asked what Maelstrom asks")
  func ownProgram() throws {
    let run = try #require(NamedRun.named("3e"))
    #expect(!run.nodeArguments.isEmpty)
    var challenges = Challenges([run], binDirectory: "bin", store: "store")
    challenges.program = "/bin/cat"
    let words = challenges.arguments(of: run)
    #expect(words.contains("/bin/cat") && !words.contains("--also") && !words.contains("--"))
    let settings = challenges.settings(for: run)
    #expect(
      settings.executable == "/bin/cat" && settings.arguments.isEmpty && settings.scenario.demands.isEmpty)
    var asked = run.scenario
    asked.seed = settings.scenario.seed
    asked.demands = []
    #expect(settings.scenario == asked)
    #expect(throws: (any Error).self) { try Command.parseAsRoot(["challenges", "--bin", "/bin/cat"]) }
    #expect(try Command.parseAsRoot(["challenges", "3b", "--bin", "/bin/cat"]) is ChallengesCommand)
  }

  @Test("there are fifteen challenges, in the order of make's, with names and numbers of their own")
  func challenges() throws {
    let makefile = try String(contentsOf: Self.root.appendingPathComponent("Makefile"), encoding: .utf8)
      .replacingOccurrences(of: "\\\n", with: " ")
    let line = try #require(makefile.split(separator: "\n").first { $0.hasPrefix("CHALLENGES :=") })
    let names = line.split(separator: " ").dropFirst(2).map(String.init)
    #expect(NamedRun.challenges.map(\.name) == names)
    #expect(names.count == 15)
    #expect(Set(NamedRun.all.map(\.name)).count == NamedRun.all.count)
    #expect(Set(NamedRun.challenges.map(\.challenge)).count == 15)
  }

  @Test("each node of the table is one that glomer has")
  func nodes() async throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: Launcher.glomer)
    process.arguments = ["--list"]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let nodes = Set(text.split(separator: "\n").map(String.init))
    for run in NamedRun.all { #expect(nodes.contains(run.node), "\(run.name)") }
  }
}
