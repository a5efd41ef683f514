/// A node's stderr, line by line: into its file, and the last lines kept for the report of a crash.
struct NodeLog {
  /// Of stderr and stdout.
  private var kept = LastLines()
  /// Of stderr alone.
  private var logged = LastLines()
  private var file: RunFile
  private var buffer: [UInt8] = []

  static let keptLines = 12
  static let keptBytesPerLine = 512
  private static let flushThresholdBytes = 64 * 1024

  init(path: String) throws(BenchError) { file = try RunFile(path: path) }

  /// Said once.
  var writeError: String? { file.writeError }

  var hasUnwritten: Bool { !buffer.isEmpty }

  /// Takes one line without its newline.
  mutating func append(_ line: [UInt8]) {
    buffer.append(contentsOf: line)
    buffer.append(UInt8(ascii: "\n"))
    keep(line)
    logged.add(line)
    if buffer.count >= NodeLog.flushThresholdBytes { flush() }
  }

  /// Keeps a line for ``lastLines`` without writing it: a line of the node's stdout.
  mutating func keep(_ line: [UInt8]) { kept.add(line) }

  /// The last lines of stderr and stdout, oldest first: what a crash is reported with.
  var lastLines: [String] { kept.texts }

  /// The last lines of the log, which is stderr, oldest first: what a report shows.
  var tail: [String] { logged.texts }

  mutating func flush() {
    guard !buffer.isEmpty else { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    file.write(buffer)
  }

  mutating func close() {
    flush()
    file.close()
  }
}

/// The beginnings of the last lines, in a ring: a node may print a million.
private struct LastLines {
  private var lines: [[UInt8]] = []
  /// The place of the oldest, once there are as many as are kept.
  private var oldest = 0

  mutating func add(_ line: [UInt8]) {
    let isCut = line.count > NodeLog.keptBytesPerLine
    let line = isCut ? Array(line.prefix(NodeLog.keptBytesPerLine)) + Array("…".utf8) : line
    guard lines.count == NodeLog.keptLines else { return lines.append(line) }
    lines[oldest] = line
    oldest = (oldest + 1) % NodeLog.keptLines
  }

  /// Oldest first.
  var texts: [String] { (lines[oldest...] + lines[..<oldest]).map { String(decoding: $0, as: UTF8.self) } }
}
