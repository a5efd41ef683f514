import Glomers
import Storage

/// What the tests store: numbers, each padded to a length of its own, and checkpoints that stand for all
/// below one.
enum Notes {
  static func text(_ number: Int) -> [UInt8] {
    Array("{\"add\":\(number),\"pad\":\"\(String(repeating: "x", count: number * 7 % 23))\"}".utf8)
  }

  static func checkpoint(below number: Int) -> [UInt8] { Array("{\"below\":\(number)}".utf8) }

  /// How many numbers there are, if they are 0, 1, 2 and so on without gaps; else what is wrong.
  struct Reader {
    private(set) var count = 0

    mutating func take(_ record: Span<UInt8>) -> String? {
      let text = String(decoding: record.indices.map { record[$0] }, as: UTF8.self)
      let number = text.drop { !$0.isNumber }.prefix { $0.isNumber }
      guard let number = Int(number) else { return "no number in \(text)" }
      if text.hasPrefix("{\"below\":") {
        count = number
        return nil
      }
      guard number == count else { return "\(number) after \(count) numbers" }
      count += 1
      return nil
    }
  }
}

extension RecordLog {
  /// Opens a log of node n0, and counts what is in it.
  static func opened(
    _ disk: inout MemoryDisk, sync: Sync = .fdatasync
  ) throws(LogError) -> (log: RecordLog, count: Int) {
    var reader = Notes.Reader()
    let log = try RecordLog(opening: &disk, of: .notes, sync: sync) { reader.take($0) }
    return (log, reader.count)
  }

  mutating func append(_ numbers: Range<Int>) {
    for number in numbers { append(Notes.text(number).span) }
  }

  /// Replaces everything by one record.
  mutating func writeCheckpoint(below number: Int, on disk: inout MemoryDisk) throws(DiskError) {
    try beginCheckpoint(on: &disk)
    try appendToCheckpoint(Notes.checkpoint(below: number).span, on: &disk)
    try finishCheckpoint(on: &disk)
  }
}

extension LogIdentity {
  static let notes = LogIdentity(owner: "n0", kind: "Notes")
}

extension MemoryDisk {
  /// A disk with a log of these batches.
  static func holding(_ batches: [Range<Int>], sync: RecordLog.Sync = .fdatasync) throws -> MemoryDisk {
    var disk = MemoryDisk()
    disk.growthBytes = 300
    var log = try RecordLog.opened(&disk, sync: sync).log
    for batch in batches {
      log.append(batch)
      try log.commit(to: &disk)
    }
    return disk
  }
}
