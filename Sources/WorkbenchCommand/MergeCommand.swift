import ArgumentParser
import Foundation
import Workbench

/// `workbench merge`: the table of a sweep whose parts have run anywhere.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Makes one table of what many 'workbench sim --json' have written.",
    usage: "workbench merge [--seeds <first>..<last>] <file> …",
    discussion: """
      Reads a line a seed. A seed that is there twice counts once; two lines that differ in a seed's verdict or digest \
      are an error, and so are lines of different sweeps or of different versions of the workbench. Lines that are no \
      seed's, such as one that a kill has torn, are named and left out. Only lines count: not how the programs ended \
      that wrote them.

      EXAMPLES
        workbench merge --seeds 1..100000 lines/*.jsonl
        workbench merge --seeds 1..100000 --missing lines/*.jsonl

      EXIT STATUS
        0    all seeds are there, and none was found invalid
        1    some were found invalid
        2    none was found invalid, but seeds are missing; or the lines contradict
             one another; or the command line can't be used
        255  a run of a program could not be carried to its end
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Which seeds there should be (default: from the lowest that is there to the highest).",
      valueName: "seeds"),
    transform: Parse.seeds)
  var seeds: ClosedRange<UInt64>?

  @Flag(help: "Print the ranges of seeds that are missing, a line each, and nothing else.")
  var missing = false

  @Argument(help: ArgumentHelp("What 'sim --json' has written; - is stdin.", valueName: "file"))
  var files: [String]

  func run() throws {
    var merge = SweepMerge(wanted: seeds)
    do {
      for file in files {
        try LineFile(file).forEachLine { number, bytes in try merge.add(bytes, at: "\(file):\(number)") }
      }
    } catch let problem as SweepMerge.Problem {
      tell("merge: \(problem.text)")
      throw ExitCode(Command.usageStatus)
    }
    if missing {
      merge.showNotes()
      for range in merge.missingRanges { print("\(range.lowerBound)..\(range.upperBound)") }
      throw ExitCode(merge.isComplete ? 0 : Command.usageStatus)
    }
    try merge.show()
    throw ExitCode(merge.invalidCount > 0 ? 1 : merge.isComplete ? 0 : Command.usageStatus)
  }
}

extension SweepMerge {
  fileprivate func showNotes() {
    for note in notes { tell("note: \(note)") }
  }

  /// Prints what came together: invalid seeds, then the table. Throws the exit status if a run of a program could not be
  /// carried to its end.
  func show() throws {
    showNotes()
    for line in shownLines { print(line) }
    print(table.summary)
    if let fidelity { try fidelity.show() }
  }
}

/// A file, or stdin, line by line.
private struct LineFile {
  private static let chunkBytes = 1 << 20
  /// Longer than any line of a seed; more without a newline is taken for a line of its own.
  private static let lineBytesMax = 1 << 22

  let file: FileHandle

  init(_ path: String) throws(SweepMerge.Problem) {
    if path == "-" {
      file = .standardInput
      return
    }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw SweepMerge.Problem("\(path) can't be read; give files that 'workbench sim --json' has written")
    }
    self.file = file
  }

  /// Lines without their newlines, the last one also if it had none; empty lines are left out.
  func forEachLine(_ each: (_ number: Int, _ bytes: Data) throws -> Void) throws {
    var number = 1
    var rest = Data()
    while true {
      let chunk: Data?
      do {
        chunk = try file.read(upToCount: Self.chunkBytes)
      } catch {
        throw SweepMerge.Problem("can't be read: \(error.localizedDescription)")
      }
      guard let chunk, !chunk.isEmpty else { break }
      rest.append(chunk)
      var start = rest.startIndex
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        if end > start { try each(number, rest[start..<end]) }
        number += 1
        start = end + 1
      }
      rest = Data(rest[start...])
      if rest.count > Self.lineBytesMax {
        try each(number, rest)
        rest = Data()
      }
    }
    if !rest.isEmpty { try each(number, rest) }
  }
}
