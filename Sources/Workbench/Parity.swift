import Glomers
public import Lab
import History
public import Checkers

/// A figure of a run in virtual time, and the same of processes in real time.
struct ParityFigure: Equatable, Sendable {
  let name: String
  let simulated: Double?
  let real: Double?
  /// What is too little to matter: how far two figures may always be apart.
  let grain: Double

  /// The share by which two figures may differ.
  static let tolerance = 0.1

  var agrees: Bool {
    guard let simulated, let real else { return simulated == nil && real == nil }
    return (real - simulated).magnitude <= max(grain, Self.tolerance * max(real, simulated))
  }

  var text: String {
    guard let simulated, let real else { return "–" }
    return "\(decimal(simulated, 2)) / \(decimal(real, 2))" + (agrees ? "" : " (!)")
  }

  /// All that are compared. The greatest latency is not: it is a single value, and of processes often one that the
  /// machine made wait.
  static func all(simulated: Results, real: Results) -> [ParityFigure] {
    func figure(_ name: String, grain: Double, _ read: (Results) -> Double?) -> ParityFigure {
      ParityFigure(name: name, simulated: read(simulated), real: read(real), grain: grain)
    }
    return [
      figure("all msgs/op", grain: 0.01) { $0.net?.allPerOperation },
      figure("server msgs/op", grain: 0.02) { $0.net?.serversPerOperation },
      figure("latency p50, ms", grain: 20) { $0.workload.stableLatencies?.median.milliseconds },
      figure("latency p95, ms", grain: 20) { $0.workload.stableLatencies?.percentile95.milliseconds },
      figure("latency p99, ms", grain: 20) { $0.workload.stableLatencies?.percentile99.milliseconds },
    ]
  }
}

/// Whether the simulator tells the truth: named runs, each in virtual time and as processes.
public struct Parity: Sendable {
  private let challenges: Challenges
  private let simulate: @Sendable (NamedRun, Scenario) throws -> Results

  /// - Parameter simulate: does a run in virtual time.
  public init(
    _ challenges: Challenges, simulate: @escaping @Sendable (NamedRun, Scenario) throws -> Results
  ) {
    self.challenges = challenges
    self.simulate = simulate
  }

  /// Does the runs, and prints a table. Returns the exit status: 0 if all agree, 1 if some don't.
  public func runToExitStatus() throws -> Int32 {
    let console = Console()
    var rows: [[String]] = []
    var agree = true
    for (place, run) in challenges.runs.enumerated() {
      console.say("\n[\(place + 1)/\(challenges.runs.count)] \(run.name)")
      let settings = challenges.settings(for: run)
      let simulated = try simulate(run, settings.scenario)
      let ending: Bench.Ending
      do throws(BenchError) {
        ending = try Bench.runAndStore(settings, console)
      } catch {
        console.say("workbench: \(error)")
        return Bench.failureStatus
      }
      if let signal = ending.interruption { return 128 + signal }
      let figures = ParityFigure.all(simulated: simulated, real: ending.results)
      let verdicts = [simulated.verdict, ending.results.verdict]
      if rows.isEmpty { rows.append(["simulated / real", "verdict"] + figures.map(\.name)) }
      rows.append([run.name, verdicts.map { "\($0)" }.joined(separator: " / ")] + figures.map(\.text))
      agree = agree && verdicts[0] == verdicts[1] && figures.allSatisfy(\.agrees)
    }
    console.print("\n" + MarkdownTable.text(rows))
    console.print(agree ? "\nThey agree." : "\nThey don't agree where it says (!), or in the verdict.")
    return agree ? 0 : 1
  }
}
