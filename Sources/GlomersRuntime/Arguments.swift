package import Glomers

/// A command line that can't be used: what is wrong with it, and what would be right.
package struct UsageError: Error, Equatable {
  package let message: String
}

/// What a node's command line asks for.
///
/// A parser of its own, because swift-argument-parser links Foundation, which costs a node 5 ms at its start and
/// 9 MB of memory.
package enum Arguments: Equatable {
  case help
  case values([String: Option.Value])

  /// Reads `--name VALUE` and `--name=VALUE`; a flag may go without its value. Of an option given twice, the last
  /// value counts.
  ///
  /// - Parameter hidden: options that are taken, but not offered.
  package init(
    _ arguments: [String], options: [Option], hidden: [Option] = []
  ) throws(UsageError) {
    var values: [String: Option.Value] = [:]
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--help" || argument == "-h" {
        self = .help
        return
      }
      guard argument.hasPrefix("--") else {
        throw UsageError(message: "unexpected argument '\(argument)'. \(Self.offer(options))")
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = parts.first, let option = (options + hidden).first(where: { $0.name == name }) else {
        throw UsageError(message: "unknown option '--\(parts.first ?? "")'. \(Self.offer(options))")
      }
      let text = parts.count == 2 ? String(parts[1]) : Self.takeValue(of: option, from: &rest)
      guard let text else {
        throw UsageError(message: "--\(option.name) needs a value: \(option.placeholder)")
      }
      guard let value = option.value(parsing: text) else {
        throw UsageError(message: "--\(option.name) can't be '\(text)': it takes \(option.placeholder)")
      }
      values[option.name] = value
    }
    self = .values(values)
  }

  private static func takeValue(of option: Option, from rest: inout ArraySlice<String>) -> String? {
    guard case .flag = option.fallback else { return rest.popFirst() }
    if let next = rest.first, option.value(parsing: next) != nil { return rest.popFirst() }
    return "true"
  }

  private static func offer(_ options: [Option]) -> String {
    guard !options.isEmpty else { return "This node takes no options." }
    return "Options: " + options.map { "--\($0.name) \($0.placeholder)" }.joined(separator: ", ")
  }

  /// The text for `--help`.
  package static func help(program: String, options: [Option]) -> String {
    var lines = [
      "Usage: \(program)\(options.isEmpty ? "" : " [options]")",
      "",
      "A node for Maelstrom: takes messages from stdin and sends messages to stdout, one JSON object a line.",
      "stderr is its log. It ends with status 0 at the end of stdin, on SIGTERM and on SIGINT.",
      "",
      "Options:",
    ]
    for option in options {
      lines.append("  --\(option.name) \(option.placeholder)")
      lines.append("      \(option.help) Default: \(option.fallback.text).")
    }
    lines.append("  --help")
    lines.append("      Show this text.")
    return lines.joined(separator: "\n")
  }
}

extension Option.Value {
  /// The value as one would write it on a command line.
  fileprivate var text: String {
    switch self {
    case .duration(let duration, _): duration.text
    case .limit(let duration, _): duration?.text ?? "never"
    case .integer(let value, _): String(value)
    case .choice(let value, _): value
    case .flag(let value): String(value)
    case .text(let value, _): value.isEmpty ? "none" : value
    }
  }
}
