/// A write-ahead log: records are appended, and committed together; what was committed is there after a
/// crash.
///
/// Sans-IO but for the disk, which is handed in with each call: the process that uses a log can die, and the
/// disk be opened by another. After an error of the disk the log is as it was, and the same call may be made
/// again.
public struct RecordLog: Sendable {
  /// When a record counts as stored.
  public enum Sync: String, CaseIterable, Sendable {
    /// When the disk has it: it survives a loss of power.
    case fdatasync
    /// When the operating system has it: it survives the end of the process, however sudden.
    case write
  }

  /// A log below this size is not worth a checkpoint, if nothing else is said.
  public static let checkpointBytesMin = 1 << 20
  /// A log is replaced by a checkpoint when it is this many times as long as its last one: so what is written
  /// for checkpoints is at most a third of what is written in all.
  public static let growthMax = 4
  /// A batch buffer beyond this is given back.
  private static let keptBatchBytesMax = 1 << 20
  /// A checkpoint is written in frames of about this size.
  private static let checkpointFrameBytes = 256 << 10

  public let identity: LogIdentity
  /// What was cut off at opening: bytes of a write that was never finished.
  public let tornBytes: Int
  /// How long the log is, without the room at its end.
  public private(set) var bytes = 0

  private let sync: Sync
  private let checkpointBytesMin: Int
  private var fileBytes = 0
  private var fileExists = false
  /// Whether there may be something behind the log's end that was not stored.
  private var isTailDirty = false
  /// Whether a loss of power might bring back the file that was the log before.
  private var isDirectoryDirty = false
  /// The frame that is committed next.
  private var batch = RecordLog.emptyFrame
  private var checkpointDueBytes: Int
  private var checkpoint: Checkpoint?

  private struct Checkpoint {
    var bytes: Int
    var frame = RecordLog.emptyFrame
  }

  private static var emptyFrame: [UInt8] { [UInt8](repeating: 0, count: LogFormat.frameHeaderBytes) }

  // MARK: Opening

  /// Reads what an earlier life has stored.
  ///
  /// - Parameters:
  ///   - identity: whose log it is, or is to be.
  ///   - checkpointBytesMin: below this size the log is not to be replaced by a checkpoint.
  ///   - take: gets each record's JSON text, oldest first, and says what is wrong with it, if anything.
  public init(
    opening disk: inout some Disk, of identity: LogIdentity, sync: Sync,
    checkpointBytesMin: Int = RecordLog.checkpointBytesMin,
    take: (Span<UInt8>) -> String?
  ) throws(LogError) {
    self.identity = identity
    self.sync = sync
    self.checkpointBytesMin = checkpointBytesMin
    let size: Int?
    do { size = try disk.size(of: .log) } catch { throw .disk(error) }
    guard let size else {
      tornBytes = 0
      checkpointDueBytes = checkpointBytesMin
      return
    }
    var scanner = LogScanner(fileBytes: size)
    let findings = try scanner.scan(&disk, of: identity, take: take)
    bytes = findings.soundBytes
    tornBytes = findings.tornBytes
    fileBytes = size
    fileExists = true
    checkpointDueBytes = max(checkpointBytesMin, Self.growthMax * findings.checkpointBytes)
    // The earlier life may have ended between a write and its sync. What is acted upon from now on has to
    // last.
    isTailDirty = tornBytes > 0
    isDirectoryDirty = true
    do {
      if sync == .fdatasync { try disk.sync(.log) }
      try makeReady(&disk)
    } catch {
      throw .disk(error)
    }
  }

  // MARK: Storing

  /// Bytes that the next commit will write.
  public var pendingBytes: Int { batch.count - LogFormat.frameHeaderBytes }

  /// Whether a commit has anything to do.
  public var isCommitted: Bool { pendingBytes == 0 && fileExists && !isTailDirty && !isDirectoryDirty }

  /// Adds a record, a JSON text without line breaks, to those that are committed next.
  public mutating func append(_ record: Span<UInt8>) { Self.append(record, to: &batch) }

  /// Stores what was appended: all of it, or, after an error, none of it for certain.
  public mutating func commit(to disk: inout some Disk) throws(DiskError) {
    try makeReady(&disk)
    guard pendingBytes > 0 else { return }
    if sync == .fdatasync, bytes + batch.count > fileBytes { try makeRoom(&disk) }
    LogFormat.seal(&batch)
    isTailDirty = true
    try disk.write(batch.span, to: .log, at: bytes)
    if sync == .fdatasync { try disk.sync(.log) }
    isTailDirty = false
    bytes += batch.count
    fileBytes = max(fileBytes, bytes)
    // Memory that one huge batch took is given back.
    let isHuge = batch.capacity > Self.keptBatchBytesMax
    batch.removeAll(keepingCapacity: !isHuge)
    batch += Self.emptyFrame
  }

  /// Reads all that was committed.
  ///
  /// - Parameter take: gets each record's JSON text, oldest first, and says what is wrong with it, if anything.
  func read(_ disk: inout some Disk, _ take: (Span<UInt8>) -> String?) throws(LogError) {
    guard fileExists else { return }
    var scanner = LogScanner(fileBytes: bytes)
    _ = try scanner.scan(&disk, of: identity, take: take)
  }

  /// Brings the file into a state in which a frame can be written at the log's end.
  private mutating func makeReady(_ disk: inout some Disk) throws(DiskError) {
    if !fileExists { try create(&disk) }
    if isTailDirty {
      // What is left of a failed write goes first, and for good: mixed with the next one it would look like
      // damage.
      try disk.truncate(.log, to: bytes)
      fileBytes = bytes
      if sync == .fdatasync { try disk.sync(.log) }
      isTailDirty = false
    }
    if isDirectoryDirty {
      if sync == .fdatasync { try disk.syncDirectory() }
      isDirectoryDirty = false
    }
  }

  /// Lengthens the file by more than the batch needs. Overwriting what is there already spares the file
  /// system a change of the file's size with every batch: on ext4 nine tenths of the time of an fdatasync.
  private mutating func makeRoom(_ disk: inout some Disk) throws(DiskError) {
    let room = [UInt8](repeating: 0, count: max(disk.growthBytes, 2 * batch.count))
    isTailDirty = true
    try disk.write(room.span, to: .log, at: fileBytes)
    fileBytes += room.count
    isTailDirty = false
  }

  private mutating func create(_ disk: inout some Disk) throws(DiskError) {
    let header = LogFormat.header(identity)
    try disk.create(.next)
    try disk.write(header.span, to: .next, at: 0)
    if sync == .fdatasync { try disk.sync(.next) }
    try disk.replaceLog()
    fileExists = true
    isDirectoryDirty = true
    bytes = header.count
    fileBytes = header.count
  }

  private static func append(_ record: Span<UInt8>, to frame: inout [UInt8]) {
    unsafe record.withUnsafeBufferPointer { unsafe frame.append(contentsOf: $0) }
    frame.append(UInt8(ascii: "\n"))
  }

  // MARK: Checkpoints

  /// Whether the log has grown so long that records which stand for all of it should take its place.
  public var wantsCheckpoint: Bool { bytes > checkpointDueBytes && isCommitted }

  /// Asks again when the log has grown by another ``checkpointBytesMin``.
  public mutating func postponeCheckpoint() { checkpointDueBytes = bytes + checkpointBytesMin }

  /// Begins a new file. It takes the place of the log with ``finishCheckpoint(on:)``; until then, or if
  /// anything fails, the log stays what it is.
  public mutating func beginCheckpoint(on disk: inout some Disk) throws(DiskError) {
    precondition(isCommitted, "a checkpoint stands for what is stored")
    let header = LogFormat.header(identity)
    try disk.create(.next)
    try disk.write(header.span, to: .next, at: 0)
    checkpoint = Checkpoint(bytes: header.count)
  }

  /// Adds a record to the new file.
  public mutating func appendToCheckpoint(
    _ record: Span<UInt8>, on disk: inout some Disk
  ) throws(DiskError) {
    Self.append(record, to: &checkpoint!.frame)
    if checkpoint!.frame.count >= Self.checkpointFrameBytes { try writeCheckpointFrame(&disk) }
  }

  /// Puts the new file in the place of the log. It is synced in any case: to lose a log as a whole is worse
  /// than to lose its end.
  public mutating func finishCheckpoint(on disk: inout some Disk) throws(DiskError) {
    if checkpoint!.frame.count > LogFormat.frameHeaderBytes { try writeCheckpointFrame(&disk) }
    try writeCheckpointFrame(&disk)
    try disk.sync(.next)
    try disk.replaceLog()
    bytes = checkpoint!.bytes
    fileBytes = bytes
    isDirectoryDirty = true
    checkpointDueBytes = max(checkpointBytesMin, Self.growthMax * bytes)
    checkpoint = nil
  }

  /// Forgets a checkpoint that could not be written, and puts the next one off.
  public mutating func abandonCheckpoint(on disk: inout some Disk) {
    checkpoint = nil
    postponeCheckpoint()
    // What is left is overwritten by the next checkpoint.
    try? disk.remove(.next)
  }

  private mutating func writeCheckpointFrame(_ disk: inout some Disk) throws(DiskError) {
    LogFormat.seal(&checkpoint!.frame)
    try disk.write(checkpoint!.frame.span, to: .next, at: checkpoint!.bytes)
    checkpoint!.bytes += checkpoint!.frame.count
    checkpoint!.frame.removeAll(keepingCapacity: true)
    checkpoint!.frame += Self.emptyFrame
  }
}
