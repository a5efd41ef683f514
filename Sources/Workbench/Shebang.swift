import Foundation

/// The first line of a script: which program is to run it.
struct Shebang {
  /// An absolute path if it is to be found wherever the script is started.
  let interpreter: String
  /// All else on the line, which the system passes on as one word.
  let argument: String
  private let endsInReturn: Bool

  /// Nil for a file that does not begin with `#!`, or can't be read.
  init?(ofFile path: String) {
    guard let file = FileHandle(forReadingAtPath: path),
      let bytes = try? file.read(upToCount: Self.longest)
    else { return nil }
    self.init(Array(bytes))
  }

  /// - Parameter bytes: how the file begins.
  init?(_ bytes: [UInt8]) {
    guard bytes.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) else { return nil }
    let line = String(decoding: bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    endsInReturn = line.utf8.last == UInt8(ascii: "\r")
    let words = line.trimmingCharacters(in: .whitespacesAndNewlines)
      .split(maxSplits: 1) { $0 == " " || $0 == "\t" }
    interpreter = words.first.map(String.init) ?? ""
    argument = words.count > 1 ? words[1].trimmingCharacters(in: .whitespaces) : ""
  }

  /// What keeps the script from being started, in words that say what would be right; nil if nothing does.
  var problem: String? { problem(searchPath: ProcessInfo.processInfo.environment["PATH"] ?? "/bin:/usr/bin") }

  func problem(searchPath: String) -> String? {
    if interpreter.isEmpty { return "its first line, #!, names no interpreter" }
    if endsInReturn {
      return
        "its first line ends in a carriage return, which the system takes for a part of '\(interpreter)'; save it "
        + "with Unix line ends"
    }
    guard interpreter.hasPrefix("/") else {
      return
        "its first line names the interpreter '\(interpreter)' without its path; write #!/usr/bin/env \(interpreter)"
    }
    guard FileManager.default.isExecutableFile(atPath: interpreter) else {
      return
        "its first line asks for the interpreter \(interpreter), and there is no such program; install it, or name "
        + "another after #!"
    }
    guard interpreter.hasSuffix("/env") else { return nil }
    #if os(Linux)
      if argument.contains(where: { $0 == " " || $0 == "\t" }), !argument.hasPrefix("-") {
        return
          "its first line passes '\(argument)' to env, which gets it as one word; write #!\(interpreter) -S \(argument)"
      }
    #endif
    guard let name = sought, !name.contains("/") else { return nil }
    let directories = searchPath.split(separator: ":")
    guard !directories.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") })
    else { return nil }
    return
      "its first line asks env for '\(name)', and no directory of PATH has it; install it, or add its directory to PATH"
  }

  /// What `env` is to look for: the first word that is neither an option nor an assignment.
  private var sought: String? {
    argument.split { $0 == " " || $0 == "\t" }.first { !$0.hasPrefix("-") && !$0.contains("=") }.map(
      String.init)
  }

  /// As much as Linux reads of the line.
  private static let longest = 256
}
