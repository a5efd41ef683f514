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
    arguments: [Int32](arrayLiteral: SIGINT, SIGTERM, SIGHUP))
  func interrupted(_ signal: Int32) async throws {
    // Under nohup the bench would ignore it, as it should.
    Foundation.signal(SIGHUP, SIG_DFL)
    let run = try await Launcher.test(Self.long) { process, store in
      try await waitForFirstEcho(store)
      kill(process.processIdentifier, signal)
    }
    #expect(run.status == 128 + signal, "\(run.errors)\(run.output)")
    #expect(run.output.contains("Interrupted"))
    #expect(try run.file("history.edn").contains(":f :echo"))
    #expect(try #require(try run.result("stats", "ok-count") as? Int) > 0)
    #expect(try run.anomalyNames() == ["interrupted"], "being stopped is not held against the nodes")
    #expect(try run.file("results.edn").contains(":valid? :unknown"), "nor is it for them")
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
      #expect(try processes(with: mark).isEmpty)
    #endif
  }

  #if os(Linux)
    @Test(
      """
      killed while its nodes are stopped, the bench leaves nothing of them, whatever they ignore, nor what they have \
      started in sessions of its own
      """)
    func killed() async throws {
      let mark = UUID().uuidString
      let run = try await Launcher.test(
        ["-w", "echo", "--bin", Launcher.fixture("stubborn.py"), "--time-limit", "600", "--node-count", "2"],
        node: [mark]
      ) { process, store in
        try await waitForFirstEcho(store)
        // Nodes and what they have started; the bench itself was given the mark for them.
        let marked = try processes(with: mark).filter { $0 != process.processIdentifier }
        #expect(marked.count >= 2)
        for number in marked { kill(number, SIGSTOP) }
        kill(process.processIdentifier, SIGKILL)
      }
      #expect(run.status == SIGKILL)
      while try !processes(with: mark).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// The processes whose command line has this word.
    private func processes(with mark: String) throws -> [Int32] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { number in
        let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/cmdline"))) ?? Data()
        return String(decoding: words, as: UTF8.self).contains(mark)
      }
    }
  #endif
}
