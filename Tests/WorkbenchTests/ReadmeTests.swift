import Foundation
import Testing

@Suite("The README")
struct ReadmeTests {
  private static let readme = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "README.md")

  /// The fenced blocks that begin with a command of the simulator, as lines.
  private static func transcripts() throws -> [[String]] {
    try String(contentsOf: readme, encoding: .utf8).components(separatedBy: "```\n")
      .filter { $0.hasPrefix("$ bin/workbench sim ") }
      .map { $0.split(separator: "\n").map(String.init) }
  }

  @Test("its transcripts are what the simulator prints, digests included")
  func transcripts() async throws {
    let transcripts = try Self.transcripts()
    #expect(transcripts.count == 1)
    for transcript in transcripts {
      let words = transcript[0].split(separator: " ").map(String.init)
      let run = try await Launcher.run(Array(words.dropFirst(2)))
      let printed = run.output.replacing(
        Launcher.products.appending(path: "workbench").path, with: "bin/workbench"
      )
      .split(separator: "\n").map(String.init)
      // One line tells how long it took.
      let isTimed = { (line: String) in line.contains("times faster than real time") }
      #expect(transcript.dropFirst().filter { !isTimed($0) } == printed.filter { !isTimed($0) })
      #expect(transcript.count(where: isTimed) == 1 && printed.count(where: isTimed) == 1)
      #expect(run.status == 1)
    }
  }
}
