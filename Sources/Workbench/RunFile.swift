import Foundation

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
