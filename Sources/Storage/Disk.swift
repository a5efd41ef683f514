/// The two files of a data directory, as the log needs them.
///
/// Sizes and offsets are bytes. An operation that throws may have been carried out in part.
public protocol Disk {
  /// By how much a file had best grow at a time.
  var growthBytes: Int { get }
  /// The size of a file; nil if there is none.
  mutating func size(of file: LogFile) throws(DiskError) -> Int?
  /// So many bytes, all of which the file has.
  mutating func read(_ file: LogFile, at offset: Int, count: Int) throws(DiskError) -> [UInt8]
  /// Makes an empty file in the place of whatever was there.
  mutating func create(_ file: LogFile) throws(DiskError)
  /// Writes all bytes. A file that ends before `offset` + their count grows; it has no gaps.
  mutating func write(_ bytes: Span<UInt8>, to file: LogFile, at offset: Int) throws(DiskError)
  mutating func truncate(_ file: LogFile, to size: Int) throws(DiskError)
  /// Returns when the contents of a file would survive a loss of power. After an error nothing is known about
  /// what was written since the last success: it has to be written again.
  mutating func sync(_ file: LogFile) throws(DiskError)
  /// Puts ``LogFile/next`` in the place of ``LogFile/log``, at once and as a whole.
  mutating func replaceLog() throws(DiskError)
  /// Removes a file; one that is missing is not missed.
  mutating func remove(_ file: LogFile) throws(DiskError)
  /// Returns when what files there are, under which names, would survive a loss of power.
  mutating func syncDirectory() throws(DiskError)
}

/// A file of a data directory; the raw value is its name.
public enum LogFile: String, CaseIterable, Sendable {
  case log
  /// What is to become the log.
  case next = "log.next"
}

/// An operation on a disk that failed.
public struct DiskError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, like `write log`.
  public let operation: String
  /// Why it failed, in the system's words.
  public let reason: String

  public init(_ operation: String, _ reason: String) {
    self.operation = operation
    self.reason = reason
  }

  public var description: String { "\(operation): \(reason)" }
}
