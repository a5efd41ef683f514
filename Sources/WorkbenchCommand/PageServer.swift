import ArgumentParser
import FlyingFox
import FlyingSocks
import Foundation
import Report
import Workbench

/// A request for a page.
struct PageRequest: Sendable {
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
    let server = HTTPServer(address: address, logger: .disabled, handler: Handler(pages: pages))
    let task = Task { try await server.run() }
    do { try await server.waitUntilListening(timeout: 5) } catch { throw await failure(of: task) }
    let line = "http://\(host == "0.0.0.0" ? "127.0.0.1" : host):\(port)/ \(words). Ctrl-C ends it.\n"
    // Not with print: it would keep the line back from whoever reads it through a pipe.
    FileHandle.standardOutput.write(Data(line.utf8))
    do { try await task.value } catch is CancellationError {} catch { throw await failure(of: task) }
  }

  /// Why the server does not run, in words.
  private func failure(of task: Task<Void, any Error>) async -> ExitCode {
    var words = "the server ended"
    if case .failure(let error) = await task.result {
      words = "\(error.localizedDescription)"
      if case .failed(_, let code, _)? = error as? SocketError, code == EADDRINUSE {
        words =
          "port \(port) is taken, perhaps by another workbench serve or play; end that, or give another --port"
      }
    }
    FileHandle.standardError.write(Data("workbench: can't serve at \(host):\(port): \(words)\n".utf8))
    return ExitCode(Bench.failureStatus)
  }
}

/// Between FlyingFox's requests and ours.
private struct Handler<Shown: Pages>: HTTPHandler {
  let pages: Shown

  /// The longest body of a request, in bytes.
  private static var bodyBytesMax: Int { 64 << 10 }

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    let isPost = request.method == .POST
    if isPost, (request.headers[.contentLength].flatMap { Int($0) } ?? .max) > Self.bodyBytesMax {
      return HTTPResponse(statusCode: .payloadTooLarge)
    }
    let answer = await pages.answer(
      PageRequest(
        method: request.method.rawValue, path: request.target.path(),
        query: Dictionary(request.query.map { ($0.name, $0.value) }) { first, _ in first },
        host: request.headers[HTTPHeader("Host")], token: request.headers[HTTPHeader("X-Token")] ?? "",
        body: isPost ? String(decoding: try await request.bodyData, as: UTF8.self) : ""))
    var headers: HTTPHeaders = [
      .contentType: answer.contentType, HTTPHeader("X-Content-Type-Options"): "nosniff",
      HTTPHeader("Cache-Control"): "no-cache", HTTPHeader("Referrer-Policy"): "no-referrer",
    ]
    headers[HTTPHeader("Location")] = answer.location
    if let name = answer.download {
      headers[HTTPHeader("Content-Disposition")] = "attachment; filename=\"\(name)\""
    }
    let status = HTTPStatusCode(answer.status, phrase: "")
    guard let file = answer.file else {
      return HTTPResponse(statusCode: status, headers: headers, body: Data(answer.body))
    }
    do {
      return HTTPResponse(
        statusCode: status, headers: headers, body: try HTTPBodySequence(file: URL(fileURLWithPath: file)))
    } catch {
      return HTTPResponse(statusCode: .notFound, body: Data("The file can't be read.".utf8))
    }
  }
}
