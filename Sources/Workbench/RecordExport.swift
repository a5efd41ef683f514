import Foundation
public import Report

/// Writes the record of a run's messages in a form that another tool reads.
public struct RecordExport: Sendable {
  private let path: String
  private let format: ExportFormat
  private let output: String?

  /// - Parameters:
  ///   - path: of a run's directory, or of its `messages.jsonl`.
  ///   - output: nil for stdout.
  public init(path: String, format: ExportFormat, output: String? = nil) {
    self.path = path
    self.format = format
    self.output = output
  }

  /// Reads and writes. Returns the exit status.
  public func runToExitStatus() -> Int32 {
    let console = Console()
    do throws(BenchError) {
      let log = MessageLog(reading: try RecordExport.bytes(ofRun: path))
      for note in RecordExport.notes(log) { console.say("note: \(note)") }
      try write(log)
      return 0
    } catch {
      console.say("workbench: \(error)")
      return Bench.failureStatus
    }
  }

  /// The record of a run.
  static func bytes(ofRun path: String) throws(BenchError) -> [UInt8] {
    var file = path
    var isDirectory: ObjCBool = false
    let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    if isThere, isDirectory.boolValue {
      file = URL(fileURLWithPath: path, isDirectory: true).appendingPathComponent("messages.jsonl").path
      guard FileManager.default.fileExists(atPath: file) else {
        throw BenchError(
          "\(path) has no messages.jsonl: the run recorded no messages, or is from before there were records")
      }
    }
    guard let handle = FileHandle(forReadingAtPath: file) else {
      throw BenchError("can't read \(file): \(lastReason())")
    }
    do { return Array(try handle.readToEnd() ?? Data()) } catch {
      throw BenchError("can't read \(file): \(reason(of: error))")
    }
  }

  /// What is missing from a record, a line each.
  static func notes(_ log: MessageLog) -> [String] {
    var notes: [String] = []
    if log.isFull {
      notes.append("the record had reached its bound (--record-limit): later messages are missing")
    }
    if !log.isComplete { notes.append("the record ends before the run did") }
    if log.unreadableLineCount > 0 {
      notes.append("\(log.unreadableLineCount) lines can't be read, and are left out")
    }
    return notes
  }

  private func write(_ log: MessageLog) throws(BenchError) {
    guard let output else {
      // Whoever reads may have had enough: that is no failure.
      format.write(log) { try? FileHandle.standardOutput.write(contentsOf: $0) }
      return
    }
    guard FileManager.default.createFile(atPath: output, contents: nil),
      let file = FileHandle(forWritingAtPath: output)
    else { throw BenchError("can't write \(output): \(lastReason())") }
    var problem: (any Error)?
    format.write(log) { bytes in
      guard problem == nil else { return }
      do { try file.write(contentsOf: bytes) } catch { problem = error }
    }
    if let problem { throw BenchError("can't write \(output): \(reason(of: problem))") }
  }
}
