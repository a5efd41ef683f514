import Foundation
import Glomers
import Testing

@testable import Lab
@testable import Workbench
@testable import WorkbenchCommand
@testable import History
@testable import Checkers

@Suite("Challenges", .timeLimit(.minutes(3)))
struct ChallengesTests {
  /// Results of a run of whose news half took so long to be everywhere, in milliseconds, and the last so long.
  private func results(median: Int64, most: Int64, _ anomalies: [Anomaly] = []) -> Results {
    let latencies = Quantiles(nanoseconds: [median, median, most].map { $0 * 1_000_000 })
    return results(Finding(.valid, stableLatencies: latencies, anomalies: anomalies))
  }

  private func results(_ finding: Finding) -> Results {
    var history = History()
    for wait in [3, 1, 2, 200] {
      history.append(Operation(time: .zero, kind: .invoke, process: .client(0), function: "read"))
      history.append(
        Operation(time: .milliseconds(wait), kind: .ok, process: .client(0), function: "read"))
    }
    return Results(of: history, workload: Found(finding: finding), journal: nil)
  }

  private struct Found: Checker {
    let finding: Finding
    func check(_ history: History) -> Finding { finding }
  }

  @Test("a run that is valid passes only within the limits of its challenge")
  func limits() throws {
    let results = results(median: 399, most: 600)
    let run = try #require(NamedRun.named("3d"))
    let score = Score(run, results)
    #expect(score.verdict == .valid)
    #expect(score.problems == ["no msgs/op", "max 600 ms, not below 600"])
    #expect(Score(try #require(NamedRun.named("3e")), results).problems == ["no msgs/op"])
    #expect(score.figures.reply?.median == .milliseconds(3))
    #expect(score.figures.reply?.maximum == .milliseconds(200))
  }

  @Test("limits on figures that are not there are not met")
  func missingFigures() throws {
    let score = Score(try #require(NamedRun.named("3d")), results(Finding(.valid)))
    #expect(score.problems == ["no msgs/op", "no median latency", "no max latency"])
  }

  @Test("a challenge's figures are told beside its limits, with whether they are kept")
  func figuresBesideLimits() throws {
    let results = results(median: 399, most: 600)
    let efficient = try #require(NamedRun.named("3d"))
    #expect(
      Score(efficient, results).line
        == "✗ challenge 3d not passed: server msgs/op unknown (limit 30), median 399 ms (limit 400), "
        + "max 600 ms (limit 600)")
    let echo = try #require(NamedRun.named("1"))
    let none = try #require(NamedRun.named("g-set"))
    let good = Score(echo, results)
    #expect(good.line == "✓ challenge 1 passed")
    let bad = self.results(median: 9, most: 599, [Anomaly("lost-value", "gone")])
    #expect(Score(none, bad).line == "✗ g-set not passed: invalid")
    #expect(
      Challenges.closing([(efficient, Score(efficient, results)), (echo, good), (none, nil)])
        == Score(efficient, results).line + "\n✗ g-set did not run\n1 of 3 passed")
  }

  @Test("a challenge's own command is known as such, however its nodes are named and whatever it logs")
  func ownCommand() throws {
    func names(_ line: String) throws -> [String] {
      let scenario = try WebCommandTests.parse(line).scenario
      return NamedRun.challenges.filter { $0.asks(for: scenario) }.compactMap(\.challenge)
    }
    let efficient =
      "test -w broadcast --bin /bin/cat --node-count 25 --time-limit 20 --rate 100 --latency 100"
    #expect(try names(efficient) == ["3d", "3e"])
    #expect(try names(efficient + " --log-stderr --seed 5") == ["3d", "3e"])
    #expect(try names(efficient + " --nemesis partition") == [])
    #expect(try names("test -w broadcast --bin /bin/cat --rate 10 --time-limit 20") == ["3b"])
  }

  @Test("the table has a line for each run, with what others have published")
  func table() throws {
    let good = results(median: 399, most: 600)
    let bad = results(
      Finding(.valid, worstLag: .milliseconds(200), anomalies: [Anomaly("lost-write", "gone")]))
    let (echo, kafka) = (try #require(NamedRun.named("echo")), try #require(NamedRun.named("5c")))
    let efficient = try #require(NamedRun.named("3e"))
    let lines = ScoreTable.text([
      (efficient, Score(efficient, good)), (kafka, Score(kafka, bad)), (echo, nil),
    ]).split(separator: "\n").map(String.init)
    #expect(lines.count == 5)
    #expect(Set(lines.map(\.count)).count == 1, "aligned")
    func cells(_ line: Int) -> [String] {
      lines[line].split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(cells(0).prefix(3) == ["challenge", "verdict", "ok"])
    #expect(cells(2) == ["3e broadcast", "no msgs/op", "1.0000", "–", "1.99", "–", "3.0 / 200", "399 / 600"])
    #expect(cells(3) == ["5c kafka", "invalid", "1.0000", "–", "–", "–", "3.0 / 200", "– / 200"])
    #expect(cells(4) == ["1 echo", "did not run", "–", "–", "–", "–", "–", "–"])
  }

  @Test("a name that is none is refused with those that are; the list is of command lines")
  func commandLine() async throws {
    let unknown = try await Launcher.run(["challenges", "3z"])
    #expect(unknown.status == 2)
    #expect(unknown.errors.contains("there is no run 3z; there are echo, unique-ids"))
    let missing = try await Launcher.run(["challenges", "1", "--bin-directory", "/nowhere"])
    #expect(missing.status == 2)
    #expect(missing.errors.contains("/nowhere/maelstrom-echo"))
    let list = try await Launcher.run(["challenges", "--list", "6c"])
    #expect(list.status == 0)
    let lines = list.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(
      lines.first == "# 6c txn-rw-register (txn-6c)", "as the table's line begins, and a comment to a shell")
    #expect(
      lines.last?.hasPrefix("workbench test -w txn-rw-register --bin bin/maelstrom-txn-rw-register ") == true)
    #expect(list.output.contains("--consistency-models read-committed"))
  }

  @Test("a run by name ends with the table and the exit status of the worst")
  func runs() async throws {
    let directory = try Launcher.freshDirectory()
    try FileManager.default.createSymbolicLink(
      atPath: directory.appendingPathComponent("maelstrom-echo").path,
      withDestinationPath: Launcher.fixture("echo.py"))
    let store = try Launcher.freshDirectory()
    let run = try await Launcher.run(
      ["challenges", "echo", "--bin-directory", directory.path, "--store", store.path, "--seed", "4"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lastLine == "1 of 1 passed")
    let row = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("| 1 echo") })
    #expect(row.contains("| valid "))
    #expect(!run.output.contains(":valid?"), "the results are in the store, not in the way")
    #expect(run.errors.contains("[1/1] echo"))
    #expect(FileManager.default.fileExists(atPath: store.appendingPathComponent("latest/results.edn").path))
  }
}
