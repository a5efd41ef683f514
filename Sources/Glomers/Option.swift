/// A setting that a node takes from its command line, as `--name VALUE`.
public struct Option: Equatable, Sendable {
  /// The name, without the dashes.
  public let name: String
  /// One sentence for `--help`.
  public let help: String
  /// Also says which kind of value the option takes.
  public let fallback: Value

  /// The kinds of values, each with one value of that kind and with what is allowed.
  public enum Value: Equatable, Sendable {
    /// A duration, within bounds: at most a day, unless something else is said.
    case duration(Duration, in: ClosedRange<Duration> = .zero ... .seconds(86_400))
    /// A duration, or `never`, which is nil.
    case limit(Duration?, in: ClosedRange<Duration>)
    /// An integer, within bounds.
    case integer(Int, in: ClosedRange<Int>)
    /// One of some words.
    case choice(String, of: [String])
    /// `true` or `false`.
    case flag(Bool)
    /// Any text; the second says what it means, in capitals. An empty one is none.
    case text(String, as: String)
  }

  /// - Parameters:
  ///   - name: without the dashes.
  ///   - fallback: what holds where the option isn't given; also says which kind of value it takes.
  ///   - help: one sentence for `--help`.
  public init(_ name: String, _ fallback: Value, _ help: String) {
    self.name = name
    self.help = help
    self.fallback = fallback
  }

  /// The value that a text stands for, or nil where this option can't take it.
  public func value(parsing text: String) -> Value? {
    switch fallback {
    case .duration(_, let range):
      Duration(parsing: text).flatMap { range.contains($0) ? .duration($0, in: range) : nil }
    case .limit(_, let range):
      if text == "never" {
        .limit(nil, in: range)
      } else {
        Duration(parsing: text).flatMap { range.contains($0) ? .limit($0, in: range) : nil }
      }
    case .integer(_, let range): Int(text).flatMap { range.contains($0) ? .integer($0, in: range) : nil }
    case .choice(_, let choices): choices.contains(text) ? .choice(text, of: choices) : nil
    case .flag: ["true": .flag(true), "false": .flag(false)][text]
    case .text(_, let meaning): text.isEmpty ? nil : .text(text, as: meaning)
    }
  }

  /// What the option takes, for `--help` and for errors.
  public var placeholder: String {
    switch fallback {
    case .duration(_, let range):
      "DURATION (\(range.lowerBound.text) to \(range.upperBound.text), like 600ms or 2s)"
    case .limit(_, let range):
      "DURATION (\(range.lowerBound.text) to \(range.upperBound.text), like 30s or 2m) or never"
    case .integer(_, let range): "INTEGER (\(range.lowerBound) to \(range.upperBound))"
    case .choice(_, let choices): choices.joined(separator: "|")
    case .flag: "true|false"
    case .text(_, let meaning): meaning
    }
  }
}

extension Duration {
  /// A whole or decimal number and a unit: `250us`, `600ms`, `1.5s`, `2m`, `1h`. Nil for anything else, for negative
  /// durations and for more than a day.
  public init?(parsing text: String) {
    let units: [(suffix: String, nanoseconds: Double)] = [
      ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
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

  /// A whole number of the largest unit that fits, as ``init(parsing:)`` reads it.
  package var text: String {
    let units: [(suffix: String, nanoseconds: Int64)] = [
      ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
    ]
    for (suffix, size) in units where nanoseconds != 0 && nanoseconds.isMultiple(of: size) {
      return "\(nanoseconds / size)\(suffix)"
    }
    return nanoseconds == 0 ? "0s" : "\(nanoseconds / 1000)us"
  }
}
