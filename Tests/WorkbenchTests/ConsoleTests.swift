import Checkers
import Foundation
import Testing

@testable import Lab
@testable import Workbench

@Suite("The console and what a run leaves of itself", .timeLimit(.minutes(3)))
struct ConsoleTests {
  @Test("a painted line is cut to the terminal's width, and never wraps")
  func width() {
    let text = "12.3 s · running · 1200 operations"
    #expect(Console.fitting(text, columns: 80) == text)
    #expect(Console.fitting(text, columns: text.count + 1) == text)
    #expect(Console.fitting(text, columns: 12) == "12.3 s · r…")
    for columns in 0...40 { #expect(Console.fitting(text, columns: columns).count <= max(1, columns - 1)) }
  }

  @Test("there is colour on a terminal only, and none where NO_COLOR says so")
  func colour() {
    func manners(_ isTerminal: Bool, _ environment: [String: String]) -> Console.Manners {
      Console.Manners(isTerminal: isTerminal, environment: environment)
    }
    #expect(manners(true, [:]).colours && manners(true, [:]).repaints)
    #expect(manners(true, ["NO_COLOR": ""]).colours, "an empty one does not count")
    #expect(!manners(true, ["NO_COLOR": "1"]).colours && manners(true, ["NO_COLOR": "1"]).repaints)
    #expect(!manners(true, ["TERM": "dumb"]).colours && !manners(true, ["TERM": "dumb"]).repaints)
    #expect(!manners(false, [:]).colours && !manners(false, [:]).repaints)
  }

  @Test("lines have the colour of their news, and others none")
  func paint() {
    let text = "5 nodes\n✗ lost-value: gone\n  ! late\n\n" + Report.closingLine(.valid)
    #expect(
      Paint.painted(text)
        == "5 nodes\n\u{1B}[31m✗ lost-value: gone\u{1B}[0m\n\u{1B}[33m  ! late\u{1B}[0m\n\n\u{1B}[32m"
        + Report.closingLine(.valid) + "\u{1B}[0m")
  }

  @Test("a transcript ends where its room does, and says so")
  func transcript() throws {
    let path = try Launcher.freshDirectory().appending(path: "console.txt").path
    let transcript = try Transcript(path: path, limit: 20)
    for line in ["123456789", "123456789", "one more", "and more"] { transcript.add(line) }
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines == ["123456789", "… and more, for which this file has no room"])
  }

  @Test("words go to a shell and come back as they were")
  func quoting() {
    var command = CommandWords([
      "workbench", "test", "--seed=4", "--bin", "my node", "--seed", "5", "--", "--seed", "it's", "",
    ])
    command.set("--seed", "6")
    #expect(command.shell == "workbench test --bin 'my node' --seed 6 -- --seed 'it'\\''s' ''")
    #expect(CommandWords(["a", "--"]).words == ["a", "--"])
  }

  @Test(
    "a script whose interpreter can't run it is refused with the reason",
    arguments: [
      ("#!/nowhere/python3\n", "/nowhere/python3, and there is no such program"),
      ("#!/usr/bin/env nosuchlanguage\n", "env for 'nosuchlanguage', and no directory of PATH"),
      ("#!/usr/bin/env -S nosuchlanguage -u\n", "env for 'nosuchlanguage'"),
      ("#!/bin/sh\r\necho\r\n", "carriage return"), ("#!python3\n", "write #!/usr/bin/env python3"),
      ("#!\n", "names no interpreter"), ("#!/bin/sh", nil), ("#! /bin/sh -e\nexit", nil),
      ("#!/usr/bin/env sh\n", nil), ("#!/usr/bin/env -S A=1 sh -e\n", nil), ("#!/usr/bin/env /bin/sh\n", nil),
      ("exit 0\n", nil), ("", nil),
    ])
  func interpreters(_ text: String, _ problem: String?) throws {
    let found = Shebang(Array(text.utf8))?.problem(searchPath: "/usr/bin:/bin")
    #expect((found == nil) == (problem == nil), "\(found ?? "")")
    if let problem { #expect(found?.contains(problem) == true, "\(found ?? "")") }
    let script = try Launcher.freshDirectory().appending(path: "node").path
    #expect(
      FileManager.default.createFile(
        atPath: script, contents: Data(text.utf8), attributes: [.posixPermissions: 0o755]))
    if let problem { #expect(BenchSettings.problem(withExecutable: script)?.contains(problem) == true) }
  }

  @Test(
    "a run says what it was, on what machine, and how to run it again: in its results, and in a file before it ends"
  )
  func description() async throws {
    let options = ["-w", "echo", "--bin", Launcher.fixture("echo.py"), "--rate", "20", "--time-limit", "1"]
    let run = try await Launcher.test(
      options + ["--nodes", "a, b", "--seed", "3", "--password", "hush"], node: ["it's me"]
    ) { _, store in
      let file = store.appending(path: "current/run.edn").path
      while !FileManager.default.fileExists(atPath: file) { try await Task.sleep(for: .milliseconds(10)) }
    }
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    let told = try #require(try run.result("workbench", "run") as? [String: Any])
    let program = Launcher.products.appending(path: "workbench").path
    #expect(
      told["command"] as? String
        == "\(program) test --store \(run.store.path) \(options.joined(separator: " ")) --nodes 'a, b' --seed 3"
        + " -- 'it'\\''s me'")
    #expect((told["program"] as? [String: Any])?["path"] as? String == Launcher.fixture("echo.py"))
    #expect(told["arguments"] as? [String] == ["it's me"])
    let meant = try #require(told["options"] as? [String: Any])
    #expect(meant["nodes"] as? [String] == ["a", "b"])
    #expect(meant["seed"] as? Int == 3 && meant["rate"] as? Double == 20 && meant["concurrency"] as? Int == 2)
    let host = try #require(told["host"] as? [String: Any])
    #expect(try #require(host["processors"] as? Int) > 0)
    #expect((host["kernel"] as? String)?.isEmpty == false)
    #expect((told["versions"] as? [String: Any])?["workbench"] as? String == Version.number)
    let file = try run.file("run.edn")
    #expect(file.contains(":command") && file.contains(":load-average"))
    for text in [file, run.output, run.errors, try run.file("console.txt")] {
      #expect(!text.contains("hush"))
    }
    #expect(try run.file("node-logs/b.log").contains("echoing"))
  }

  @Test("the console's lines are kept with the run, the results only once")
  func console() async throws {
    let run = try await Launcher.test([
      "-w", "echo", "--bin", Launcher.fixture("echo.py"), "--rate", "20", "--time-limit", "1", "--node-count",
      "1",
      "--no-ssh",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    let kept = try run.file("console.txt").split(separator: "\n").map(String.init)
    for line in run.errors.split(separator: "\n") where !line.hasPrefix("note: ") {
      #expect(kept.contains(String(line)))
    }
    #expect(run.errors.contains("note: --no-ssh: nodes are processes on this machine"))
    #expect(kept.last == Report.closingLine(.valid))
    #expect(!kept.contains { $0.contains(":msgs-per-op") })
    let tail = run.output.split(separator: "\n").suffix(2)
    #expect(tail.first?.hasPrefix("100.00 % ok · server msgs/op 0.000 · all msgs/op 2.") == true, "\(tail)")
  }

  @Test(
    "a test that is asked for several times ends with the status of the worst run, each with a seed of its own"
  )
  func repeated() async throws {
    let run = try await Launcher.test([
      "-w", "echo", "--bin", Launcher.fixture("echo.py"), "--rate", "20", "--time-limit", "0.3",
      "--node-count", "1",
      "--seed", "8", "--test-count", "2",
    ])
    #expect(run.status == 0, "\(run.errors)\(run.output)")
    #expect(run.lastLine == "2 runs: 2 valid, 0 unknown, 0 invalid")
    #expect(
      run.errors.contains("[2/2]") && run.errors.contains("--seed 8\n") && run.errors.contains("--seed 9\n"))
    #expect(try run.result("workbench", "seed") as? Int == 9)
    let runs = try FileManager.default.contentsOfDirectory(atPath: run.store.appending(path: "echo").path)
    #expect(runs.count == 3, "two runs, and the link to the latest")
    #expect([0, 2, 0].reduce(0, Bench.worse) == 2)
    #expect([0, 1, 2].reduce(0, Bench.worse) == 1)
    #expect(Bench.tally([0, 1, 2, 1]) == "\n4 runs: 1 valid, 1 unknown, 2 invalid")
  }
}
