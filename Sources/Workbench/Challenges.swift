import Checkers
import Glomers
import Lab

/// Several named runs in turn, with a table of their scores at the end.
public struct Challenges: Sendable {
  public var runs: [NamedRun]
  /// Where the nodes' programs are.
  public var binDirectory: String
  /// Somebody's own program, in place of those. It gets no arguments of ours, and the run asks no more of it than the
  /// workload's contract and the challenge's limits.
  public var program: String?
  public var store: String
  /// Of every run; nil draws one for each.
  public var seed: UInt64?

  public init(_ runs: [NamedRun], binDirectory: String, store: String, seed: UInt64? = nil) {
    self.runs = runs
    self.binDirectory = binDirectory
    self.store = store
    self.seed = seed
  }

  /// What is wrong with the programs, in a sentence that says what would be right; nil if nothing is.
  public var problem: String? {
    runs.lazy.compactMap { BenchSettings.problem(withExecutable: program(of: $0)) }.first
  }

  private func program(of run: NamedRun) -> String { program ?? run.program(in: binDirectory) }

  /// The words of a run's command line after `workbench`.
  public func arguments(of run: NamedRun) -> [String] {
    let settings = settings(for: run)
    return settings.scenario.arguments(bin: program(of: run), arguments: settings.arguments)
  }

  /// Does the runs, and returns the exit status: that of the worst run.
  public func runToExitStatus() -> Int32 {
    let console = Console()
    var rows: [(run: NamedRun, score: Score?)] = []
    var status: Int32 = 0
    for (place, run) in runs.enumerated() {
      console.say("\n[\(place + 1)/\(runs.count)] \(run.name)")
      do throws(BenchError) {
        let ending = try Bench.runAndStore(settings(for: run), console)
        if let signal = ending.interruption {
          status = 128 + signal
          rows += runs[place...].map { ($0, nil) }
          break
        }
        let score = Score(run, ending.results)
        rows.append((run, score))
        for line in Report.objections(ending.results) { console.say(line) }
        console.say(score.line)
        status = Bench.worse(status, Self.exitStatus(score))
      } catch {
        console.say("workbench: \(error)")
        rows.append((run, nil))
        status = Bench.failureStatus
      }
    }
    console.transcript = nil
    console.print("\n" + ScoreTable.text(rows) + "\n")
    console.print(Self.closing(rows))
    return status
  }

  /// What a challenge limits beside its limits, then all that did not pass, and how many did.
  static func closing(_ rows: [(run: NamedRun, score: Score?)]) -> String {
    let scores = rows.compactMap(\.score)
    let told = scores.filter { $0.run.limits.areSet || !$0.problems.isEmpty }.map(\.line)
    let absent = rows.filter { $0.score == nil }.map { "✗ \(ScoreTable.title($0.run)) did not run" }
    return (told + absent + ["\(scores.count { $0.problems.isEmpty }) of \(rows.count) passed"])
      .joined(separator: "\n")
  }

  /// A run as the bench is to do it.
  func settings(for run: NamedRun) -> BenchSettings {
    var scenario = run.scenario
    scenario.seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    if program != nil { scenario.demands = [] }
    return BenchSettings(
      scenario: scenario, executable: program(of: run),
      arguments: program == nil ? run.nodeArguments : [], store: store)
  }

  private static func exitStatus(_ score: Score) -> Int32 {
    score.verdict == .valid && !score.problems.isEmpty
      ? Report.exitStatus(.invalid) : Report.exitStatus(score.verdict)
  }
}
