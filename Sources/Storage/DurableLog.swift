public import Glomers

/// A node's log and the disk that it is on: what a process does with it in real time, and the simulator in virtual time.
public struct DurableLog<D: Disk & Sendable>: Sendable {
  /// What came of the records that were to be stored.
  public enum Outcome: Equatable, Sendable {
    /// There is nothing to store, or it is not yet time to try again.
    case idle
    case stored
    /// They will be tried again at ``deadline``. The error is told at the first failure.
    case failing(DiskError?)
  }

  /// How long a failing disk is left alone: at first, and after many failures.
  public static var retryDelays: ClosedRange<Duration> { .milliseconds(10)...Duration.milliseconds(500) }

  public var disk: D
  public private(set) var log: RecordLog
  /// When to try again, and how long that was from the last time.
  private var retry: (at: Instant, delay: Duration)?

  /// Reads the log of a node, or begins one.
  ///
  /// - Parameters:
  ///   - checkpointBytesMin: below this size the log is not to be replaced by a checkpoint.
  ///   - take: gets each record's JSON text, oldest first, and says what is wrong with it, if anything.
  public init(
    on disk: D, of identity: LogIdentity, sync: RecordLog.Sync,
    checkpointBytesMin: Int = RecordLog.checkpointBytesMin,
    take: (Span<UInt8>) -> String?
  ) throws(LogError) {
    var disk = disk
    log = try RecordLog(
      opening: &disk, of: identity, sync: sync, checkpointBytesMin: checkpointBytesMin, take: take)
    self.disk = disk
  }

  /// Adds a record to those that are stored next.
  public mutating func append(_ record: Span<UInt8>) { log.append(record) }

  /// When ``commit(at:isLast:)`` is to be called although nothing has happened.
  public var deadline: Instant? { retry?.at }

  /// Whether the disk failed when it was last tried.
  public var isFailing: Bool { retry != nil }

  /// Stores what was appended, in one write.
  ///
  /// - Parameter isLast: there is no later time to try again.
  public mutating func commit(at now: Instant, isLast: Bool = false) -> Outcome {
    guard !log.isCommitted else { return .idle }
    if let retry, now < retry.at, !isLast { return .idle }
    do throws(DiskError) {
      try log.commit(to: &disk)
    } catch {
      let isFirst = retry == nil
      let delay = retry.map { min($0.delay * 2, Self.retryDelays.upperBound) } ?? Self.retryDelays.lowerBound
      retry = (now + delay, delay)
      return .failing(isFirst ? error : nil)
    }
    retry = nil
    return .stored
  }

  /// Reads all that is stored, without what waits to be.
  ///
  /// - Parameter take: gets each record's JSON text, oldest first, and says what is wrong with it, if anything.
  public mutating func read(_ take: (Span<UInt8>) -> String?) throws(LogError) { try log.read(&disk, take) }

  /// Whether the log has grown so long that it should be replaced.
  public var wantsCheckpoint: Bool { log.wantsCheckpoint }

  /// The node has no records to replace the log with.
  public mutating func postponeCheckpoint() { log.postponeCheckpoint() }

  /// Replaces the log by records that stand for it. A disk that fails leaves it as it is; returns how it failed.
  ///
  /// - Parameter next: the next record's JSON text; nil at the end.
  public mutating func replace(by next: () -> [UInt8]?) -> DiskError? {
    do throws(DiskError) {
      try log.beginCheckpoint(on: &disk)
      while let record = next() { try log.appendToCheckpoint(record.span, on: &disk) }
      try log.finishCheckpoint(on: &disk)
      return nil
    } catch {
      log.abandonCheckpoint(on: &disk)
      return error
    }
  }
}
