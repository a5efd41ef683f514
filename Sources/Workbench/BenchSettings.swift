import Checkers
public import Fleet
import Foundation
internal import Glomers
import GlomersRuntime
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
  /// The command line that asks for this run; its seed may be missing.
  public var command: CommandWords
  /// How many bytes the record of messages may take; 0: none is made.
  public var recordBytesMax = 24 << 20
  /// What is said before the run, a line each.
  public var notes: [String] = []
  /// Runs the nodes; nil where they are processes here.
  public var hosts: Hosts?
  /// The directory in which nodes here run.
  public var directory = FileManager.default.temporaryDirectory.path

  /// - Parameters:
  ///   - executable: relative to the current directory, or absolute.
  ///   - store: relative to the current directory, or absolute.
  public init(scenario: Scenario, executable: String, arguments: [String] = [], store: String = "store") {
    self.scenario = scenario
    self.executable = Self.absolute(executable)
    self.arguments = arguments
    self.store = Self.absolute(store)
    var command = CommandWords(
      ["workbench"] + scenario.maelstromArguments(bin: executable, arguments: arguments))
    if scenario.delivery != .inOrder { command.set("--delivery", scenario.delivery.rawValue) }
    if !scenario.demands.isEmpty {
      command.set("--also", scenario.demands.map(\.rawValue).sorted().joined(separator: ","))
    }
    if scenario.lateReplies != .silence { command.set("--late-replies", scenario.lateReplies.rawValue) }
    if let most = scenario.lagMax { command.set("--max-lag", "\(most.seconds)") }
    if let most = scenario.messagesPerOperationMax { command.set("--max-msgs-per-op", "\(most)") }
    command.set("--store", store)
    self.command = command
  }

  /// Agents on other hosts.
  public struct Hosts: Sendable {
    public let address: ServerAddress
    public let agentCount: Int

    public init(address: ServerAddress, agentCount: Int) {
      self.address = address
      self.agentCount = agentCount
    }
  }

  /// The command line that runs this again, with the same draws.
  var repeatableCommand: CommandWords {
    var command = command
    command.set("--seed", "\(scenario.seed)")
    return command
  }

  /// What is wrong with a program as a node, in a sentence that says what would be right; nil if nothing is.
  public static func problem(withExecutable path: String) -> String? {
    let path = absolute(path)
    let files = FileManager.default
    var isDirectory: ObjCBool = false
    guard unsafe files.fileExists(atPath: path, isDirectory: &isDirectory) else {
      let program = path.prefix { $0 != " " }
      if program != path, files.fileExists(atPath: String(program)) {
        return "--bin: there is no file '\(path)'; give the program alone, and its arguments after --"
      }
      return "--bin: there is no file \(path); give the program that runs one node"
    }
    if isDirectory.boolValue { return "--bin: \(path) is a directory; give the program that runs one node" }
    if !files.isExecutableFile(atPath: path) {
      return "--bin: \(path) is not executable; chmod +x would make it so"
    }
    return Shebang(ofFile: path)?.problem.map { "--bin: \(path) can't be started: \($0)" }
  }

  /// Why a node could not be started, in words that are true of a file that was there before.
  func failure(toStart error: any Error) -> BenchError {
    guard let error = error as? SystemError, error.code == -ENOENT,
      FileManager.default.fileExists(atPath: executable)
    else { return BenchError("can't start \(executable): \(error)") }
    return BenchError(
      FileManager.default.fileExists(atPath: directory)
        ? "can't start \(executable): it is there, but not the loader or interpreter that it needs"
        : "can't start \(executable) in \(directory): there is no such directory; set TMPDIR to one")
  }

  /// Symbolic links stay: a program may go by the name it is called with.
  private static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }
}
