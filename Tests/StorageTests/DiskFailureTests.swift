import Glomers
import Testing

@testable import Storage

@Suite struct DiskFailureTests {
  @Test(
    "a disk that is full in the middle of a write keeps what was committed, and takes the rest later"
  )
  func full() throws {
    for room in stride(from: 0, through: 200, by: 3) {
      var disk = try MemoryDisk.holding([0..<10], sync: .write)
      var log = try RecordLog.opened(&disk, sync: .write).log
      disk.capacityBytes = log.bytes + room
      log.append(10..<20)
      #expect(throws: DiskError("write log", "no space left on device")) { try log.commit(to: &disk) }
      #expect(!log.isCommitted)
      var copy = disk
      #expect(try RecordLog.opened(&copy, sync: .write).count == 10)
      disk.capacityBytes = .max
      log.append(20..<21)
      try log.commit(to: &disk)
      #expect(try RecordLog.opened(&disk, sync: .write).count == 21)
    }
  }

  @Test(
    "after any failed operation the same commit can be made again, and lasts",
    arguments: MemoryDisk.Operation.allCases)
  func retried(operation: MemoryDisk.Operation) throws {
    for seed in 0..<20 {
      var random = Random(seed: UInt64(seed))
      var disk = try MemoryDisk.holding([0..<10])
      var log = try RecordLog.opened(&disk).log
      log.append(10..<14)
      disk.failing = [operation]
      for _ in 0..<3 { _ = try? log.commit(to: &disk) }
      log.append(14..<16)
      disk.failing = []
      // Where the operation is not part of a commit, the first has succeeded.
      try log.commit(to: &disk)
      #expect(log.isCommitted)
      disk.losePower(using: &random)
      #expect(try RecordLog.opened(&disk).count == 16)
    }
  }

  @Test("a sync that failed has lost what it was to save: only writing it again helps")
  func failedSync() throws {
    var random = Random(seed: 1)
    var disk = try MemoryDisk.holding([0..<10])
    var log = try RecordLog.opened(&disk).log
    log.append(10..<14)
    disk.failing = [.sync]
    #expect(throws: DiskError.self) { try log.commit(to: &disk) }
    disk.failing = []
    // To sync again and believe it would be the mistake.
    var naive = disk
    try naive.sync(.log)
    naive.losePower(using: &random)
    #expect(try RecordLog.opened(&naive).count == 10)
    try log.commit(to: &disk)
    disk.losePower(using: &random)
    #expect(try RecordLog.opened(&disk).count == 14)
  }

  @Test("a directory that can't be synced makes no file count as stored")
  func newFile() throws {
    for seed in 0..<20 {
      var random = Random(seed: UInt64(seed))
      var disk = MemoryDisk()
      var log = try RecordLog.opened(&disk).log
      log.append(0..<2)
      disk.failing = [.syncDirectory]
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.failing = []
      try log.commit(to: &disk)
      disk.losePower(using: &random)
      #expect(try RecordLog.opened(&disk).count == 2)
    }
  }

  @Test("what was read of an earlier life is synced before it is acted upon")
  func earlierLife() throws {
    for seed in 0..<20 {
      var random = Random(seed: UInt64(seed))
      var disk = try MemoryDisk.holding([0..<2])
      var log = try RecordLog.opened(&disk).log
      log.append(2..<4)
      // Killed between the write and the sync.
      disk.changesUntilCrash = LogFormat.frameHeaderBytes + log.pendingBytes
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.restart()
      #expect(try RecordLog.opened(&disk).count == 4)
      disk.losePower(using: &random)
      #expect(try RecordLog.opened(&disk).count == 4)
    }
  }

  @Test("what the disk has got of a failed write is never mixed with the next one")
  func mixed() throws {
    for seed in 0..<60 {
      var random = Random(seed: UInt64(seed))
      var disk = try MemoryDisk.holding([0..<2])
      var log = try RecordLog.opened(&disk).log
      log.append(2..<40)
      disk.failing = [.write]
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.failing = [.sync]
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.failing = []
      // Written as it should be, but for the sync; then the machine writes back what it likes.
      disk.changesUntilCrash = 1 << 20
      var rehearsal = (log, disk)
      try rehearsal.0.commit(to: &rehearsal.1)
      disk.changesUntilCrash = rehearsal.1.changes - disk.changes - 1
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.restart()
      disk.writeBack(using: &random)
      log.append(40..<60)
      rehearsal = (log, disk)
      try rehearsal.0.commit(to: &rehearsal.1)
      disk.changesUntilCrash = rehearsal.1.changes - disk.changes - 1
      #expect(throws: DiskError.self) { try log.commit(to: &disk) }
      disk.losePower(using: &random)
      #expect(try [2, 40, 60].contains(RecordLog.opened(&disk).count))
    }
  }
}
