import Foundation

/// Where a run speaks to people: progress and logs on stderr, results on stdout.
///
/// On a terminal progress is one line, painted over again and again; elsewhere it is a line now and then.
final class Console {
  /// Whether progress is repainted in place.
  let isRepainting: Bool
  private let columns: Int
  private var isLinePainted = false

  init() {
    isRepainting = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
  }

  /// How often progress is worth showing.
  var progressInterval: Duration { isRepainting ? .milliseconds(200) : .seconds(5) }

  func progress(_ text: String) {
    if isRepainting {
      write("\r\u{1B}[K" + String(text.prefix(max(20, columns - 1))))
      isLinePainted = true
    } else {
      write(text + "\n")
    }
  }

  /// One line that stays: the painted progress makes room for it.
  func say(_ line: String) { write(clearing + line + "\n") }

  /// Takes the painted line away.
  func clear() {
    if isLinePainted { write(clearing) }
  }

  /// The results, on stdout.
  func print(_ text: String) {
    clear()
    emit(text + "\n", to: 1)
  }

  private var clearing: String {
    defer { isLinePainted = false }
    return isLinePainted ? "\r\u{1B}[K" : ""
  }

  private func write(_ text: String) { emit(text, to: 2) }

  /// A closed or full pipe at the other end is no reason to end a run.
  private func emit(_ text: String, to descriptor: Int32) {
    let file = descriptor == 1 ? FileHandle.standardOutput : FileHandle.standardError
    try? file.write(contentsOf: Data(text.utf8))
  }
}
