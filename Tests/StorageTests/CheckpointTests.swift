import Glomers
import Testing

@testable import Storage

@Suite struct CheckpointTests {
  @Test("a checkpoint takes the place of the log, and records go on behind it")
  func replaced() throws {
    var disk = try MemoryDisk.holding([0..<500])
    var (log, count) = try RecordLog.opened(&disk)
    let before = log.bytes
    try log.writeCheckpoint(below: count, on: &disk)
    #expect(log.bytes < before / 10)
    #expect(disk[.next] == nil)
    log.append(500..<502)
    try log.commit(to: &disk)
    #expect(try RecordLog.opened(&disk).count == 502)
  }

  @Test("a log wants one beyond a megabyte, and then at four times the length of the last")
  func wanted() throws {
    var disk = MemoryDisk()
    disk.growthBytes = 1 << 20
    var log = try RecordLog.opened(&disk).log
    let record = [UInt8](repeating: UInt8(ascii: "1"), count: 100_000)
    func grow(by count: Int) throws {
      for _ in 0..<count { log.append(record.span) }
      try log.commit(to: &disk)
    }
    try grow(by: 10)
    #expect(!log.wantsCheckpoint)
    try grow(by: 1)
    #expect(log.wantsCheckpoint)
    try log.beginCheckpoint(on: &disk)
    for _ in 0..<5 { try log.appendToCheckpoint(record.span, on: &disk) }
    try log.finishCheckpoint(on: &disk)
    try log.commit(to: &disk)
    try grow(by: 14)
    #expect(!log.wantsCheckpoint)
    // An heir knows how long the checkpoint was.
    var heir = try RecordLog(opening: &disk, of: .notes, sync: .fdatasync) { _ in nil }
    #expect(!heir.wantsCheckpoint)
    try grow(by: 2)
    #expect(log.wantsCheckpoint)
    heir = try RecordLog(opening: &disk, of: .notes, sync: .fdatasync) { _ in nil }
    #expect(heir.wantsCheckpoint)
    log.postponeCheckpoint()
    #expect(!log.wantsCheckpoint)
    try grow(by: 11)
    #expect(log.wantsCheckpoint)
  }

  @Test(
    "a checkpoint that fails leaves the log as it was",
    arguments: [MemoryDisk.Operation.create, .write, .sync, .replace])
  func failed(operation: MemoryDisk.Operation) throws {
    var disk = try MemoryDisk.holding([0..<50])
    var log = try RecordLog.opened(&disk).log
    disk.failing = [operation]
    #expect(throws: DiskError.self) { try log.writeCheckpoint(below: 7, on: &disk) }
    log.abandonCheckpoint(on: &disk)
    disk.failing = []
    #expect(disk[.next] == nil)
    log.append(50..<51)
    try log.commit(to: &disk)
    #expect(try RecordLog.opened(&disk).count == 51)
  }

  @Test("records behind a checkpoint don't count as stored while the old log could come back")
  func oldLog() throws {
    for seed in 0..<20 {
      var random = Random(seed: UInt64(seed))
      var disk = try MemoryDisk.holding([0..<50])
      var log = try RecordLog.opened(&disk).log
      disk.failing = [.syncDirectory]
      try log.writeCheckpoint(below: 50, on: &disk)
      log.append(50..<51)
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.failing = []
      try log.commit(to: &disk)
      disk.losePower(using: &random)
      #expect(try RecordLog.opened(&disk).count == 51)
    }
  }
}
