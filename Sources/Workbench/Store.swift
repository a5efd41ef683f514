import Foundation

/// Where one run leaves its results: `<root>/<workload>/<time>/`, as Jepsen lays it out.
struct Store: Sendable {
  /// What `latest` and `current` link in.
  let root: String
  /// The directory of this run.
  let directory: String
  private let workload: String
  private let name: String

  /// Makes the directory of a run that starts at `start`, and links `<root>/current` to it.
  ///
  /// A run that started in the same millisecond keeps its name; this one takes the next that is free.
  init(root: String, workload: String, start: Date = Date()) throws(BenchError) {
    let parent = "\(root)/\(workload)"
    try Store.makeDirectories(parent)
    var milliseconds = Int64((start.timeIntervalSince1970 * 1000).rounded(.down))
    while unsafe mkdir("\(parent)/\(Store.name(milliseconds))", 0o777) != 0 {
      guard errno == EEXIST else {
        throw BenchError("can't make the directory \(parent)/\(Store.name(milliseconds)): \(lastReason())")
      }
      milliseconds += 1
    }
    self.root = root
    self.workload = workload
    name = Store.name(milliseconds)
    directory = "\(parent)/\(name)"
    guard unsafe mkdir("\(directory)/node-logs", 0o777) == 0 else {
      throw BenchError("can't make the directory \(directory)/node-logs: \(lastReason())")
    }
    try Store.link("\(root)/current", to: "\(workload)/\(name)")
  }

  /// Where a node's stderr goes.
  func logPath(of node: String) -> String { "\(directory)/node-logs/\(node).log" }

  /// What was said on the console.
  var transcriptPath: String { "\(directory)/console.txt" }

  /// What became of each message.
  var recordPath: String { "\(directory)/messages.jsonl" }

  /// Where nodes keep what must survive a kill.
  var dataPath: String { "\(directory)/data" }

  /// Writes a file of this run, from pieces.
  func write(_ file: String, _ produce: (_ write: ([UInt8]) -> Void) -> Void) throws(BenchError) {
    let output = try OutputFile("\(directory)/\(file)")
    produce { output.write($0) }
    try output.close()
  }

  /// Writes two files of this run at once, from pieces.
  func write(
    _ file: String, _ other: String,
    _ produce: (_ write: ([UInt8]) -> Void, _ writeOther: ([UInt8]) -> Void) -> Void
  ) throws(BenchError) {
    let outputs = (try OutputFile("\(directory)/\(file)"), try OutputFile("\(directory)/\(other)"))
    produce({ outputs.0.write($0) }, { outputs.1.write($0) })
    try outputs.0.close()
    try outputs.1.close()
  }

  /// What a regular file has; nil if it can't be read.
  static func contents(_ path: String) -> [UInt8]? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { _ = Foundation.close(file) }
    var status = stat()
    guard unsafe fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var isRead = true
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let got = unsafe read(file, buffer.baseAddress! + count, buffer.count - count)
        if got < 0 && errno == EINTR { continue }
        isRead = got >= 0
        guard got > 0 else { return }
        count += got
      }
    }
    return isRead ? bytes : nil
  }

  /// Links `<root>/latest` and `<root>/<workload>/latest` to this run, once its results are complete.
  func linkLatest() throws(BenchError) {
    try Store.link("\(root)/latest", to: "\(workload)/\(name)")
    try Store.link("\(root)/\(workload)/latest", to: name)
  }

  /// `20261121T113455.012Z`: Jepsen's form, in UTC, so that names sort by time.
  static func name(_ milliseconds: Int64) -> String {
    let (days, ofDay) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    let date = civil(days: days)
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let clock =
      digits(ofDay / 3_600_000, 2) + digits(ofDay / 60_000 % 60, 2) + digits(ofDay / 1000 % 60, 2)
    return digits(date.year, 4) + digits(date.month, 2) + digits(date.day, 2)
      + "T\(clock).\(digits(ofDay % 1000, 3))Z"
  }

  /// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar (Hinnant,
  /// *chrono-Compatible Low-Level Date Algorithms*).
  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let ofEra = shifted % 146_097
    let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * ofYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, ofYear - (153 * marchMonth + 2) / 5 + 1)
  }

  /// Makes a directory and those above it, as far as they are missing.
  private static func makeDirectories(_ path: String) throws(BenchError) {
    var prefix = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      prefix += "/\(part)"
      guard unsafe mkdir(prefix, 0o777) == 0 || errno == EEXIST else {
        throw BenchError("can't make the directory \(prefix): \(lastReason())")
      }
    }
  }

  /// Replaces a link in one step, so that a reader never finds it missing.
  private static func link(_ path: String, to target: String) throws(BenchError) {
    let fresh = "\(path).\(getpid())"
    _ = unsafe unlink(fresh)
    guard unsafe symlink(target, fresh) == 0, unsafe rename(fresh, path) == 0 else {
      let why = lastReason()
      _ = unsafe unlink(fresh)
      throw BenchError("can't link \(path) to \(target): \(why)")
    }
  }
}

/// A file as it is written. What goes wrong is told when it is closed.
private final class OutputFile {
  private let path: String
  private var file: Int32
  private var problem: BenchError?

  init(_ path: String) throws(BenchError) {
    self.path = path
    file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if file < 0 { throw BenchError("can't write \(path): \(lastReason())") }
  }

  deinit { if file >= 0 { _ = Foundation.close(file) } }

  func write(_ bytes: [UInt8]) {
    guard problem == nil else { return }
    unsafe bytes.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = unsafe Foundation.write(file, bytes.baseAddress! + written, bytes.count - written)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else {
          problem = BenchError("can't write \(path): \(lastReason())")
          return
        }
        written += count
      }
    }
  }

  func close() throws(BenchError) {
    let result = Foundation.close(file)
    file = -1
    if let problem { throw problem }
    if result != 0 && errno != EINTR { throw BenchError("can't write \(path): \(lastReason())") }
  }
}

/// What went wrong in the bench itself, as a sentence for people. No verdict on the nodes.
struct BenchError: Error, CustomStringConvertible, Sendable {
  let description: String

  init(_ description: String) { self.description = description }
}

/// The system's words for `errno`.
func lastReason() -> String { unsafe String(cString: strerror(errno)) }

/// The system's words where Foundation passes on an error of the system; its own where it does not.
func reason(of error: any Error) -> String {
  guard let posix = error as? POSIXError ?? (error as? CocoaError)?.underlying as? POSIXError else {
    return error.localizedDescription
  }
  return unsafe String(cString: strerror(posix.code.rawValue))
}
