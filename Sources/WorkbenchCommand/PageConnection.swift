import FlyingSocks
import Foundation
import Report

/// One connection: one request, its answer, and the end (HTTP/1.1, RFC 9112).
///
/// FlyingSocks waits for the sockets. FlyingFox, the server that it belongs to, would bring URLSession for its handler of
/// proxies, and so libcurl with all that this needs: no static workbench could be linked.
struct PageConnection {
  /// For how long a client may take to ask, and to take the answer.
  private static let patience = Duration.seconds(30)
  private static let chunkBytes = 1 << 18

  let socket: AsyncSocket

  func serve(_ pages: some Pages) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await answer(pages) }
      group.addTask { try? await Task.sleep(for: Self.patience) }
      await group.next()
      group.cancelAll()
    }
    try? socket.close()
  }

  private func answer(_ pages: some Pages) async throws {
    var bytes: [UInt8] = []
    while true {
      switch PageRequest.read(bytes) {
      case .whole(let request): return try await send(pages.answer(request), isHead: request.method == "HEAD")
      case .refused(let status, let words):
        return try await send(.text(status, words), isHead: false)
      case .beginning: bytes += try await socket.read(atMost: 4096)
      }
    }
  }

  private func send(_ answer: PageAnswer, isHead: Bool) async throws {
    var answer = answer
    var file: FileHandle?
    var length = answer.body.count
    if let path = answer.file {
      file = FileHandle(forReadingAtPath: path)
      if let file {
        length = Int(try file.seekToEnd())
        try file.seek(toOffset: 0)
      } else {
        answer = .text(404, "The file can't be read.")
        length = answer.body.count
      }
    }
    defer { try? file?.close() }
    try await socket.write(Data(answer.head(contentBytes: length).utf8))
    guard !isHead else { return }
    guard let file else { return try await socket.write(Data(answer.body)) }
    // A run that is under way writes on: no more than was promised.
    while length > 0, let chunk = try file.read(upToCount: min(length, Self.chunkBytes)), !chunk.isEmpty {
      try await socket.write(chunk)
      length -= chunk.count
    }
  }
}

extension PageAnswer {
  /// Status and headers, with the empty line.
  func head(contentBytes: Int) -> String {
    var lines = [
      "HTTP/1.1 \(status) ", "Content-Type: \(contentType)", "Content-Length: \(contentBytes)",
      "X-Content-Type-Options: nosniff", "Cache-Control: no-cache", "Referrer-Policy: no-referrer",
      "Connection: close",
    ]
    if let location { lines.append("Location: \(location)") }
    if let download { lines.append("Content-Disposition: attachment; filename=\"\(download)\"") }
    // A name of a file may hold anything, but no header ends in the middle.
    return lines.map { line in
      String(
        String.UnicodeScalarView(line.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
        + "\r\n"
    }.joined() + "\r\n"
  }
}

extension PageRequest {
  /// The longest request line with its headers, and the longest body.
  static let headBytesMax = 16 << 10
  static let bodyBytesMax = 64 << 10

  enum Reading: Equatable {
    case whole(PageRequest)
    /// More is to come.
    case beginning
    case refused(status: Int, words: String)
  }

  /// What the bytes of a connection are so far.
  static func read(_ bytes: [UInt8]) -> Reading {
    guard let end = endOfHead(bytes) else {
      return bytes.count > headBytesMax
        ? .refused(status: 431, words: "The headers are too long.") : .beginning
    }
    guard end <= headBytesMax else { return .refused(status: 431, words: "The headers are too long.") }
    let bad = Reading.refused(status: 400, words: "That is no HTTP/1.1 request.")
    var lines = String(decoding: bytes[..<(end - 4)], as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, words[1].hasPrefix("/"), words[2].hasPrefix("HTTP/1.") else { return bad }
    var headers: [String: String] = [:]
    for line in lines {
      guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { return bad }
      let name = line[..<colon].lowercased()
      // Of two, nobody knows which one counts.
      guard headers[name] == nil || !["host", "content-length", "x-token"].contains(name) else { return bad }
      headers[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    guard headers["transfer-encoding"] == nil else {
      return .refused(status: 411, words: "A request says the length of its body.")
    }
    let length: Int
    switch headers["content-length"] {
    case nil: length = 0
    case let text?:
      guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return bad }
      length = Int(text) ?? .max
    }
    guard length <= bodyBytesMax else { return .refused(status: 413, words: "The body is too long.") }
    guard bytes.count - end >= length else { return .beginning }
    let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return .whole(
      PageRequest(
        method: words[0], path: String(target[0]), query: target.count > 1 ? query(target[1]) : [:],
        host: headers["host"], token: headers["x-token"] ?? "",
        body: String(decoding: bytes[end..<(end + length)], as: UTF8.self)))
  }

  /// Where the body begins.
  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    var place = 3
    while place < bytes.count {
      if bytes[place] == 10, bytes[place - 1] == 13, bytes[place - 2] == 10, bytes[place - 3] == 13 {
        return place + 1
      }
      place += 1
    }
    return nil
  }

  private static func query(_ text: Substring) -> [String: String] {
    var query: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { side in
        let spaced = side.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
      }
      if query[sides[0]] == nil { query[sides[0]] = sides.count > 1 ? sides[1] : "" }
    }
    return query
  }
}
