/// A node's stderr, line by line: into its file, and the last lines kept for the report of a crash.
struct NodeLog {
  /// Of stderr and stdout.
  private var kept: [[UInt8]] = []
  /// Of stderr alone.
  private var logged: [[UInt8]] = []
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
    Self.add(line, to: &logged)
    if buffer.count >= NodeLog.flushThresholdBytes { flush() }
  }

  /// Keeps a line for ``lastLines`` without writing it: a line of the node's stdout.
  mutating func keep(_ line: [UInt8]) { Self.add(line, to: &kept) }

  private static func add(_ line: [UInt8], to lines: inout [[UInt8]]) {
    if lines.count == keptLines { lines.removeFirst() }
    let cut = line.count > keptBytesPerLine
    lines.append(cut ? Array(line.prefix(keptBytesPerLine)) + Array("…".utf8) : line)
  }

  /// The last lines of stderr and stdout, oldest first: what a crash is reported with.
  var lastLines: [String] { kept.map { String(decoding: $0, as: UTF8.self) } }

  /// The last lines of the log, which is stderr, oldest first: what a report shows.
  var tail: [String] { logged.map { String(decoding: $0, as: UTF8.self) } }

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
