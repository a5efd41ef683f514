import Foundation
import Testing

@testable import WorkbenchCommand

/// A process that goes with the test.
private final class Background {
  let process = Process()
  private let log: URL

  init(_ program: URL, _ arguments: [String]) throws {
    log = try Launcher.freshDirectory().appending(path: "log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
  }

  deinit { end() }

  var text: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  func end(_ number: Int32 = SIGKILL) {
    if process.isRunning { kill(process.processIdentifier, number) }
    process.waitUntilExit()
  }

  /// Waits until its log says something, for 5 s at most.
  func says(_ words: String) async throws {
    for _ in 0..<500 where !text.contains(words) { try await Task.sleep(for: .milliseconds(10)) }
    try #require(text.contains(words), "\(text)")
  }
}

/// Debian's nats-server, or one in `PATH`.
private let server = ["/usr/sbin", "/usr/local/bin", "/usr/bin"].map { URL(filePath: "\($0)/nats-server") }
  .first { FileManager.default.isExecutableFile(atPath: $0.path) }

@Suite(
  "Nodes on other hosts", .timeLimit(.minutes(2)),
  .enabled(if: server != nil, "there is no nats-server: apt-get install nats-server"))
struct HostsTests {
  private static func startServer(port: Int = -1) async throws -> (Background, port: Int) {
    let running = try Background(
      try #require(server),
      [
        "--addr", "127.0.0.1", "--port", "\(port)", "--user", "me", "--pass", "secret", "--jetstream",
        "--store_dir",
        try Launcher.freshDirectory().path,
      ])
    try await running.says("Server is ready")
    let found = try #require(running.text.firstMatch(of: /client connections on 127\.0\.0\.1:(\d+)/))
    return (running, try #require(Int(found.1)))
  }

  private static func url(_ port: Int, password: String = "secret") -> String {
    "nats://me:\(password)@127.0.0.1:\(port)"
  }

  private static func startAgent(_ name: String, _ port: Int, node: String) throws -> Background {
    let directory = try Launcher.freshDirectory()
    let program = directory.appending(path: "maelstrom-\(node)")
    do {
      try FileManager.default.linkItem(atPath: Launcher.glomer, toPath: program.path)
    } catch {
      // Another file system.
      try FileManager.default.copyItem(atPath: Launcher.glomer, toPath: program.path)
    }
    return try Background(
      Launcher.products.appending(path: "workbench"),
      [
        "agent", "--nats", url(port), "--bin", program.path, "--name", name, "--directory",
        directory.appending(path: "runs").path,
      ])
  }

  @Test("are tested as those here; a second agent of a name goes; nothing shows the password")
  func runs() async throws {
    let (running, port) = try await Self.startServer()
    defer { running.end() }
    let agents = try ["a", "b"].map { try Self.startAgent($0, port, node: "unique-ids") }
    for agent in agents { try await agent.says("is ready") }
    let namesake = try Self.startAgent("a", port, node: "unique-ids")
    let run = try await Launcher.test(
      ["-w", "unique-ids", "--node-count", "3", "--rate", "50", "--time-limit", "1"]
        + ["--nats", Self.url(port), "--agents", "2"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("agents: a, b"))
    #expect(!(run.errors + (try run.file("run.edn"))).contains("secret"))
    for agent in agents { try await agent.says("ends: it is over") }
    namesake.process.waitUntilExit()
    #expect(namesake.process.terminationStatus == 255)
    #expect(namesake.text.contains("there is an agent called a already"), "\(namesake.text)")
  }

  @Test("talk to each other past the bench, which counts and records what they said all the same")
  func pastTheBench() async throws {
    let (running, port) = try await Self.startServer()
    defer { running.end() }
    let agents = try ["a", "b"].map { try Self.startAgent($0, port, node: "lin-kv") }
    for agent in agents { try await agent.says("is ready") }
    let run = try await Launcher.test(
      ["-w", "lin-kv", "--node-count", "3", "--rate", "30", "--time-limit", "2", "--network", "real"]
        + ["--nats", Self.url(port), "--agents", "2"])
    #expect(run.status == 0, "\(run.errors)")
    let servers = try #require(
      try run.file("results.edn").firstMatch(of: /:servers \{:send-count (\d+),\s+:recv-count (\d+)/))
    let (sent, received) = (Int(servers.1)!, Int(servers.2)!)
    #expect(sent > 20 && received > sent / 2 && received <= sent)
    let record = try run.file("messages.jsonl").split(separator: "\n")
    let carried = record.filter { $0.contains(/"sent":\{"id":\d{13,},"src":"n\d","dest":"n\d"/) }
    #expect(carried.count == sent)
  }

  @Test("a sweep by two agents comes to the table of one machine")
  func sweep() async throws {
    let (running, port) = try await Self.startServer()
    defer { running.end() }
    let workbench = Launcher.products.appending(path: "workbench")
    let agents = try ["a", "b"].map { name in
      try Background(
        workbench, ["agent", "--nats", Self.url(port), "--sweep", "--jobs", "1", "--name", name])
    }
    for agent in agents { try await agent.says("is ready") }
    let words = ["sim", "-w", "echo", "--node-count", "1", "--time-limit", "1", "--seeds", "1..40"]
    let sweep = try await Launcher.run(words + ["--nats", Self.url(port)])
    #expect(sweep.status == 0, "\(sweep.errors)")
    let alone = try await Launcher.run(words + ["--json"])
    var merge = SweepMerge(wanted: 1...40)
    for line in alone.output.split(separator: "\n") { try merge.add(Data(line.utf8), at: "here") }
    #expect(sweep.output == merge.table.summary + "\n")
  }

  @Test("a server that an agent runs, and that ends by itself, ends the agent with the server's last words")
  func serverThatEnds() async throws {
    let (running, port) = try await Self.startServer()
    defer { running.end() }
    let agent = try Background(
      Launcher.products.appending(path: "workbench"),
      [
        "agent", "--nats", Self.url(port), "--name", "server-1", "--directory",
        try Launcher.freshDirectory().path,
        "--nats-server", "/bin/sh", "--", "-c", "echo the port is taken >&2; exit 1",
      ])
    agent.process.waitUntilExit()
    #expect(agent.process.terminationStatus == 255)
    #expect(
      agent.text.contains("/bin/sh has ended by itself: the port is taken. Its log is "), "\(agent.text)")
  }

  @Test("what can't work is told in a line")
  func refusals() async throws {
    let (running, port) = try await Self.startServer()
    defer { running.end() }
    let echo = ["-w", "echo", "--node-count", "1", "--nats"]
    let nobody = try await Launcher.test(echo + ["nats://127.0.0.1:1"])
    #expect(nobody.status == 255)
    #expect(nobody.errors.contains("there is no NATS server at nats://127.0.0.1:1"), "\(nobody.errors)")
    let stranger = try await Launcher.test(echo + [Self.url(port, password: "wrong")])
    #expect(stranger.status == 255)
    #expect(stranger.errors.contains("refuses this client"), "\(stranger.errors)")
    for (words, expected) in [
      (["localhost"], "like nats://127.0.0.1:4222"),
      ([Self.url(port), "--agents", "2"], "2 agents are too many"),
      ([Self.url(port), "--nemesis", "disk"], "leave disk out"),
      ([Self.url(port), "--nodes", "a.b"], "'a.b' can't be a node's name"),
      ([Self.url(port), "--nats-creds", "/nowhere"], "there is no file /nowhere"),
      ([Self.url(port), "--network", "real", "--nemesis", "loss,slow"], "can do loss, slow: leave that out"),
      ([Self.url(port), "--network", "real", "--delivery", "independent"], "leave --delivery out"),
      (
        [Self.url(port), "--network", "real", "--latency", "9", "--latency-dist", "uniform"],
        "leave --latency-dist out"
      ),
      ([Self.url(port), "--nemesis", "server", "--servers", "1"], "give 2 or more"),
      ([Self.url(port), "--servers", "2"], "--servers is for --nemesis server"),
    ] {
      let run = try await Launcher.test(
        echo.filter { !words.contains("--nodes") || !["--node-count", "1"].contains($0) } + words)
      #expect(run.status == 2 && run.errors.contains(expected), "\(run.errors)")
    }
    let arguments = try await Launcher.test(echo + [Self.url(port)], node: ["--fast"])
    #expect(arguments.errors.contains("give them to the agents, workbench agent … -- --fast"))
  }
}
