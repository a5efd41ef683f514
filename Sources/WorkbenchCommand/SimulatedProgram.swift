import Foundation
import Lab
import Simulator
import VirtualProcess

/// An unmodified program that the simulator runs as every node.
struct SimulatedProgram: Sendable {
  let executable: String
  let arguments: [String]
  /// Whether its threads are delayed now and then.
  let delays: Bool
  /// Holds what its nodes keep and what else they write, a directory for each run of a seed.
  private let scratch = Scratch()

  /// Runs a whole test of such nodes.
  func run(_ scenario: Scenario, trace: ((String) -> Void)? = nil) -> SeedOutcome {
    let directory = scratch.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let own = ProcessInfo.processInfo.environment
    // No more than programs need to be found and to read text: everything else would make runs differ.
    var environment = [
      "PATH=\(own["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")", "HOME=\(own["HOME"] ?? "/")", "LANG=C.UTF-8",
      "TMPDIR=\(directory)",
    ]
    if scenario.keepsRecords {
      // SIGKILL takes nothing from the operating system.
      environment += ["GLOMERS_DATA_DIR=\(directory)", "GLOMERS_SYNC=write"]
    }
    let program = Program(
      executable: executable, arguments: arguments, environment: environment,
      directory: FileManager.default.temporaryDirectory.path)
    return ProcessSimulation.outcome(scenario, program, delays: delays, trace: trace)
  }

  /// Runs a test twice. Returns the first run, with a doubt more if the second went another way.
  func runTwice(_ scenario: Scenario) -> SeedOutcome {
    var lines: [String] = []
    var outcome = run(scenario) { lines.append($0) }
    var count = 0
    var difference: String?
    let second = run(scenario) { line in
      if difference == nil, count >= lines.count || lines[count] != line {
        let first = count < lines.count ? lines[count] : "(nothing more)"
        difference = "line \(count + 1) was\n    \(first)\n  and then\n    \(line)"
      }
      count += 1
    }
    if second.digest != outcome.digest {
      outcome.fidelity?.doubts.append("two runs differ: \(difference ?? "the second ended earlier")")
    }
    return outcome
  }
}

/// A directory for a process's runs, which goes with the process.
private final class Scratch: Sendable {
  private let root: URL

  init() {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("workbench-\(UUID().uuidString)")
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] {
      _ = signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { [root, source] in
        try? FileManager.default.removeItem(at: root)
        source.cancel()
        // The nodes end with this process.
        _exit(128 + number)
      }
      source.activate()
    }
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// A new directory, whose path has the same length each time.
  func makeDirectory() -> String {
    let path = root.appendingPathComponent(UUID().uuidString).path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }
}
