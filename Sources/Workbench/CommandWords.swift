/// The words of a command line that ends in arguments for the nodes, after `--`.
public struct CommandWords: Equatable, Sendable {
  /// The program and its options.
  public var options: [String]
  /// What follows the first `--`; nil without one.
  public var nodeArguments: [String]?

  public init(_ words: [String]) {
    let end = words.firstIndex(of: "--") ?? words.endIndex
    options = Array(words[..<end])
    nodeArguments = end == words.endIndex ? nil : Array(words[(end + 1)...])
  }

  /// Takes an option away with its value, wherever it stands: `--seed 5` and `--seed=5`.
  public mutating func remove(_ option: String) {
    while let place = options.firstIndex(of: option) {
      options.removeSubrange(place..<min(place + 2, options.endIndex))
    }
    options.removeAll { $0.hasPrefix("\(option)=") }
  }

  /// Sets an option's value, in place of any that it had.
  public mutating func set(_ option: String, _ value: String) {
    remove(option)
    options += [option, value]
  }

  public var words: [String] { options + (nodeArguments.map { ["--"] + $0 } ?? []) }

  /// One line that a shell reads as these words.
  public var shell: String { words.map(Self.quoted).joined(separator: " ") }

  /// A word as a POSIX shell takes it to be just that.
  static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "_-./=:,@%+".utf8.contains(byte)
      }
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
