import ArgumentParser
import Fleet
import Foundation
import Workbench

extension SimCommand {
  /// Has agents run the seeds, and shows the table that one machine would have shown.
  func coordinate(_ address: ServerAddress) throws -> Never {
    let sweep = SweepQueue.Description(
      words: SeedLine.sweep(of: CommandLine.arguments), version: Version.text, seeds: seeds)
    var merge = SweepMerge(wanted: seeds)
    do {
      let queue = try SweepQueue(address, name: "sweep \(sweep.id)")
      let isNew = try queue.begin(sweep)
      tell(
        "sweep \(sweep.id) \(isNew ? "begins" : "goes on") on \(address.shown); if this command is interrupted, "
          + "give it again to go on")
      var progress = SweepProgress(count: seeds.count)
      var read: UInt64 = 0
      while merge.seedCount < seeds.count, !(untilFailure && merge.invalidCount > 0) {
        try queue.fill(sweep)
        var problem: SweepMerge.Problem?
        read = try queue.read(sweep, after: read) { lines in
          for line in lines.split(separator: UInt8(ascii: "\n")) where problem == nil {
            do throws(SweepMerge.Problem) {
              try merge.add(line, at: "a line of an agent's")
            } catch {
              problem = error
            }
          }
        }
        if let problem { throw problem }
        for line in progress.lines(merge, at: ContinuousClock.now) { tell(line) }
        if merge.seedCount < seeds.count { Thread.sleep(forTimeInterval: 0.1) }
      }
      queue.end(sweep)
    } catch let error as FleetError {
      tell("sim: \(error)")
      throw ExitCode(Bench.failureStatus)
    } catch let error as SweepMerge.Problem {
      tell("sim: \(error.text)")
      throw ExitCode(Command.usageStatus)
    }
    try merge.show()
    throw ExitCode(merge.invalidCount == 0 ? 0 : 1)
  }
}

/// How far a sweep on other hosts is, and when it will be through.
struct SweepProgress {
  private static let interval: Duration = .seconds(2)
  /// After so long without a line people are told what may be wrong.
  private static let stillness: Duration = .seconds(15)

  private let count: Int
  /// When the first line was seen, and how many seeds there were then: of a sweep that goes on, many at once.
  private var beginning: (time: ContinuousClock.Instant, seeds: Int)?
  private var last: (time: ContinuousClock.Instant, seeds: Int)?
  private var shown: ContinuousClock.Instant?

  init(count: Int) { self.count = count }

  /// What to tell now.
  mutating func lines(_ merge: SweepMerge, at now: ContinuousClock.Instant) -> [String] {
    let seeds = merge.seedCount
    if last?.seeds != seeds { last = (now, seeds) }
    if beginning == nil, seeds > 0 { beginning = (now, seeds) }
    guard let since = shown else {
      shown = now
      return []
    }
    if let last, now - last.time >= Self.stillness {
      guard now - since >= Self.stillness else { return [] }
      shown = now
      let missing = merge.missingRanges.prefix(1).map { "\($0.lowerBound)..\($0.upperBound)" }.joined()
      return [
        "\(seeds) of \(count) seeds; nothing has come for \(Int((now - last.time) / .seconds(1))) s. Are there agents "
          + "(workbench agent --sweep) of version \(Version.text)? Missing are \(missing), and maybe others"
      ]
    }
    guard now - since >= Self.interval else { return [] }
    shown = now
    var line = "\(seeds) of \(count) seeds, \(merge.invalidCount) invalid"
    if let beginning, seeds > beginning.seeds {
      let rate = Double(seeds - beginning.seeds) / ((now - beginning.time) / .seconds(1))
      line += String(format: ", %.0f/s, %.0f s left", rate, Double(count - seeds) / rate)
    }
    return [line]
  }
}
