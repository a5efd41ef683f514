import Foundation
import Testing

@Suite("Interruption", .timeLimit(.minutes(3)))
struct InterruptionTests {
  private static let long = [
    "-w", "echo", "--bin", Launcher.fixture("echo.py"), "--rate", "50", "--time-limit", "600", "--node-count",
    "2",
  ]

  /// Waits until a node has answered something: its log says so.
  private func waitForFirstEcho(_ store: URL) async throws {
    let log = store.appendingPathComponent("current/node-logs/n0.log")
    while ((try? String(contentsOf: log, encoding: .utf8)) ?? "").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  @Test(
    "a run that is interrupted stores what it has seen, and ends with the signal's status",
    arguments: [Int32](arrayLiteral: SIGINT, SIGTERM))
  func interrupted(_ signal: Int32) async throws {
    let run = try await Launcher.test(Self.long) { process, store in
      try await waitForFirstEcho(store)
      kill(process.processIdentifier, signal)
    }
    #expect(run.status == 128 + signal, "\(run.errors)\(run.output)")
    #expect(run.output.contains("Interrupted"))
    #expect(try run.file("history.edn").contains(":f :echo"))
    #expect(try #require(try run.result("stats", "ok-count") as? Int) > 0)
    #expect(try run.anomalies().isEmpty, "being stopped is not held against the nodes")
  }

  @Test("no node outlives an interrupted run")
  func nodesEnd() async throws {
    let mark = UUID().uuidString
    let run = try await Launcher.test(Self.long, node: [mark]) { process, store in
      try await waitForFirstEcho(store)
      kill(process.processIdentifier, SIGINT)
    }
    #expect(run.status == 130)
    #if os(Linux)
      let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
      let alive = processes.filter { number in
        let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/cmdline"))) ?? Data()
        return String(decoding: words, as: UTF8.self).contains(mark)
      }
      #expect(alive.isEmpty)
    #endif
  }
}
