import ArgumentParser

/// Options of Maelstrom's `test` that have nothing to act on here. They are taken, so that command lines from
/// elsewhere run unchanged, and a line says what becomes of them.
struct IdleOptions: ParsableArguments {
  @Flag(name: .customLong("no-ssh"), help: "Nothing to do: no connection is ever made.")
  var noSSH = false

  @Option(name: .customLong("ssh-private-key"), help: .init("Not used.", valueName: "file"))
  var sshPrivateKey: String?

  @Flag(help: "Not used.")
  var strictHostKeyChecking = false

  @Option(help: .init("Not used.", valueName: "name"))
  var username: String?

  @Option(help: .init("Not used, and not kept.", valueName: "text"))
  var password: String?

  @Flag(name: .customLong("leave-db-running"), help: "Not used: nodes end with the run.")
  var leaveDBRunning = false

  @Flag(name: .customLong("logging-json"), help: "Not used: results.json is there anyway.")
  var loggingJSON = false

  /// What each option that was given means here.
  var notes: [String] {
    let remote = [
      (noSSH, "--no-ssh"), (sshPrivateKey != nil, "--ssh-private-key"),
      (strictHostKeyChecking, "--strict-host-key-checking"), (username != nil, "--username"),
      (password != nil, "--password"),
    ].filter(\.0).map(\.1)
    var notes: [String] = []
    if !remote.isEmpty {
      notes.append(
        "\(remote.joined(separator: ", ")): nodes are processes on this machine, and nobody logs in anywhere")
    }
    if leaveDBRunning {
      notes.append(
        "--leave-db-running: nodes end with the run; their logs, and what they kept, stay in the store")
    }
    if loggingJSON {
      notes.append("--logging-json: the console stays text; results.json holds the results as JSON")
    }
    return notes
  }
}
