import Foundation
public import Lab

/// A run with real processes: what is tested, which program the nodes are, and where the results go.
public struct BenchSettings: Sendable {
  public var scenario: Scenario
  /// The program that runs one node, as an absolute path.
  public let executable: String
  /// Passed to each node as they are.
  public var arguments: [String]
  /// The directory that gets the results, as an absolute path.
  public let store: String
  /// Where nodes run.
  public var directory = FileManager.default.temporaryDirectory.path

  /// - Parameters:
  ///   - executable: relative to the current directory, or absolute.
  ///   - store: relative to the current directory, or absolute.
  public init(scenario: Scenario, executable: String, arguments: [String] = [], store: String = "store") {
    self.scenario = scenario
    self.executable = Self.absolute(executable)
    self.arguments = arguments
    self.store = Self.absolute(store)
  }

  /// What is wrong with a program as a node, in a sentence that says what would be right; nil if nothing is.
  public static func problem(withExecutable path: String) -> String? {
    let path = absolute(path)
    let files = FileManager.default
    var isDirectory: ObjCBool = false
    guard unsafe files.fileExists(atPath: path, isDirectory: &isDirectory) else {
      return "--bin: there is no file \(path); give the program that runs one node"
    }
    if isDirectory.boolValue { return "--bin: \(path) is a directory; give the program that runs one node" }
    if !files.isExecutableFile(atPath: path) {
      return "--bin: \(path) is not executable; chmod +x would make it so"
    }
    return nil
  }

  /// Symbolic links stay: a program may go by the name it is called with.
  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
