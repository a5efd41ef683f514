public import Glomers
public import Lab
internal import Storage

/// The log of a simulated process, and the disk that it is on, which outlives the process.
@usableFromInline
struct SimulatedLog: Sendable {
  /// What came of records that were to be stored.
  @usableFromInline
  enum Outcome { case idle, stored, failing }

  /// Whether a log is to be replaced by a checkpoint.
  @usableFromInline
  enum Wish { case nothing, wantsCheckpoint }

  /// When the records that wait will be on the disk.
  @usableFromInline private(set) var storing: Instant?
  private let identity: LogIdentity
  /// Whether a kill takes what the disk had not synced along.
  private let losesPower: Bool
  /// While the node does not run.
  private var disk = MemoryDisk()
  /// While the node runs: its log, and the disk.
  private var log: DurableLog<MemoryDisk>?

  /// Disks take this long at most: long enough for a node to be killed between a record and its answer.
  private static var storingMax: Duration { .milliseconds(3) }
  /// So small that logs are replaced by checkpoints again and again.
  private static var checkpointBytesMin: Int { 2048 }

  @usableFromInline
  init(of name: NodeID, kind: String, losesPower: Bool) {
    identity = LogIdentity(owner: name, kind: kind)
    self.losesPower = losesPower
  }

  /// Reads the log, or begins one. Returns what is wrong with it.
  @usableFromInline
  mutating func open(_ take: (Span<UInt8>) -> String?) -> String? {
    do {
      log = try DurableLog(
        on: disk, of: identity, sync: losesPower ? .fdatasync : .write,
        checkpointBytesMin: Self.checkpointBytesMin, take: take)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// The process ends. Of what it was just writing, some part is on the disk.
  @usableFromInline
  mutating func kill(_ random: inout Random) {
    guard var log else { return }
    if storing != nil {
      log.disk.changesUntilCrash = Int.random(in: 0...log.log.pendingBytes, using: &random)
      _ = log.commit(at: .zero, isLast: true)
    }
    if losesPower { log.disk.losePower(using: &random) } else { log.disk.restart() }
    disk = log.disk
    self.log = nil
    storing = nil
  }

  /// Changes the state of the disk.
  @usableFromInline
  mutating func setDisk(_ condition: DiskCondition, _ random: inout Random) {
    if log == nil {
      disk.setCondition(condition, &random)
    } else {
      log!.disk.setCondition(condition, &random)
    }
  }

  @usableFromInline
  mutating func append(_ record: Span<UInt8>) { log!.append(record) }

  /// Stores what was appended; if the disk fails, that is tried again.
  @usableFromInline
  mutating func commit(at now: Instant) -> Outcome {
    let outcome: Outcome =
      switch log!.commit(at: now) {
      case .idle: .idle
      case .stored: .stored
      case .failing: .failing
      }
    storing = log!.deadline
    return outcome
  }

  /// Reads all that is stored; false if that can't be.
  @usableFromInline
  mutating func read(_ take: (Span<UInt8>) -> String?) -> Bool {
    do {
      try log!.read(take)
      return true
    } catch {
      return false
    }
  }

  /// Has what was appended stored, after a while.
  @usableFromInline
  mutating func settle(at now: Instant, _ random: inout Random) -> Wish {
    guard let isCommitted = log?.log.isCommitted else { return .nothing }
    guard !isCommitted else { return log!.wantsCheckpoint ? .wantsCheckpoint : .nothing }
    if storing == nil {
      storing = now + .nanoseconds(Int64.random(in: 0...Self.storingMax.nanoseconds, using: &random))
    }
    return .nothing
  }

  /// Puts records in the place of the log.
  @usableFromInline
  mutating func replace(by next: () -> [UInt8]?) { _ = log!.replace(by: next) }

  /// Leaves the log as it is: there is no checkpoint to be had now.
  @usableFromInline
  mutating func postponeCheckpoint() { log!.postponeCheckpoint() }
}

extension MemoryDisk {
  fileprivate mutating func setCondition(_ condition: DiskCondition, _ random: inout Random) {
    failing = []
    capacityBytes = .max
    switch condition {
    case .sound: break
    case .full: capacityBytes = (self[.log]?.count ?? 0) + Int.random(in: 0...1000, using: &random)
    case .failing: failing = Bool.random(using: &random) ? [.sync] : [.create, .write, .truncate, .replace]
    }
  }
}
