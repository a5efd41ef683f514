import ArgumentParser
import Workbench

/// How named runs are done.
struct NamedRunOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where the nodes' programs are: maelstrom-echo, …", valueName: "directory"))
  var binDirectory = "bin"

  @Option(help: ArgumentHelp("Where results go.", valueName: "directory"))
  var store = "store"

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Fixes what the bench draws, for every run. A whole number from 0 on (default: drawn, and printed).",
      valueName: "number"),
    transform: Parse.seed)
  var seed: UInt64?

  /// These runs, to be done so.
  func challenges(_ runs: [NamedRun]) -> Challenges {
    Challenges(runs, binDirectory: binDirectory, store: store, seed: seed)
  }
}
