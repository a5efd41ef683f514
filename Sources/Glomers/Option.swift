/// A setting that a node takes from its command line, as `--name VALUE`.
public struct Option: Equatable, Sendable {
  public let name: String
  /// One sentence for `--help`.
  public let help: String
  /// Also says which kind of value the option takes.
  public let fallback: Value

  public enum Value: Equatable, Sendable {
    case duration(Duration)
    case integer(Int, in: ClosedRange<Int>)
    case choice(String, of: [String])
    case flag(Bool)
    /// Any text; the second says what it means, in capitals. An empty one is none.
    case text(String, as: String)
  }

  public init(_ name: String, _ fallback: Value, _ help: String) {
    self.name = name
    self.help = help
    self.fallback = fallback
  }

  /// The value that a text stands for, or nil where this option can't take it.
  public func value(parsing text: String) -> Value? {
    switch fallback {
    case .duration: Duration(parsing: text).map { .duration($0) }
    case .integer(_, let range): Int(text).flatMap { range.contains($0) ? .integer($0, in: range) : nil }
    case .choice(_, let choices): choices.contains(text) ? .choice(text, of: choices) : nil
    case .flag: ["true": .flag(true), "false": .flag(false)][text]
    case .text(_, let meaning): text.isEmpty ? nil : .text(text, as: meaning)
    }
  }

  /// What the option takes, for `--help` and for errors.
  public var placeholder: String {
    switch fallback {
    case .duration: "DURATION (like 250us, 600ms, 2s)"
    case .integer(_, let range): "INTEGER (\(range.lowerBound) to \(range.upperBound))"
    case .choice(_, let choices): choices.joined(separator: "|")
    case .flag: "true|false"
    case .text(_, let meaning): meaning
    }
  }
}

extension Duration {
  /// A whole or decimal number and a unit: `250us`, `600ms`, `1.5s`, `2m`. Nil for anything else, for negative
  /// durations and for more than a day.
  public init?(parsing text: String) {
    let units: [(suffix: String, nanoseconds: Double)] = [
      ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9),
    ]
    for (suffix, nanoseconds) in units where text.hasSuffix(suffix) {
      let number = text.dropLast(suffix.count)
      guard !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }),
        let amount = Double(number), amount * nanoseconds <= 86_400e9
      else { return nil }
      self = .nanoseconds(Int64((amount * nanoseconds).rounded()))
      return
    }
    return nil
  }
}
