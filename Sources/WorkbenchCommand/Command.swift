import ArgumentParser
import Foundation

/// `workbench`: runs nodes against a simulated network, and judges what they did.
@main
struct Command: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workbench",
    abstract: "A test bench for Maelstrom nodes: real processes, a simulated network, faults and a verdict.",
    discussion: """
      workbench test --help explains the options, which are Maelstrom's, with examples; workbench sim --help the \
      same in virtual time.
      """,
    subcommands: [
      TestCommand.self, SimCommand.self, CheckCommand.self, ChallengesCommand.self, ParityCommand.self,
      MutantsCommand.self,
    ])

  /// The exit status for a command line that can't be used.
  static let usageStatus: Int32 = 2

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      finish(with: error)
    }
  }

  /// Help goes to stdout with status 0; an unusable command line is told on stderr with status 2, and the status
  /// of a run is passed on.
  private static func finish(with error: any Error) -> Never {
    if let status = error as? ExitCode { Foundation.exit(status.rawValue) }
    var message = fullMessage(for: error)
    if exitCode(for: error) == .success {
      print(message)
      Foundation.exit(0)
    }
    if message.contains("Unexpected argument") { message += "\n  Arguments for the nodes come after --." }
    FileHandle.standardError.write(Data((message + "\n").utf8))
    Foundation.exit(usageStatus)
  }
}
