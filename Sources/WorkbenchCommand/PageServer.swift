import ArgumentParser
import FlyingSocks
import Foundation
import Report
import Workbench

/// A request for a page.
struct PageRequest: Equatable, Sendable {
  var method: String
  /// Percent-encoded, without a query.
  var path: String
  /// The first value of each name.
  var query: [String: String]
  var host: String?
  /// Empty where the page carries none.
  var token: String
  var body: String
}

/// What a server shows.
protocol Pages: Sendable {
  func answer(_ request: PageRequest) async -> PageAnswer
}

/// Where a command serves pages, and how.
struct PageServer: ParsableArguments {
  @Option(
    parsing: .unconditional, help: ArgumentHelp("The port (default: 8080).", valueName: "number"),
    transform: Parse.port)
  var port: UInt16 = 8080

  @Option(
    help: ArgumentHelp("The address to listen at, IPv4 (default: 127.0.0.1).", valueName: "address"))
  var host = "127.0.0.1"

  /// The names that the pages may be asked for under.
  var hosts: Set<String> {
    let local = Site.localHosts(port: port)
    return host == "127.0.0.1" ? local : local.union(["\(host):\(port)"])
  }

  /// Serves until the process ends.
  ///
  /// - Parameter words: what the pages show, after their address.
  func run(_ pages: some Pages, showing words: String) async throws {
    let address: sockaddr_in
    do { address = try .inet(ip4: host, port: port) } catch {
      throw ValidationError("--host: \(host) is no IPv4 address; give one like 127.0.0.1 or 0.0.0.0")
    }
    do {
      let socket = try Socket(domain: AF_INET, type: .stream)
      try socket.setValue(true, for: .localAddressReuse)
      try socket.bind(to: address)
      try socket.listen()
      let pool: some AsyncSocketPool = .make()
      try await pool.prepare()
      let listener = try AsyncSocket(socket: socket, pool: pool)
      let line = "http://\(host == "0.0.0.0" ? "127.0.0.1" : host):\(port)/ \(words). Ctrl-C ends it.\n"
      // Not with print: it would keep the line back from whoever reads it through a pipe.
      FileHandle.standardOutput.write(Data(line.utf8))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pool.run() }
        group.addTask { try await Self.accept(listener, pages) }
        try await group.next()
      }
    } catch {
      throw failure(error)
    }
  }

  /// How many connections there may be at once; the next one waits.
  private static let connectionsMax = 64

  private static func accept(_ listener: AsyncSocket, _ pages: some Pages) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var count = 0
      for try await socket in listener.sockets {
        if count == connectionsMax {
          try await group.next()
        } else {
          count += 1
        }
        group.addTask { await PageConnection(socket: socket).serve(pages) }
      }
    }
  }

  /// Why the server does not run, in words.
  private func failure(_ error: any Error) -> ExitCode {
    var words = error.localizedDescription
    if case .failed(_, EADDRINUSE, _)? = error as? SocketError {
      words =
        "port \(port) is taken, perhaps by another workbench serve or play; end that, or give another --port"
    }
    tell("workbench: can't serve at \(host):\(port): \(words)")
    return ExitCode(Bench.failureStatus)
  }
}
