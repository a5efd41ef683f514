import ArgumentParser
import Workbench

/// `workbench report`: the report of a run that is stored already.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract:
      "Writes the report of a run from its files: of one from before there were reports, or one that was cut off.",
    usage: "workbench report <directory of a run> [--output <file>]",
    discussion: """
      Takes what is there: without results there is no verdict, without a record no messages, and after SIGKILL operations \
      are known without their values.

      EXAMPLES
        workbench report store/current
        workbench report store/echo/20261128T165651.574Z --output echo.html
      """)

  @Argument(help: ArgumentHelp("The run.", valueName: "directory"))
  var directory: String

  @Option(
    help: ArgumentHelp(
      "Where the page goes (default: report.html in the run's directory).", valueName: "file"))
  var output: String?

  func run() throws { throw ExitCode(StoredRun.report(directory, output: output)) }
}
