import Foundation

/// Which workbench this is.
public enum Version {
  /// Of the package.
  static let number = "0.1.0"

  /// The commit that `make build` has noted beside the program; nil where it was built otherwise.
  static let commit: String? = {
    // Not the first argument: where the shell has found the program by PATH, that is a name alone.
    guard let program = Bundle.main.executableURL else { return nil }
    let file = program.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "COMMIT")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let word = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return word.isEmpty || word.count > 60 ? nil : word
  }()

  public static var text: String { commit.map { "\(number) (\($0))" } ?? number }
}
