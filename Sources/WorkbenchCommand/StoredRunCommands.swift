import ArgumentParser
import Workbench
import Foundation
import Report

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

/// `workbench serve`: a store in a browser.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Shows all runs of a store in a browser: verdicts, reports, files; one that is under way, live.",
    usage: "workbench serve [--port <number>] [--host <address>] [--store <directory>]",
    discussion: """
      Only shows: nothing is written. It answers to this machine alone, unless --host says otherwise. Ctrl-C ends it.

      EXAMPLES
        workbench serve
        workbench serve --port 8081 --store /tmp/store
      """)

  @OptionGroup var server: PageServer

  @Option(help: ArgumentHelp("Where runs are.", valueName: "directory"))
  var store = "store"

  func run() async throws {
    var isDirectory: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: store, isDirectory: &isDirectory),
      isDirectory.boolValue
    else {
      throw ValidationError(
        "--store: there is no directory \(store); workbench test makes it, or give another")
    }
    try await server.run(
      StorePages(Site(root: store, hosts: server.hosts)), showing: "shows the runs in \(store)")
  }
}

/// The site, one request at a time.
private actor StorePages: Pages {
  private var site: Site

  init(_ site: Site) { self.site = site }

  func answer(_ request: PageRequest) -> PageAnswer {
    site.answer(method: request.method, path: request.path, query: request.query, host: request.host)
  }
}
