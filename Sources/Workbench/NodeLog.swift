import Foundation

/// A node's stderr, line by line: into its file, and the last lines kept for the report of a crash.
struct NodeLog {
  private var kept: [[UInt8]] = []
  private let path: String
  private let file: FileHandle
  private var buffer: [UInt8] = []
  /// Said once: a full disk must not end the run, nor fill the console.
  private(set) var writeError: String?

  static let keptLines = 12
  static let keptBytesPerLine = 512
  private static let flushThresholdBytes = 64 * 1024

  init(path: String) throws(BenchError) {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw BenchError("can't write \(path): \(lastReason())") }
    self.path = path
    self.file = file
  }

  var hasUnwritten: Bool { !buffer.isEmpty }

  /// Takes one line without its newline.
  mutating func append(_ line: [UInt8]) {
    buffer.append(contentsOf: line)
    buffer.append(UInt8(ascii: "\n"))
    keep(line)
    if buffer.count >= NodeLog.flushThresholdBytes { flush() }
  }

  /// Keeps a line for ``lastLines`` without writing it: a line of the node's stdout.
  mutating func keep(_ line: [UInt8]) {
    if kept.count == NodeLog.keptLines { kept.removeFirst() }
    let cut = line.count > NodeLog.keptBytesPerLine
    kept.append(cut ? Array(line.prefix(NodeLog.keptBytesPerLine)) + Array("…".utf8) : line)
  }

  /// The last lines, oldest first: what a crash is reported with.
  var lastLines: [String] { kept.map { String(decoding: $0, as: UTF8.self) } }

  mutating func flush() {
    guard !buffer.isEmpty else { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    guard writeError == nil else { return }
    do {
      try file.write(contentsOf: buffer)
    } catch {
      writeError = "can't write \(path): \(reason(of: error))"
    }
  }

  mutating func close() {
    flush()
    try? file.close()
  }
}
