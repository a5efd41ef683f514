import Glomers
import Lab

extension Bench {
  /// The exit status when the bench itself failed, as Jepsen has it.
  static let failureStatus: Int32 = 255

  /// Does one run from the first word on the console to the last file in the store. Returns the exit status.
  public static func runToExitStatus(_ settings: BenchSettings) -> Int32 {
    let console = Console()
    do throws(BenchError) {
      return tell(try runAndStore(settings, console), console)
    } catch {
      console.say("workbench: \(error)")
      return failureStatus
    }
  }

  /// Does one run and stores what it has come to.
  static func runAndStore(_ settings: BenchSettings, _ console: Console) throws(BenchError) -> Ending {
    let store = try Store(root: settings.store, workload: settings.scenario.workload.rawValue)
    console.say("\(settings.summary)\nResults go to \(store.directory)")
    let ending = try Bench(settings, store, console).runToEnd()
    try Report.write(ending, to: store)
    try store.linkLatest()
    return ending
  }

  private static func tell(_ ending: Ending, _ console: Console) -> Int32 {
    console.print(ending.results.edn)
    let anomalies = Report.objections(ending.results)
    if !anomalies.isEmpty { console.print(anomalies.joined(separator: "\n") + "\n") }
    if let signal = ending.interruption {
      console.print("Interrupted by signal \(signal); this is what was seen until then.")
      return 128 + signal
    }
    console.print("\n" + Report.closingLine(ending.results.verdict))
    return Report.exitStatus(ending.results.verdict)
  }
}

extension BenchSettings {
  /// What runs, in a line; with the seed, which is all that is needed to draw the same again.
  var summary: String {
    let count = scenario.nodeCount == 1 ? "1 node" : "\(scenario.nodeCount) nodes"
    let clients = scenario.clientCount == 1 ? "1 client" : "\(scenario.clientCount) clients"
    var parts = [
      "\(scenario.workload.rawValue): \(count) of \(([executable] + arguments).joined(separator: " "))",
      "\(clients), \(decimal(scenario.rate, 1))/s for \(decimal(scenario.timeLimit.seconds, 1)) s",
    ]
    if scenario.latency > .zero {
      parts.append(
        "latency \(decimal(scenario.latency.milliseconds, 1)) ms \(scenario.latencyDistribution.rawValue)")
    }
    if !scenario.faults.isEmpty {
      let names = scenario.faults.map(\.rawValue).sorted().joined(separator: ", ")
      parts.append("\(names) every \(decimal(scenario.nemesisInterval.seconds, 1)) s")
    }
    return (parts + ["--seed \(scenario.seed)"]).joined(separator: " · ")
  }
}
