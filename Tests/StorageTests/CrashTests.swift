import Glomers
import Testing

@testable import Storage

/// Crashes at every byte that is written and at every other change of the disk, against a twin that only
/// counts.
@Suite struct CrashTests {
  /// One life of a process: appends, commits, failures that pass, and checkpoints, as the seed has them.
  private struct Life {
    /// How many records a commit has stored, and how many were ever appended.
    var acknowledged: Int
    var appended: Int
    var random: Random

    mutating func run(_ log: inout RecordLog, _ disk: inout MemoryDisk, steps: Int) throws(DiskError) {
      try log.commit(to: &disk)
      for _ in 0..<steps {
        let count = Int.random(in: 1...6, using: &random)
        log.append(appended..<appended + count)
        appended += count
        if Int.random(in: 0..<4, using: &random) == 0 { failOnce(&log, &disk) }
        try log.commit(to: &disk)
        acknowledged = appended
        guard Int.random(in: 0..<5, using: &random) == 0 else { continue }
        try log.writeCheckpoint(below: appended, on: &disk)
      }
    }

    private mutating func failOnce(_ log: inout RecordLog, _ disk: inout MemoryDisk) {
      disk.failing = [[.write, .sync, .truncate, .syncDirectory][Int.random(in: 0..<4, using: &random)]]
      do throws(DiskError) {
        try log.commit(to: &disk)
        acknowledged = appended
      } catch {}
      disk.failing = []
      if Bool.random(using: &random) { disk.writeBack(using: &random) }
    }
  }

  @Test(
    "after a kill anywhere, what is there is a prefix that holds all that was acknowledged", arguments: 0..<2)
  func killed(seed: UInt64) throws {
    try crashEverywhere(seed: seed, sync: seed.isMultiple(of: 2) ? .fdatasync : .write) { disk, _ in
      disk.restart()
    }
  }

  @Test("after a loss of power anywhere, the same holds with --sync fdatasync", arguments: 0..<3)
  func powerless(seed: UInt64) throws {
    try crashEverywhere(seed: seed, sync: .fdatasync) { disk, random in disk.losePower(using: &random) }
  }

  private func crashEverywhere(
    seed: UInt64, sync: RecordLog.Sync, _ crash: (inout MemoryDisk, inout Random) -> Void
  ) throws {
    var random = Random(seed: seed)
    var empty = MemoryDisk()
    empty.growthBytes = [64, 300, 700][Int(seed % 3)]
    var changesUntilCrash = 0
    var hasFinished = false
    while !hasFinished {
      var disk = empty
      disk.changesUntilCrash = changesUntilCrash
      changesUntilCrash += 1
      var log = try RecordLog.opened(&disk, sync: sync).log
      var life = Life(acknowledged: 0, appended: 0, random: Random(seed: seed))
      do {
        try life.run(&log, &disk, steps: 7)
        hasFinished = true
      } catch {
        #expect("\(error)".contains("the process has ended"))
      }
      crash(&disk, &random)

      // The next life may crash while it opens the log, too.
      disk.changesUntilCrash = Int.random(in: 0..<6, using: &random)
      _ = try? RecordLog.opened(&disk, sync: sync)
      crash(&disk, &random)

      var (second, count) = try RecordLog.opened(&disk, sync: sync)
      try #require(
        life.acknowledged <= count && count <= life.appended,
        "\(changesUntilCrash - 1) changes: \(life.acknowledged) ≤ \(count) ≤ \(life.appended)")
      var next = Life(acknowledged: count, appended: count, random: random)
      try next.run(&second, &disk, steps: 2)
      try #require(RecordLog.opened(&disk, sync: sync).count == next.appended)
    }
    // So that the loop can't have been over at once.
    #expect(changesUntilCrash > 500)
  }
}
