import History
import Fleet
import Glomers
public import Lab
import Checkers

extension Bench {
  /// The exit status when the bench itself failed, as Jepsen has it.
  public static let failureStatus: Int32 = 255

  /// Does runs from the first word on the console to the last file in the store. Returns the exit status: that of the
  /// worst run, unless a signal has ended them all.
  ///
  /// - Parameter count: how many runs to do, at least one; each takes the seed after that of the one before.
  public static func runToExitStatus(_ settings: BenchSettings, count: Int = 1) -> Int32 {
    let console = Console()
    var statuses: [Int32] = []
    for number in 1...count {
      var settings = settings
      settings.scenario.seed &+= UInt64(number - 1)
      if count > 1 { console.say("\n[\(number)/\(count)]") }
      do throws(BenchError) {
        let ending = try runAndStore(settings, console)
        statuses.append(tell(ending, settings, console))
        if ending.interruption != nil { return statuses.last! }
      } catch {
        console.say("workbench: \(error)")
        return failureStatus
      }
    }
    if count > 1 { console.print(tally(statuses)) }
    return statuses.reduce(0, worse)
  }

  /// How many runs ended how.
  static func tally(_ statuses: [Int32]) -> String {
    let parts: [(verdict: Verdict, word: String)] = [
      (.valid, "valid"), (.unknown, "unknown"), (.invalid, "invalid"),
    ]
    let counts = parts.map { part in
      "\(statuses.count { $0 == Report.exitStatus(part.verdict) }) \(part.word)"
    }
    return "\n\(statuses.count) runs: " + counts.joined(separator: ", ")
  }

  /// Of two exit statuses: a bench that failed, then nodes that did wrong, then not knowing.
  static func worse(_ a: Int32, _ b: Int32) -> Int32 {
    let order: [Int32] = [0, 2, 1, failureStatus]
    return (order.firstIndex(of: a) ?? 0) > (order.firstIndex(of: b) ?? 0) ? a : b
  }

  /// Does one run and stores what it has come to.
  static func runAndStore(_ settings: BenchSettings, _ console: Console) throws(BenchError) -> Ending {
    let store = try Store(root: settings.store, workload: settings.scenario.workload.rawValue)
    let description = RunDescription(settings)
    try Report.write(description, to: store)
    console.transcript = try Transcript(path: store.transcriptPath)
    for note in settings.notes { console.say("note: \(note)") }
    console.say("\(settings.summary)\nResults go to \(store.directory)")
    var ending = try Bench(settings, store, console).runToEnd()
    ending.results.report("run", description.edn)
    ending.results = try FinishedRun(
      scenario: settings.scenario, results: ending.results, history: ending.history,
      sightings: ending.sightings,
      origin: ending.origin, summary: settings.summary, command: description.command,
      started: description.started, logTails: ending.logTails
    ).write(to: store)
    console.say("Report: \(store.directory)/report.html")
    try store.linkLatest()
    return ending
  }

  private static func tell(_ ending: Ending, _ settings: BenchSettings, _ console: Console) -> Int32 {
    defer { console.transcript = nil }
    console.print(ending.results.shown, isRecord: true)
    let anomalies = Report.objections(ending.results)
    if !anomalies.isEmpty { console.print(anomalies.joined(separator: "\n") + "\n") }
    let figures = Figures(ending.results)
    if !figures.summary.isEmpty { console.print(figures.summary) }
    if let signal = ending.interruption {
      console.print("Interrupted by signal \(signal); this is what was seen until then.")
      return 128 + signal
    }
    for challenge in NamedRun.challenges where challenge.asks(for: settings.scenario) {
      console.print(Score(challenge, figures).line)
    }
    console.print("\n" + Report.closingLine(ending.results.verdict))
    return Report.exitStatus(ending.results.verdict)
  }
}

extension BenchSettings {
  private var program: String {
    guard let hosts else { return ([executable] + arguments).joined(separator: " ") }
    return
      "what \(hosts.agentCount) \(hosts.agentCount == 1 ? "agent runs" : "agents run") at \(hosts.address.shown)"
  }

  /// What runs, in a line; with the seed, which is all that is needed to draw the same again.
  var summary: String { scenario.summary(of: program) }
}

extension Scenario {
  /// What runs, in a line; with the seed, which is all that is needed to draw the same again.
  ///
  /// - Parameter program: what each node is, where that is a program.
  public func summary(of program: String? = nil) -> String {
    let count = nodeCount == 1 ? "1 node" : "\(nodeCount) nodes"
    let clients = clientCount == 1 ? "1 client" : "\(clientCount) clients"
    var parts = [
      "\(workload.rawValue): \(count)\(program.map { " of \($0)" } ?? "")",
      "\(clients), \(decimal(rate, 1))/s for \(decimal(timeLimit.seconds, 1)) s",
    ]
    if latency > .zero {
      parts.append("latency \(decimal(latency.milliseconds, 1)) ms \(latencyDistribution.rawValue)")
    }
    if !faults.isEmpty {
      let names = faults.map(\.rawValue).sorted().joined(separator: ", ")
      parts.append("\(names) every \(decimal(nemesisInterval.seconds, 1)) s")
    }
    return (parts + ["--seed \(seed)"]).joined(separator: " · ")
  }
}
