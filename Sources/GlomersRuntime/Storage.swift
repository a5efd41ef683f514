internal import CGlomers
public import Glomers
internal import Storage
public import Wire

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

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
      "Where nodes keep what must survive a kill, each in a directory of its name. Without it nothing is kept."
    ),
    Option(
      "sync", .choice(RecordLog.Sync.fdatasync.rawValue, of: RecordLog.Sync.allCases.map(\.rawValue)),
      "What counts as stored: fdatasync survives a loss of power, write only the end of the process."),
  ]

  /// Adds what the command line leaves open and the environment says: `GLOMERS_DATA_DIR`, `GLOMERS_SYNC`. A test
  /// bench can so give a directory to nodes that know what to do with it, and not confuse those that don't.
  static func addingEnvironment(
    to values: [String: Option.Value]
  ) throws(UsageError) -> [String: Option.Value] {
    var values = values
    for option in options where values[option.name] == nil {
      let name = "GLOMERS_" + String(option.name.uppercased().map { $0 == "-" ? "_" : $0 })
      guard let text = getenv(name) else { continue }
      guard let value = option.value(parsing: String(cString: text)) else {
        throw UsageError(
          message: "\(name) can't be '\(String(cString: text))': it takes \(option.placeholder)")
      }
      values[option.name] = value
    }
    return values
  }

  /// Records beyond this are stored before the end of the turn.
  @usableFromInline static let pendingBytesMax = 256 << 10

  /// For one record: filled by the caller, taken by ``append()``.
  @usableFromInline var writer = JSONWriter()

  /// Where the nodes' directories are, and then this node's.
  private var path: String
  private let sync: RecordLog.Sync
  /// Nil until the node knows its name.
  private var log: DurableLog<DirectoryDisk>?

  private init(path: String, sync: RecordLog.Sync) {
    self.path = path
    self.sync = sync
  }

  /// The directory that the options name, made if it is missing. Nil if they name none.
  ///
  /// Ends the process with status 1 where there can be no such directory, having said why.
  @usableFromInline @inline(never)
  static func find(_ options: [String: Option.Value], storesRecords: Bool) -> NodeStorage? {
    guard case .text(let path, _)? = options["data-dir"], !path.isEmpty else { return nil }
    guard storesRecords else {
      logLine("--data-dir \(path) is not used: this node has nothing to keep")
      return nil
    }
    var sync = RecordLog.Sync.fdatasync
    if case .choice(let name, _)? = options["sync"], let named = RecordLog.Sync(rawValue: name) {
      sync = named
    }
    do {
      try DirectoryDisk.make(path)
    } catch {
      logLine("--data-dir \(path): \(error)")
      endProcess(1)
    }
    return NodeStorage(path: path, sync: sync)
  }

  @usableFromInline var isOpen: Bool { log != nil }

  /// Opens the log of the node with this name, of this kind. Returns why that can't be.
  ///
  /// - Parameter take: gets each record of an earlier life, oldest first, and says what is wrong with it.
  @usableFromInline @inline(never)
  func open(as me: NodeID, kind: String, take: (Span<UInt8>) -> String?) -> RPCError? {
    path += "/" + Self.fileName(me)
    do {
      let durable = try DurableLog(
        on: DirectoryDisk(path), of: LogIdentity(owner: me, kind: kind), sync: sync, take: take)
      if durable.log.tornBytes > 0 {
        logLine(
          "--data-dir \(path): cut off \(durable.log.tornBytes) bytes at \(durable.log.bytes): "
            + "a write never finished")
      }
      log = durable
      return nil
    } catch {
      return .preconditionFailed("--data-dir \(path): \(error)")
    }
  }

  /// A node's name as that of a directory: what could mean something else there is written as % and two digits.
  private static func fileName(_ node: NodeID) -> String {
    var name = ""
    for byte in node.name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        name += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
      }
    }
    return name
  }

  /// Adds the record that has been written to ``writer`` to those of this turn.
  @usableFromInline @inline(never)
  func append() {
    writer.withSpan { log!.append($0) }
    writer.removeAll()
  }

  @usableFromInline var pendingBytes: Int { log?.log.pendingBytes ?? 0 }

  /// The time, read anew: a disk may take seconds.
  @usableFromInline var now: Instant { Instant(nanoseconds: glomers_now()) }

  /// When ``commit(at:isLast:)`` is to be called although nothing has happened.
  @usableFromInline var deadline: Instant? { log?.deadline }

  /// Stores the records of the turn in one write.
  ///
  /// - Parameter isLast: the process ends: there is no later time to try again.
  @usableFromInline @inline(never)
  func commit(at now: Instant, isLast: Bool) -> Outcome {
    guard let wasFailing = log?.isFailing else { return .idle }
    switch log!.commit(at: now, isLast: isLast) {
    case .idle:
      return .idle
    case .stored:
      if wasFailing { logLine("--data-dir \(path): storing works again") }
      return .stored
    case .failing(let error):
      if let error { logLine("--data-dir \(path): \(error); trying again until it works") }
      return .failing
    }
  }

  /// Reads all that is stored; false, having said why, if that can't be.
  ///
  /// - Parameter take: gets each record, oldest first, and says what is wrong with it, if anything.
  @usableFromInline @inline(never)
  func read(_ take: (Span<UInt8>) -> String?) -> Bool {
    do {
      try log!.read(take)
      return true
    } catch {
      logLine("--data-dir \(path): \(error)")
      return false
    }
  }

  // MARK: Checkpoints

  /// Whether the log has grown so long that it should be replaced. To be asked when all is stored.
  @usableFromInline var wantsCheckpoint: Bool { log?.wantsCheckpoint ?? false }

  /// The node has no records to replace the log with.
  @usableFromInline @inline(never)
  func postponeCheckpoint() { log!.postponeCheckpoint() }

  /// Replaces the log. A disk that fails leaves it as it is.
  ///
  /// - Parameter next: writes the next record to ``writer``; false at the end.
  @usableFromInline @inline(never)
  func replaceLog(_ next: () -> Bool) {
    let error = log!.replace {
      guard next() else { return nil }
      defer { writer.removeAll() }
      return writer.bytes
    }
    if let error { logLine("--data-dir \(path): no checkpoint: \(error)") }
  }
}
