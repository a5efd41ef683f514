internal import CGlomers
public import Glomers
internal import Storage
public import Wire

/// The records of a node's process: the log in its data directory, and the retrying when the disk fails. Not
/// generic, like everything here that comes near C.
@usableFromInline
final class NodeStorage {
  /// What came of a turn's records.
  @usableFromInline
  enum Outcome {
    /// There is nothing to store, or it is not yet time to try again.
    case idle
    case stored
    case failing
  }

  /// The options of a node that stores records.
  @usableFromInline
  static let options = [
    Option(
      "data-dir", .text("", as: "DIRECTORY"),
      "Where this node keeps what must survive a kill; made if missing. Without it nothing is kept."),
    Option(
      "sync", .choice(RecordLog.Sync.fdatasync.rawValue, of: RecordLog.Sync.allCases.map(\.rawValue)),
      "What counts as stored: fdatasync survives a loss of power, write only the end of the process."),
  ]

  /// Records beyond this are stored before the end of the turn.
  @usableFromInline static let pendingBytesMax = 256 << 10
  private static let retryDelays = Duration.milliseconds(10)...Duration.milliseconds(500)

  /// For one record: filled by the caller, taken by ``append()``.
  @usableFromInline var writer = JSONWriter()

  private let path: String
  private var disk: DirectoryDisk
  private var log: RecordLog
  @usableFromInline private(set) var hasBegun = false
  /// When to try again, and how long that was from the last time.
  private var retry: (at: Instant, delay: Duration)?

  private init(path: String, disk: DirectoryDisk, log: RecordLog) {
    self.path = path
    self.disk = disk
    self.log = log
  }

  /// Opens the directory that the options name. Nil if they name none.
  ///
  /// Ends the process with status 1 where the directory can't be used, having said why.
  ///
  /// - Parameter take: gets each record of an earlier life, oldest first, and says what is wrong with it.
  @usableFromInline @inline(never)
  static func open(
    _ options: [String: Option.Value], storesRecords: Bool, take: (Span<UInt8>) -> String?
  ) -> NodeStorage? {
    guard case .text(let path, _)? = options["data-dir"] else { return nil }
    guard storesRecords else {
      logLine("--data-dir \(path) is not used: this node has nothing to keep")
      return nil
    }
    var sync = RecordLog.Sync.fdatasync
    if case .choice(let name, _)? = options["sync"], let named = RecordLog.Sync(rawValue: name) {
      sync = named
    }
    do {
      var disk = try DirectoryDisk(path)
      let log = try RecordLog(opening: &disk, sync: sync, take: take)
      if log.tornBytes > 0 {
        logLine(
          "--data-dir \(path): cut off \(log.tornBytes) bytes at \(log.bytes): a write never finished"
        )
      }
      return NodeStorage(path: path, disk: disk, log: log)
    } catch {
      logLine("--data-dir \(path): \(error)")
      endProcess(1)
    }
  }

  /// Why a node of this name can't have this directory; nil if it can.
  @usableFromInline @inline(never)
  func objection(to me: NodeID) -> RPCError? {
    log.objection(to: me).map { .preconditionFailed("--data-dir \(path): \($0)") }
  }

  /// Makes the directory this node's.
  @usableFromInline @inline(never)
  func begin(as me: NodeID) {
    hasBegun = true
    log.begin(as: me)
  }

  /// Adds the record that has been written to ``writer`` to those of this turn.
  @usableFromInline @inline(never)
  func append() {
    writer.withSpan { log.append($0) }
    writer.removeAll()
  }

  @usableFromInline var pendingBytes: Int { log.pendingBytes }

  /// When ``commit(at:isLast:)`` is to be called although nothing has happened.
  @usableFromInline var deadline: Instant? { retry?.at }

  /// Stores the records of the turn in one write.
  ///
  /// - Parameter isLast: the process ends: there is no later time to try again.
  @usableFromInline @inline(never)
  func commit(at now: Instant, isLast: Bool) -> Outcome {
    guard hasBegun, !log.isCommitted else { return .idle }
    if let retry, now < retry.at, !isLast { return .idle }
    do throws(DiskError) {
      try log.commit(to: &disk)
    } catch {
      if retry == nil { logLine("--data-dir \(path): \(error); trying again until it works") }
      let delay = retry.map { min($0.delay * 2, Self.retryDelays.upperBound) } ?? Self.retryDelays.lowerBound
      retry = (now + delay, delay)
      return .failing
    }
    if retry != nil { logLine("--data-dir \(path): storing works again") }
    retry = nil
    return .stored
  }

  // MARK: Checkpoints

  /// Whether the log has grown so long that it should be replaced. To be asked when all is stored.
  @usableFromInline var wantsCheckpoint: Bool { hasBegun && log.wantsCheckpoint }

  /// The node has no records to replace the log with.
  @usableFromInline @inline(never)
  func postponeCheckpoint() { log.postponeCheckpoint() }

  /// Replaces the log. A disk that fails leaves it as it is.
  ///
  /// - Parameter next: writes the next record to ``writer``; false at the end.
  @usableFromInline @inline(never)
  func replaceLog(_ next: () -> Bool) {
    do throws(DiskError) {
      try log.beginCheckpoint(on: &disk)
      while next() {
        try writer.withSpan { (record) throws(DiskError) in
          try log.appendToCheckpoint(record, on: &disk)
        }
        writer.removeAll()
      }
      try log.finishCheckpoint(on: &disk)
    } catch {
      writer.removeAll()
      log.abandonCheckpoint(on: &disk)
      logLine("--data-dir \(path): no checkpoint: \(error)")
    }
  }
}
