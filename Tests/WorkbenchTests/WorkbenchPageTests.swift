import Foundation
import Testing

@Suite("The description of the workbench")
struct WorkbenchPageTests {
  private static let page = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "docs/WORKBENCH.md")

  /// The fenced blocks that begin with a command of the simulator, as lines.
  private static func transcripts() throws -> [[String]] {
    try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```\n")
      .filter { $0.hasPrefix("$ bin/workbench sim ") }
      .map { $0.split(separator: "\n").map(String.init) }
  }

  @Test("its transcripts are what the simulator prints, digests included")
  func transcripts() async throws {
    let transcripts = try Self.transcripts()
    #expect(transcripts.count == 6)
    // Scripts that one command writes the next may read.
    let directory = try Launcher.freshDirectory()
    for transcript in transcripts {
      let words = transcript[0].split(separator: " ").map(String.init)
      let isProgram = words.contains("--bin")
      let root = Self.page.deletingLastPathComponent().deletingLastPathComponent()
      let run = try await Launcher.run(Array(words.dropFirst(2)), in: isProgram ? root : directory)
      // A system may refuse what programs in virtual time need.
      if isProgram, run.status == 255 { continue }
      let printed = run.output.replacing(
        Launcher.products.appending(path: "workbench").path, with: "bin/workbench"
      )
      .split(separator: "\n").map(String.init)
      .map { Self.comparable($0, isProgram) }
      let expected = transcript.dropFirst().map { Self.comparable($0, isProgram) }
      #expect(expected == printed, "\(transcript[0])\n\(run.errors)")
      #expect(run.status == (run.output.contains(" invalid, digest") ? 1 : 0))
    }
  }

  /// A line without what is different each time; of programs, without what depends on the version of an interpreter.
  private static func comparable(_ line: String, _ isProgram: Bool) -> String {
    if line.contains("times faster than real time") { return String(line.prefix { $0 != ";" }) }
    guard isProgram else { return line }
    if line.contains(" stops, ") { return "stops" }
    return line.replacing(/digest [0-9a-f]+/, with: "digest")
  }
}
