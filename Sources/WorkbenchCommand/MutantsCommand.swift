import History
import ArgumentParser
import Foundation
import Lab
import Mutants
import Workbench

/// `workbench mutants`: whether the checkers bite.
struct MutantsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract:
      "Hunts nodes that have one mistake each, and shows which anomaly gave which away, at which seed.",
    discussion: """
      Each mutant is a small node that is right but for one line. It runs in virtual time, seed by seed, until the \
      anomaly that its mistake is to cause has made a run invalid. The same node without the mistake has to be valid on \
      the same seeds. A mutant that survives means that a checker, a load or the faults are too weak.

      EXAMPLES
        workbench mutants
        workbench mutants kafka broadcast/sends-once --seeds 1..1000
        workbench mutants lin-kv --shrink

      EXIT STATUS
        0    all were caught, and no node without a mistake was found invalid
        1    otherwise
        2    the command line can't be used
      """)

  @Argument(
    help: ArgumentHelp(
      "Which to hunt: workloads, or mutants by workload and name (default: all).", valueName: "names"))
  var names: [String] = []

  @Option(
    help: ArgumentHelp(
      "Which seeds to run at most: one, or first..last (default: 1..50).", valueName: "seeds"),
    transform: Parse.seeds)
  var seeds: ClosedRange<UInt64> = 1...50

  @Option(help: ArgumentHelp("Write the table to this file too, as Markdown.", valueName: "file"))
  var markdown: String?

  @Flag(
    help: ArgumentHelp(
      """
      Make each failure as small as it can be, replay it twenty times, and show how small it is; scripts go to \
      store/scripts.
      """))
  var shrink = false

  func validate() throws {
    let known = Set(Mutant.all.flatMap { [$0.path, $0.scenario.workload.rawValue] })
    let unknown = names.filter { !known.contains($0) }
    guard unknown.isEmpty else {
      throw ValidationError(
        "there is no \(Parse.listed(unknown)); choose among \(Parse.listed(Mutant.all.map(\.path)))")
    }
  }

  private var chosen: [Mutant] {
    names.isEmpty
      ? Mutant.all
      : Mutant.all.filter { names.contains($0.path) || names.contains($0.scenario.workload.rawValue) }
  }

  func run() async throws {
    let found = await hunts()
    let report = HuntReport(found)
    let table = MarkdownTable.text(report.rows)
    print(table)
    for problem in report.problems { print(problem) }
    print(report.summary)
    if shrink {
      let all = try await shrinkages(found)
      print("\n" + MarkdownTable.text(Shrinkage.rows(all)))
    }
    if let markdown {
      let text = """
        # Mutants

        Nodes with one mistake each, and what gave them away. Made by `make mutants RECORD=1`.

        \(table)

        \(report.summary).

        """
      try Data(text.utf8).write(to: URL(filePath: markdown))
    }
    throw ExitCode(report.problems.isEmpty ? 0 : 1)
  }

  /// In the order of the mutants; several run at a time. Each is written, and told on stderr, as soon as it is small.
  private func shrinkages(_ hunts: [Hunt]) async throws -> [Shrinkage] {
    let start = ContinuousClock.now
    return try await withThrowingTaskGroup(of: (Int, Shrinkage?).self) { group in
      for (place, hunt) in hunts.enumerated() {
        group.addTask { (place, Shrinkage(hunt, clock: { (ContinuousClock.now - start) / .seconds(1) })) }
      }
      var found: [Int: Shrinkage] = [:]
      var endedCount = 0
      for try await (place, one) in group {
        endedCount += 1
        guard let one else { continue }
        found[place] = one
        try write(one)
        tell("\(endedCount) of \(hunts.count) · \(one.summary)")
      }
      return found.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  private func write(_ one: Shrinkage) throws {
    let name = one.mutant.path.replacing("/", with: "-") + "-\(one.seed).script"
    let directory = URL(filePath: "store/scripts")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Data(one.file.text.utf8).write(to: directory.appending(path: name))
  }

  /// In the order of the mutants; several run at a time.
  private func hunts() async -> [Hunt] {
    await withTaskGroup(of: (Int, Hunt).self) { group in
      for (place, mutant) in chosen.enumerated() {
        group.addTask { (place, Hunt(mutant, seeds: seeds)) }
      }
      var found: [Int: Hunt] = [:]
      for await (place, hunt) in group { found[place] = hunt }
      return found.sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
