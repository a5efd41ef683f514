import Foundation
import Testing

/// Whole runs over real processes, with nodes in three languages.
@Suite("Real runs", .timeLimit(.minutes(3)))
struct RealRunTests {
  private static let echo = ["-w", "echo", "--rate", "30", "--time-limit", "1", "--node-count", "2"]

  @Test(
    "an echo node in Python, in the shell or of ours is found valid",
    arguments: [
      (Launcher.fixture("echo.py"), [String]()), (Launcher.fixture("echo.sh"), []),
      (Launcher.glomer, ["echo"]),
    ])
  func echo(_ executable: String, _ node: [String]) async throws {
    let run = try await Launcher.test(Self.echo + ["--bin", executable], node: node)
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(run.lastLine == "Everything looks good! ヽ(‘ー`)ノ")
    #expect(try run.result("valid?") as? Bool == true)
    #expect(try run.result("stats", "valid?") as? Bool == true)
    #expect(try #require(try run.result("stats", "count") as? Int) > 0)
    #expect(try run.anomalies().isEmpty)
  }

  @Test("nodes that are killed again and again, their disks full in between, find what they had stored")
  func killed() async throws {
    let run = try await Launcher.test(
      [
        "-w", "g-set", "--bin", Launcher.glomer, "--node-count", "2", "--concurrency", "4", "--rate", "100",
        "--time-limit", "5", "--nemesis", "kill,disk", "--nemesis-interval", "0.5", "--seed", "7",
      ], node: ["g-set"])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    let history = try run.file("history.txt")
    #expect(history.split(separator: "\n").filter { $0.contains("kill") }.count >= 4)
    let log = run.store.appendingPathComponent("latest/data/n0/log")
    #expect(try Data(contentsOf: log).count > 100)
  }

  @Test("unique ids of a Python node are valid and totally available")
  func uniqueIDs() async throws {
    let run = try await Launcher.test([
      "-w", "unique-ids", "--bin", Launcher.fixture("unique_ids.py"), "--rate", "100", "--time-limit", "1",
      "--node-count", "3", "--availability", "total",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(try run.result("availability", "ok-fraction") as? Double == 1)
    #expect(try run.result("workload", "duplicated-count") as? Int == 0)
  }

  @Test("ids that two nodes give alike are found")
  func repeatedIDs() async throws {
    let run = try await Launcher.test(
      [
        "-w", "unique-ids", "--bin", Launcher.fixture("unique_ids.py"), "--rate", "100", "--time-limit", "1",
        "--node-count", "2",
      ], node: ["repeats"])
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    #expect(run.lastLine == "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻")
    let anomaly = try #require(try run.anomalies().first { $0["name"] as? String == "duplicate-id" })
    #expect((anomaly["operations"] as? [Any])?.count == 2, "both operations that got the id are shown")
    #expect(run.output.contains("duplicate-id"))
  }

  @Test(
    "broadcast by a Python node is valid, with stable latencies and the time until every node had the value")
  func pythonBroadcast() async throws {
    let run = try await Launcher.test([
      "-w", "broadcast", "--bin", Launcher.fixture("broadcast.py"), "--rate", "40", "--time-limit", "2",
      "--node-count", "3", "--latency", "20",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(try run.result("workload", "stable-latencies") is [String: Any])
    #expect(try run.result("workbench", "visibility") is [String: Any])
    #expect(try #require(try run.result("net", "servers", "msgs-per-op") as? Double) > 0)
    #expect(run.errors.contains("Waiting for recovery..."))
  }

  @Test("our broadcast survives partitions")
  func partitionedBroadcast() async throws {
    let run = try await Launcher.test(
      [
        "-w", "broadcast", "--bin", Launcher.glomer, "--rate", "50", "--time-limit", "4", "--node-count", "5",
        "--nemesis", "partition", "--nemesis-interval", "0.5", "--latency", "10", "--seed", "7",
      ], node: ["broadcast"])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(try run.file("history.edn").contains(":start-partition"))
    #expect(try run.result("workbench", "seed") as? Int == 7)
  }

  @Test("with independent delivery, a run is valid too")
  func independentDelivery() async throws {
    let run = try await Launcher.test([
      "-w", "broadcast", "--bin", Launcher.fixture("broadcast.py"), "--rate", "20", "--time-limit", "1",
      "--node-count", "2", "--latency", "30", "--latency-dist", "exponential", "--delivery", "independent",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
  }

  @Test("an availability that is not reached makes a run invalid")
  func unavailable() async throws {
    let run = try await Launcher.test(
      [
        "-w", "echo", "--bin", Launcher.fixture("faulty_echo.py"), "--rate", "10", "--time-limit", "1",
        "--node-count", "1", "--availability", "total",
      ], node: ["refuses"])
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    #expect(try run.result("availability", "valid?") as? Bool == false)
  }

  @Test("a kind of operation that never succeeded makes a run invalid, as Jepsen's stats have it")
  func neverSucceeds() async throws {
    let run = try await Launcher.test(
      [
        "-w", "echo", "--bin", Launcher.fixture("faulty_echo.py"), "--rate", "10", "--time-limit", "1",
        "--node-count", "1",
      ], node: ["refuses"])
    #expect(run.status == 1, "\(run.errors)\(run.output)")
    #expect(try run.result("stats", "valid?") as? Bool == false)
  }

  @Test("a program that can't be run is refused with status 2 and the reason")
  func cannotSpawn() async throws {
    let script = try Launcher.freshDirectory().appendingPathComponent("node")
    try "#!/nowhere/interpreter\n".write(to: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
    let run = try await Launcher.test(Self.echo + ["--bin", script.path])
    #expect(run.status == 2)
    #expect(run.errors.contains("\(script.path) can't be started"), "\(run.errors)")
    #expect(run.errors.contains("/nowhere/interpreter"), "\(run.errors)")
  }

  @Test("what nodes and the network say is shown when asked for")
  func logging() async throws {
    let run = try await Launcher.test(
      Self.echo + ["--bin", Launcher.fixture("echo.py"), "--log-stderr", "--log-net-send", "--log-net-recv"])
    #expect(run.status == 0)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.contains { $0.contains("n0 │ echoing") })
    #expect(lines.contains { $0.hasPrefix("send ") && $0.contains("echo_ok") })
    #expect(lines.contains { $0.hasPrefix("recv ") && $0.contains("\"echo\"") })
  }
}
