import Foundation
import Testing

@testable import WorkbenchCommand

@Suite("Sweeps in parts", .timeLimit(.minutes(3)))
struct SweepMergeTests {
  private static func line(
    _ seed: UInt64, _ verdict: String = "valid", digest: String = "00000000000000a1", more: String = "",
    sweep: String = #"["-w", "echo"]"#, version: String = "0.1.0"
  ) -> String {
    #"{"seed": \#(seed), "verdict": "\#(verdict)", "digest": "\#(digest)", "messages": 10, "virtual-seconds": 2.5, "#
      + more + #""sweep": \#(sweep), "version": "\#(version)"}"#
  }

  private static func merge(_ lines: [String], wanted: ClosedRange<UInt64>? = nil) throws -> SweepMerge {
    var merge = SweepMerge(wanted: wanted)
    for (place, line) in lines.enumerated() { try merge.add(Data(line.utf8), at: "part:\(place + 1)") }
    return merge
  }

  private static func problem(_ lines: String...) -> String {
    (#expect(throws: SweepMerge.Problem.self) { try merge(lines) })?.text ?? ""
  }

  @Test("a seed that is there twice counts once")
  func repeated() throws {
    let merge = try Self.merge([Self.line(1), Self.line(2), Self.line(1)], wanted: 1...2)
    #expect(
      merge.table.summary == "2 seeds: 2 valid, 0 unknown, 0 invalid; 5.0 s of virtual time, 20 messages")
    #expect(merge.isComplete)
    #expect(merge.notes == ["lines that were there before, with the same digest: 1"])
  }

  @Test("a seed with two digests or two verdicts is an error that names both")
  func contradictions() throws {
    let digests = Self.problem(Self.line(7), Self.line(7, digest: "00000000000000b2"))
    #expect(digests.contains("part:2: seed 7 is valid with digest 00000000000000b2 here"), "\(digests)")
    #expect(digests.contains("00000000000000a1 in an earlier line"))
    #expect(Self.problem(Self.line(7), Self.line(7, "invalid")).contains("seed 7 is invalid"))
  }

  @Test("lines of two sweeps or of two versions are not put together")
  func strangers() {
    #expect(Self.problem(Self.line(1), Self.line(2, sweep: #"["-w", "kafka"]"#)).contains("another sweep"))
    #expect(
      Self.problem(Self.line(1), Self.line(2, version: "0.2.0")).contains("written by workbench 0.2.0"))
  }

  @Test("seeds without a line are named as ranges, at both ends of what was asked for, too")
  func missing() throws {
    let merge = try Self.merge([4, 5, 7].map { Self.line($0) }, wanted: 1...10)
    #expect(merge.missingRanges == [1...3, 6...6, 8...10])
    #expect(merge.table.summary.hasSuffix("\nmissing seeds: 1..3, 6, 8..10"))
    #expect(!merge.isComplete)
    let unasked = try Self.merge([4, 5, 7].map { Self.line($0) })
    #expect(unasked.missingRanges == [6...6])
    let last = try Self.merge([0, UInt64.max].map { Self.line($0) })
    #expect(last.missingRanges == [1...(UInt64.max - 1)])
    #expect(try Self.merge([], wanted: 1...3).missingRanges == [1...3])
  }

  @Test(
    "what is no line of a seed is left out and named, and counts as a seed less unless all seeds are there",
    arguments: [
      #"{"seed": 3, "verdict": "val"#, "[]", "\u{0}", #"{"seed": -1}"#,
      line(3, "splendid"), line(3, digest: "short"), line(3).replacing("2.5", with: "-2.5"),
      line(3).replacing(": 10,", with: ": 68719476737,"), line(3).replacing("10,", with: "1e400,"),
    ])
  func unreadable(_ text: String) throws {
    let merge = try Self.merge([Self.line(1), text, Self.line(2)])
    #expect(merge.notes == ["part:2 is no line of 'sim --json' (torn by a kill?): left out"])
    #expect(!merge.isComplete)
    #expect(try Self.merge([Self.line(1), text, Self.line(2)], wanted: 1...2).isComplete)
  }

  @Test("members that are unknown are no offence")
  func unknownMembers() throws {
    #expect(try Self.merge([Self.line(1, more: #""colour": {"deep": [1]}, "#)]).notes.isEmpty)
  }

  @Test("of very many invalid seeds the first are shown, and the others counted")
  func many() throws {
    let merge = try Self.merge((1...100).map { Self.line($0, "invalid") })
    #expect(merge.shownLines.count == 2 * SweepMerge.shownMax + 1)
    #expect(merge.shownLines.last?.hasPrefix("and 80 more invalid seeds: 21, 22, ") == true)
    #expect(merge.table.invalidCount == 100)
  }

  private static let load =
    "-w txn-rw-register --node-count 3 --rate 20 --time-limit 5 --key-count 2 --consistency-models serializable"
    .split(separator: " ").map(String.init)

  @Test("the table of parts that overlap is that of one machine, and each seed is written as it is read")
  func parts() async throws {
    let directory = try Launcher.freshDirectory()
    var files: [String] = []
    for seeds in ["1..4", "4..6"] {
      let run = try await Launcher.run(
        ["sim"] + Self.load + ["--latency-limit", "600", "--seeds", seeds, "--json"])
      #expect(run.status == 1)
      #expect(run.errors.contains("3 seeds: ") || run.errors.contains("4 seeds: "), "\(run.errors)")
      for text in run.output.split(separator: "\n") {
        #expect(try SeedLine(json: Data(text.utf8)).json == text)
      }
      files.append(directory.appending(path: seeds).path)
      try Data(run.output.utf8).write(to: URL(filePath: files.last!))
    }
    let whole = try await Launcher.run(["sim"] + Self.load + ["--latency-limit", "600", "--seeds", "1..6"])
    let merged = try await Launcher.run(["merge", "--seeds", "1..6"] + files)
    #expect(merged.status == 1)
    func table(_ run: FinishedRun) -> [String] {
      run.output.split(separator: "\n").filter { !$0.hasPrefix("  replay: ") }
        .map { $0.prefix { $0 != ";" }.description }.sorted()
    }
    #expect(table(merged) == table(whole))
    #expect(merged.output.contains("  replay: bin/workbench sim \(Self.load.joined(separator: " "))"))

    let short = try await Launcher.run(["merge", "--seeds", "1..9", "--missing"] + files)
    #expect(short.output == "7..9\n" && short.status == 2)
    let absent = try await Launcher.run(["merge", "/nowhere/lines"])
    #expect(absent.status == 2 && absent.errors.contains("/nowhere/lines can't be read"))
  }

  /// The blocks of docs/hosts.md that begin with a line that says so.
  private static func recipe(_ title: String) throws -> String {
    let document = fixtures("docs/hosts.md")
    let blocks = try String(contentsOf: document, encoding: .utf8).components(separatedBy: "```")
    return String(try #require(blocks.first { $0.hasPrefix("sh\n# \(title)") }).dropFirst(3))
  }

  private static func fixtures(_ path: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: path)
  }

  /// Runs a script where `bin/` is what was built. Returns its status and what it wrote to stdout.
  private static func shell(_ script: String, in directory: URL, _ environment: [String: String] = [:]) throws
    -> (status: Int32, output: String)
  {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = directory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }

  private static func workplace() throws -> URL {
    let directory = try Launcher.freshDirectory()
    try FileManager.default.createSymbolicLink(
      at: directory.appending(path: "bin"), withDestinationURL: Launcher.products)
    return directory
  }

  private static var hasParallel: Bool {
    (try? shell("parallel --version", in: FileManager.default.temporaryDirectory).output.contains("GNU"))
      ?? false
  }

  @Test(
    "the recipe for GNU parallel works as written", .enabled(if: hasParallel, "GNU parallel is not installed")
  )
  func parallel() throws {
    let script = try Self.recipe("GNU parallel").replacing("part=1000", with: "part=2")
      .replacing("parts=100", with: "parts=3")
    let done = try Self.shell(script, in: try Self.workplace())
    #expect(done.output.contains("6 seeds: 6 valid"), "\(done.output)")
    #expect(done.status == 0)
  }

  @Test(
    "the recipe for a Slurm array works as written, and a task that was killed is found by its missing seeds")
  func slurm() throws {
    let directory = try Self.workplace()
    let script = try Self.recipe("Slurm array").replacing("part=1000", with: "part=2")
    for task in [0, 2] {
      let done = try Self.shell(script, in: directory, ["SLURM_ARRAY_TASK_ID": "\(task)"])
      #expect(done.status == 0)
    }
    let merged = try Self.shell("bin/workbench merge --seeds 1..6 lines/*.jsonl", in: directory)
    #expect(merged.output.contains("missing seeds: 3..4"), "\(merged.output)")
    #expect(merged.status == 2)
  }
}
