import Glomers
import Testing

@testable import Storage

@Suite struct RecordLogTests {
  @Test("what was committed is there again, in its order", arguments: RecordLog.Sync.allCases)
  func reopened(sync: RecordLog.Sync) throws {
    var disk = try MemoryDisk.holding([0..<1, 1..<4, 4..<300], sync: sync)
    #expect(try RecordLog.opened(&disk, sync: sync).count == 300)
  }

  @Test("what was appended and not committed is not there")
  func uncommitted() throws {
    var disk = try MemoryDisk.holding([0..<3])
    var log = try RecordLog.opened(&disk).log
    log.append(3..<5)
    #expect(log.pendingBytes > 0)
    #expect(try RecordLog.opened(&disk).count == 3)
  }

  @Test("the first commit writes the header, also without records")
  func header() throws {
    var disk = MemoryDisk()
    var log = try RecordLog.opened(&disk).log
    #expect(disk[.log] == nil)
    #expect(!log.isCommitted)
    try log.commit(to: &disk)
    #expect(log.isCommitted)
    let again = try RecordLog(opening: &disk, of: .notes, sync: .fdatasync) { _ in "a record" }
    #expect(again.identity == .notes)
    #expect(again.tornBytes == 0)
  }

  @Test("a commit of many records is one write and one sync")
  func groupCommit() throws {
    var disk = try MemoryDisk.holding([0..<1])
    var log = try RecordLog.opened(&disk).log
    // Room for what comes is made by this one.
    disk.growthBytes = 10_000
    log.append(1..<20)
    try log.commit(to: &disk)
    let (syncs, changes, bytes) = (disk.syncs, disk.changes, log.bytes)
    log.append(20..<70)
    try log.commit(to: &disk)
    #expect(disk.syncs == syncs + 1)
    #expect(disk.changes == changes + (log.bytes - bytes) + 1)
  }

  @Test("with --sync write nothing is synced before a checkpoint")
  func noSync() throws {
    var disk = try MemoryDisk.holding([0..<9, 9..<10], sync: .write)
    #expect(disk.syncs == 0)
    var log = try RecordLog.opened(&disk, sync: .write).log
    try log.writeCheckpoint(below: 10, on: &disk)
    #expect(disk.syncs == 1)
  }

  @Test("a log of another node, or of another kind of node, is refused before a record is read")
  func foreign() throws {
    let disk = try MemoryDisk.holding([0..<2])
    func problem(_ owner: NodeID, _ kind: String) -> LogError? {
      var copy = disk
      do throws(LogError) {
        _ = try RecordLog(opening: &copy, of: LogIdentity(owner: owner, kind: kind), sync: .fdatasync) { _ in
          Issue.record("a record was read")
          return nil
        }
        return nil
      } catch {
        return error
      }
    }
    #expect(problem("n1", "Notes") == .foreign(owner: "n0", "n1"))
    #expect(problem("n0", "Scores") == .otherKind("Notes", "Scores"))
    #expect("\(LogError.foreign(owner: "n0", "n1"))".contains("belongs to node n0"))
    #expect("\(LogError.otherKind("Notes", "Scores"))".contains("records of a Notes, and this is a Scores"))
  }

  @Test("a log of format 1, which does not tell its kind, is read, and a checkpoint of it tells it")
  func formatOne() throws {
    var disk = try MemoryDisk.holding([0..<5])
    var header = LogFormat.magic
    header.append(little: 1)
    header.append(little: 2)
    header += Array("n0".utf8)
    header.append(little: CRC32C.of(header.span))
    disk[.log] = header + disk[.log]!.dropFirst(LogFormat.header(.notes).count)
    var (log, count) = try RecordLog.opened(&disk)
    #expect(count == 5)
    try log.commit(to: &disk)
    try log.writeCheckpoint(below: 5, on: &disk)
    #expect(disk[.log]!.starts(with: LogFormat.header(.notes)))
    #expect(try RecordLog.opened(&disk).count == 5)
  }

  @Test("a record that the node does not know is refused with its offset, and nothing is changed")
  func unknownRecord() throws {
    var disk = try MemoryDisk.holding([0..<2, 2..<3])
    let before = disk
    var taken = 0
    let error = #expect(throws: LogError.self) {
      _ = try RecordLog(opening: &disk, of: .notes, sync: .fdatasync) { _ in
        taken += 1
        return taken == 3 ? "what is this?" : nil
      }
    }
    guard case .unreadable(let offset, let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason == "what is this?")
    #expect(offset == LogFormat.header(.notes).count + Self.frame(0..<2).count)
    #expect(disk[.log] == before[.log])
  }

  @Test("files that are no logs of this format are refused, each with its own words")
  func strangers() throws {
    let header = LogFormat.header(.notes)
    var newer = header
    newer[8] = 3
    var damaged = header
    damaged[17] ^= 1
    let cases: [([UInt8], LogError)] = [
      ([], .notALog), (Array("hello, world: some text".utf8), .notALog), (Array(header.prefix(7)), .notALog),
      (newer, .newerFormat(3)),
      (damaged, .corrupted(offset: 0, "the header's checksum is wrong")),
      (Array(header.dropLast()), .corrupted(offset: 0, "the header is damaged")),
    ]
    for (bytes, expected) in cases {
      var disk = MemoryDisk()
      disk[.log] = bytes
      #expect(throws: expected) { try RecordLog.opened(&disk) }
      #expect(disk[.log] == bytes)
    }
  }

  @Test("damage anywhere is refused at the frame's offset, or hurts nothing: no record is silently lost")
  func damage() throws {
    let batches = [0..<2, 2..<60, 60..<61, 61..<64]
    let sound = try MemoryDisk.holding(batches)
    let bytes = sound[.log]!
    var starts = [0, LogFormat.header(.notes).count]
    for batch in batches { starts.append(starts.last! + Self.frame(batch).count) }
    // Steps that meet every field of a frame in one frame or another, or it takes long.
    for position in stride(from: 0, to: bytes.count, by: 3) {
      var disk = sound
      var damaged = bytes
      damaged[position] ^= 0x55
      disk[.log] = damaged
      do throws(LogError) {
        let count = try RecordLog.opened(&disk).count
        // Only in the room at the end, where nothing was stored.
        #expect(count == 64)
        #expect(position >= starts.last!, "byte \(position)")
      } catch {
        guard case .corrupted(let offset, _) = error else {
          #expect(position < LogFormat.prefixBytes, "byte \(position): \(error)")
          continue
        }
        #expect(offset == starts.last { $0 <= position }, "byte \(position)")
      }
    }
  }

  @Test("a sector that has become zero in the middle is damage, not a torn tail")
  func lostSector() throws {
    let sound = try MemoryDisk.holding([0..<40, 40..<80, 80..<120])
    var disk = sound
    disk[.log]!.replaceSubrange(512..<1024, with: repeatElement(0, count: 512))
    let error = #expect(throws: LogError.self) { try RecordLog.opened(&disk) }
    guard case .corrupted? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("a last write that was cut off, at any byte, is cut away; the log goes on", arguments: [false, true])
  func torn(isFollowedByRoom: Bool) throws {
    let sound = try MemoryDisk.holding([0..<3, 3..<5], sync: .write)
    let whole = try MemoryDisk.holding([0..<3, 3..<5, 5..<9], sync: .write)
    let (start, end) = (sound[.log]!.count, whole[.log]!.count)
    for cut in start..<end {
      var bytes = Array(whole[.log]!.prefix(cut))
      if isFollowedByRoom { bytes += [UInt8](repeating: 0, count: 300) }
      var disk = MemoryDisk()
      disk[.log] = bytes
      var (log, count) = try RecordLog.opened(&disk)
      #expect(count == 5)
      #expect(log.tornBytes == (cut == start ? 0 : bytes.count - start))
      log.append(5..<6)
      try log.commit(to: &disk)
      #expect(try RecordLog.opened(&disk).count == 6)
    }
  }

  @Test("a batch of many windows, and a record of megabytes, come back")
  func huge() throws {
    var disk = MemoryDisk()
    disk.growthBytes = 64 << 10
    var log = try RecordLog.opened(&disk).log
    let big = [UInt8](repeating: UInt8(ascii: "7"), count: 3 << 20)
    log.append(big.span)
    for _ in 0..<100 { log.append(big.span.extracting(first: 20_000)) }
    try log.commit(to: &disk)
    var lengths: [Int] = []
    _ = try RecordLog(opening: &disk, of: .notes, sync: .fdatasync) {
      lengths.append($0.count)
      return nil
    }
    #expect(lengths == [3 << 20] + Array(repeating: 20_000, count: 100))
  }

  private static func frame(_ numbers: Range<Int>) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: LogFormat.frameHeaderBytes)
    for number in numbers { frame += Notes.text(number) + [UInt8(ascii: "\n")] }
    return frame
  }
}
