import ArgumentParser
import Foundation
import Report
import Workbench

/// `workbench export`: the record of a run's messages for other tools.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes the messages of a run in a form that another tool reads.",
    usage: "workbench export <directory of a run, or messages.jsonl> --format <name> [--output <file>]",
    discussion: """
      perfetto: Chrome's trace events, for ui.perfetto.dev: operations are slices, messages arrows between nodes, faults \
      a track of their own. shiviz: a log with vector clocks, for ShiViz with its default parser. jsonl: one line for each \
      message, with what became of it. A record that was cut off is read up to where it ends.

      EXAMPLES
        workbench export store/latest --format perfetto --output trace.json
        workbench export store/latest --format jsonl | grep '"lost"'
      """)

  @Argument(help: ArgumentHelp("The run.", valueName: "run"))
  var path: String

  @Option(
    help: ArgumentHelp("perfetto, shiviz or jsonl (default: jsonl).", valueName: "name"),
    transform: Parse.choice)
  var format = ExportFormat.jsonl

  @Option(help: ArgumentHelp("Where the text goes (default: stdout).", valueName: "file"))
  var output: String?

  func run() throws {
    throw ExitCode(RecordExport(path: path, format: format, output: output).runToExitStatus())
  }
}
