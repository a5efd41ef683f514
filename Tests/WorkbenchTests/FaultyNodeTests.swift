import Foundation
import Testing

/// One node for each rule, built to break it: the anomaly is found by its name, and the rest goes on.
@Suite("Faulty nodes", .timeLimit(.minutes(3)))
struct FaultyNodeTests {
  private func echo(_ fault: String, rate: Int = 30) async throws -> FinishedRun {
    try await Launcher.test(
      [
        "-w", "echo", "--bin", Launcher.fixture("faulty_echo.py"), "--rate", "\(rate)", "--time-limit", "1",
        "--node-count", "2", "--seed", "1",
      ], node: [fault])
  }

  @Test(
    "one bad line is an anomaly with a name, and the node's other lines still count",
    arguments: [
      ("not-json", "not-json"), ("not-an-object", "malformed-message"), ("no-body", "malformed-message"),
      ("unknown-destination", "unknown-destination"), ("false-src", "borrowed-source"),
      ("unasked-reply", "unasked-reply"), ("answers-twice", "unasked-reply"), ("huge-line", "oversized-line"),
    ])
  func badLine(_ fault: String, _ name: String) async throws {
    let run = try await echo(fault)
    // What Maelstrom drops or lets pass is a warning.
    let mark = ["borrowed-source": "!", "unasked-reply": "!", "oversized-line": "?"][name] ?? "✗"
    #expect(run.status == ["!": 0, "?": 2, "✗": 1][mark], "\(run.errors)\(run.output)")
    #expect(try run.anomalyNames().subtracting(fault == "false-src" ? ["unasked-reply"] : []) == [name])
    #expect(try run.anomalies().allSatisfy { $0["node"] as? String == "n0" })
    // Only the bad lines are held against the node: every request was answered.
    #expect(try run.result("stats", "valid?") as? Bool == true)
    #expect(try run.result("stats", "ok-count") as? Int == run.result("stats", "count") as? Int)
    #expect(run.output.contains("\(mark) \(name)"))
  }

  @Test("a line for the log may be as long as it likes; the log says how long it was")
  func hugeErrorLine() async throws {
    let run = try await echo("huge-error-line", rate: 10)
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(try run.anomalies().isEmpty)
    #expect(try run.file("node-logs/n0.log").contains("(a line of \(17 << 20) bytes"))
  }

  @Test(
    "a reply of the wrong shape or type is found, with the operation that got it",
    arguments: [
      "wrong-shape", "wrong-type",
    ])
  func wrongShape(_ fault: String) async throws {
    let run = try await echo(fault)
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    let anomaly = try #require(try run.anomalies().first { $0["name"] as? String == "malformed-reply" })
    let operations = try #require(anomaly["operations"] as? [[String: Any]])
    #expect(operations.first?["f"] as? String == "echo")
  }

  @Test("an echo of something else is found")
  func wrongEcho() async throws {
    let run = try await echo("wrong-echo")
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    #expect(try run.anomalyNames() == ["wrong-echo"])
  }

  @Test(
    "a node that dies is reported with how it ended and its last lines",
    arguments: [
      ("dies", "exit status 3", "about to divide by zero"), ("killed", "signal 9", "n0 ended with"),
    ])
  func death(_ fault: String, _ how: String, _ lastLine: String) async throws {
    let run = try await echo(fault)
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    let anomaly = try #require(try run.anomalies().first { $0["name"] as? String == "node-died" })
    let detail = try #require(anomaly["detail"] as? String)
    #expect(detail.contains(how))
    #expect(detail.contains(lastLine))
    #expect(anomaly["node"] as? String == "n0")
    #expect(run.output.contains("node-died"))
  }

  @Test("a node that dies at its start ends the run at once, with its last lines")
  func deathAtStart() async throws {
    let finished = try await echo("dies-at-start")
    #expect(finished.status == 1, "\(finished.errors)\(finished.output)")
    #expect(finished.output.contains("exit status 4"))
    #expect(finished.output.contains("no configuration found"))
    #expect(try !finished.anomalyNames().contains("init-failed"), "nobody waits for the dead")
    // Both die at once; the run ends with the first, and may stop the other before it has said why.
    let logs = try ["n0", "n1"].map { try finished.file("node-logs/\($0).log") }
    #expect(logs.contains { $0.contains("no configuration found") })
  }

  @Test("a node that never ends its line is told how much of it came")
  func unendedLine() async throws {
    let run = try await Launcher.test(
      ["-w", "echo", "--bin", Launcher.fixture("unended_echo.py"), "--node-count", "1", "--seed", "1"])
    #expect(run.status == 1)
    #expect(run.output.contains("bytes to stdout without ending the line: {"), "\(run.output)")
  }

  @Test(
    "a node that refuses init, or never answers it, ends the run",
    arguments: ["refuses-init", "ignores-init"])
  func noInit(_ fault: String) async throws {
    let run = try await echo(fault)
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    #expect(try run.anomalyNames().contains("init-failed"))
  }

  @Test(
    "a broadcast node that breaks a promise about its values is found",
    arguments: [
      ("forgetful", "lost-value"), ("duplicates", "duplicate-value"), ("phantom", "phantom-value"),
      ("vanishing", "vanished-value"),
    ])
  func values(_ fault: String, _ name: String) async throws {
    let run = try await Launcher.test(
      [
        "-w", "broadcast", "--bin", Launcher.fixture("broadcast.py"), "--rate", "40", "--time-limit", "2",
        "--node-count", "3", "--seed", "1", "--also", "monotonic-reads",
      ], node: [fault])
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    let anomaly = try #require(try run.anomalies().first { $0["name"] as? String == name })
    #expect((anomaly["operations"] as? [Any])?.isEmpty == false, "the operations that show it")
    #expect(run.lastLine == "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻")
  }
}
