import Foundation
import Testing

private enum VirtualTime {
  static var isPossible: Bool {
    #if os(Linux) && arch(x86_64)
      true
    #else
      false
    #endif
  }
}

/// `workbench sim --bin` as a process: what the system may refuse it, and what may end it.
@Suite("Programs in virtual time, from the command line", .enabled(if: VirtualTime.isPossible))
struct VirtualRunTests {
  private static let options = [
    "sim", "-w", "echo", "--bin", Launcher.fixture("echo.py"), "--node-count", "1", "--rate", "10",
    "--time-limit", "1", "--seeds", "1",
  ]

  @Test(
    "what the system refuses is named, with what that costs",
    arguments: [
      (
        "namespaces", 0 as Int32,
        "namespaces are refused (Operation not permitted): process ids differ from run to run"
      ),
      (
        "personality", 0,
        "is refused (Operation not permitted): Node.js and Ruby, for two, differ from run to run"
      ),
      ("ptrace", 255, "ptrace is refused here (Operation not permitted); in a container, allow it"),
      ("pidfd_getfd", 255, "pidfd_getfd is refused here (Operation not permitted); in a container, allow it"),
    ])
  func refusals(_ call: String, _ status: Int32, _ expected: String) async throws {
    let workbench = Launcher.products.appendingPathComponent("workbench").path
    let run = try await Launcher.run(
      [call, "--", workbench] + Self.options, executable: Launcher.fixture("refuse.py"))
    #expect(run.status == status, "\(run.output)\(run.errors)")
    #expect((run.output + run.errors).contains(expected), "\(run.output)\(run.errors)")
    if status == 0 { #expect(run.output.contains("reproducible: no, because ")) }
  }

  @Test("no process is left behind by a run that is ended from outside", arguments: [SIGTERM, SIGKILL])
  func ends(_ signal: Int32) async throws {
    let mark = UUID().uuidString
    var options = Self.options
    options[options.firstIndex(of: "--time-limit")! + 1] = "100000"
    // The node ignores the argument, and can be told by it.
    let run = try await Launcher.run(options + ["--", mark]) { process, _ in
      // The workbench has the mark in its command line, too, and its node.
      while process.isRunning, try Self.processes(with: mark).count < 2 {
        try await Task.sleep(for: .milliseconds(10))
      }
      kill(process.processIdentifier, signal)
    }
    #expect(run.status != 0)
    // The kernel ends them, soon.
    let limit = ContinuousClock.now + .seconds(20)
    while try !Self.processes(with: mark).isEmpty, .now < limit {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try Self.processes(with: mark).isEmpty)
  }

  private static func processes(with mark: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }.filter { number in
      let words = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/cmdline"))) ?? Data()
      return String(decoding: words, as: UTF8.self).contains(mark)
    }
  }
}
