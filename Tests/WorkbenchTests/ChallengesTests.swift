import Foundation
import Glomers
import Testing

@testable import Lab
@testable import Workbench

@Suite("Challenges", .timeLimit(.minutes(3)))
struct ChallengesTests {
  /// Results with these figures.
  private func results(_ tree: EDN, _ anomalies: [Anomaly] = []) -> (Results, History) {
    var history = History()
    for wait in [3, 1, 2, 200] {
      history.append(Operation(time: .zero, kind: .invoke, process: .client(0), function: "read"))
      history.append(
        Operation(time: .milliseconds(wait), kind: .ok, process: .client(0), function: "read"))
    }
    return (
      Results(of: history, workload: Figures(figures: tree, anomalies: anomalies), journal: nil), history
    )
  }

  private struct Figures: Checker {
    let figures: EDN
    let anomalies: [Anomaly]
    func check(_ history: History) -> Finding { Finding(.valid, figures, anomalies: anomalies) }
  }

  private static let latencies: EDN = [
    "stable-latencies": .map([.init(0, 0), .init(.real(0.5), 399), .init(1, 600)])
  ]

  @Test("a run that is valid passes only within the limits of its challenge")
  func limits() throws {
    let (results, history) = results(Self.latencies)
    let run = try #require(NamedRun.named("3d"))
    let score = Score(run, results, history)
    #expect(score.verdict == .valid)
    #expect(score.problems == ["no msgs/op", "max 600 ms, not below 600"])
    #expect(Score(try #require(NamedRun.named("3e")), results, history).problems == ["no msgs/op"])
    #expect(score.reply?.median == .milliseconds(3))
    #expect(score.reply?.most == .milliseconds(200))
  }

  @Test("limits on figures that are not there are not met")
  func missingFigures() throws {
    let (results, history) = results([:])
    let score = Score(try #require(NamedRun.named("3d")), results, history)
    #expect(score.problems == ["no msgs/op", "no median latency", "no max latency"])
  }

  @Test("the table has a line for each run, with what others have published")
  func table() throws {
    let (good, history) = results(Self.latencies)
    let (bad, _) = results(["worst-realtime-lag": ["lag": .real(0.2)]], [Anomaly("lost-write", "gone")])
    let (echo, kafka) = (try #require(NamedRun.named("echo")), try #require(NamedRun.named("5c")))
    let efficient = try #require(NamedRun.named("3e"))
    let lines = ScoreTable.text([
      (efficient, Score(efficient, good, history)), (kafka, Score(kafka, bad, history)), (echo, nil),
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
    #expect(list.output.hasPrefix("workbench test -w txn-rw-register --bin bin/maelstrom-txn-rw-register "))
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
    #expect(run.lastLine.hasPrefix("| 1 echo"))
    #expect(run.lastLine.contains("| valid "))
    #expect(run.errors.contains("[1/1] echo"))
    #expect(FileManager.default.fileExists(atPath: store.appendingPathComponent("latest/results.edn").path))
  }
}
