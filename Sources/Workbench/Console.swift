import Foundation

/// Where a run speaks to people: progress and logs on stderr, results on stdout.
///
/// On a terminal progress is one line, painted over again and again; elsewhere it is a line now and then. What is said
/// goes into the run's `console.txt` too.
final class Console {
  /// What a stream can be given beside plain text.
  struct Manners: Equatable {
    /// Whether a line can be painted over.
    let repaints: Bool
    let colours: Bool

    /// - Parameters:
    ///   - isTerminal: of the stream.
    ///   - environment: of the process. A `NO_COLOR` that is not empty takes colours away (no-color.org).
    init(isTerminal: Bool, environment: [String: String]) {
      repaints = isTerminal && environment["TERM"] != "dumb"
      colours = repaints && (environment["NO_COLOR"] ?? "").isEmpty
    }
  }

  private let errors: Manners
  private let output: Manners
  private let usualColumns: Int
  private var isLinePainted = false
  /// Gets what is said, without colours and painted lines.
  var transcript: Transcript?

  init() {
    let environment = ProcessInfo.processInfo.environment
    errors = Manners(isTerminal: isatty(2) == 1, environment: environment)
    output = Manners(isTerminal: isatty(1) == 1, environment: environment)
    usualColumns = environment["COLUMNS"].flatMap { Int($0) } ?? 80
  }

  /// How often progress is worth showing.
  var progressInterval: Duration { errors.repaints ? .milliseconds(200) : .seconds(5) }

  func progress(_ text: String) {
    if errors.repaints {
      write("\r\u{1B}[K" + Self.fitting(text, columns: columns), to: 2)
      isLinePainted = true
    } else {
      write(text + "\n", to: 2)
      transcript?.add(text)
    }
  }

  /// As much of a line as a terminal shows without wrapping: the last column stays free for the cursor.
  static func fitting(_ text: String, columns: Int) -> String {
    let room = max(1, columns - 1)
    return text.count <= room ? text : text.prefix(room - 1) + "…"
  }

  /// One line that stays: the painted progress makes room for it.
  func say(_ line: String) {
    write(clearing + (errors.colours ? Paint.painted(line) : line) + "\n", to: 2)
    transcript?.add(line)
  }

  /// Takes the painted line away.
  func clear() {
    if isLinePainted { write(clearing, to: 2) }
  }

  /// Results, on stdout.
  ///
  /// - Parameter isRecord: whether a file of the run has this anyway: it then stays out of `console.txt`.
  func print(_ text: String, isRecord: Bool = false) {
    clear()
    write((output.colours && !isRecord ? Paint.painted(text) : text) + "\n", to: 1)
    if !isRecord { transcript?.add(text) }
  }

  private var clearing: String {
    defer { isLinePainted = false }
    return isLinePainted ? "\r\u{1B}[K" : ""
  }

  /// Asked anew each time: windows change.
  private var columns: Int {
    var size = winsize()
    guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return usualColumns }
    return Int(size.ws_col)
  }

  /// A closed or full pipe at the other end is no reason to end a run.
  private func write(_ text: String, to descriptor: Int32) {
    let file = descriptor == 1 ? FileHandle.standardOutput : FileHandle.standardError
    try? file.write(contentsOf: Data(text.utf8))
  }
}

/// Colours for lines whose first words say how good the news is.
enum Paint {
  private static let marks: [(start: String, colour: Int)] = [
    ("✗ ", 31), ("Analysis invalid!", 31), ("! ", 33), ("? ", 33), ("Errors occurred during analysis", 33),
    ("✓ ", 32),
    ("Everything looks good!", 32),
  ]

  /// The text with each line in the colour of its news; most have none.
  static func painted(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let words = line.drop { $0 == " " }
      guard let mark = marks.first(where: { words.hasPrefix($0.start) }) else { return String(line) }
      return "\u{1B}[\(mark.colour)m\(line)\u{1B}[0m"
    }.joined(separator: "\n")
  }
}

/// A run's `console.txt`: what was said, line by line, up to a size.
final class Transcript {
  private let file: FileHandle
  private var room: Int

  /// - Parameter limit: in bytes; with every message logged, a run says a lot.
  init(path: String, limit: Int = 64 << 20) throws(BenchError) {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw BenchError("can't write \(path): \(lastReason())") }
    self.file = file
    room = limit
  }

  /// Adds a line. A full disk does not end the run: the console itself has the line.
  func add(_ line: String) {
    guard room > 0 else { return }
    let bytes = Data((line + "\n").utf8)
    room -= bytes.count
    try? file.write(contentsOf: room > 0 ? bytes : Data("… and more, for which this file has no room\n".utf8))
  }

  deinit { try? file.close() }
}
