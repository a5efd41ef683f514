import Glomers

/// A run's `messages.jsonl`, which is written while the run goes on: what a bench that is killed leaves behind can be
/// read up to its last second.
struct RecordFile {
  private var file: RunFile
  private var nextFlush = Instant.zero

  /// What gathers before it is written, unless that takes longer than ``flushInterval``.
  static let chunkBytes = 64 << 10
  static let flushInterval: Duration = .seconds(1)

  init(path: String) throws(BenchError) { file = try RunFile(path: path) }

  /// Said once.
  var writeError: String? { file.writeError.map { "\($0); the rest of the messages is not recorded" } }

  /// How much must have gathered to be written now.
  mutating func threshold(at now: Instant) -> Int {
    guard now >= nextFlush else { return Self.chunkBytes }
    nextFlush = now + Self.flushInterval
    return 1
  }

  mutating func write(_ bytes: [UInt8]) { file.write(bytes) }

  func close() { file.close() }
}
