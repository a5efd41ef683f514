import Foundation
import Glomers

/// A file that is written while a run goes on. A full disk must not end the run, nor fill the console: the first failure
/// is kept for whoever says it, and what comes later is left out.
struct RunFile {
  private let path: String
  private let file: FileHandle
  private(set) var writeError: String?

  init(path: String) throws(BenchError) {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw BenchError("can't write \(path): \(lastReason())") }
    self.path = path
    self.file = file
  }

  mutating func write(_ bytes: [UInt8]) {
    guard writeError == nil else { return }
    do {
      try file.write(contentsOf: bytes)
    } catch {
      writeError = "can't write \(path): \(reason(of: error))"
    }
  }

  func close() { try? file.close() }
}

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
