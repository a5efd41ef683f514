import ArgumentParser
import Foundation
import Report
import Workbench

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
