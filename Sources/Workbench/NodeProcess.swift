import Fleet
import Foundation
import Glomers
import GlomersRuntime
import History
import Lab

/// What carries a node: a process here, or one of an agent on another host.
protocol NodeCarrier: AnyObject {
  /// Queues bytes for the node's stdin, to leave at the end of the loop's turn.
  func write(_ bytes: [UInt8])
  /// Bytes that the node has not taken yet.
  var queuedBytes: Int { get }
  /// SIGKILL, SIGSTOP or SIGCONT.
  func signal(_ number: Int32)
  /// What the node has used so far, as far as that is known.
  func usage() -> ResourceUsage?
  /// The line that the node has begun to print, up to so many bytes, and how long it is; nil where that is not known.
  func unfinishedLine(upTo limit: Int) -> (beginning: [UInt8], bytes: Int)?
  /// Lets the node write no file beyond this size; nil for no limit.
  func limitFiles(toBytes bytes: Int?)
}

extension ChildProcess: NodeCarrier {}

extension RemoteNode: NodeCarrier {
  func usage() -> ResourceUsage? { lastUsage }
  func unfinishedLine(upTo limit: Int) -> (beginning: [UInt8], bytes: Int)? {
    lastUnfinished.map { (Array($0.beginning.utf8.prefix(limit)), $0.bytes) }
  }
}

/// One node as a process, here or on another host: its pipes, its log and what it has used.
final class NodeProcess {
  let id: NodeID
  var log: NodeLog
  private var child: (any NodeCarrier)?
  /// Set once the bench has asked it to go: what it says or how it ends from then on is of no interest.
  private(set) var isStopping = false
  private(set) var hasExited = false
  /// As last seen while it lived.
  private(set) var usage: ResourceUsage?

  /// What a node does, as the bench hears of it.
  struct Events {
    let line: (NodeProcess, [UInt8]) -> Void
    let errorLine: (NodeProcess, [UInt8]) -> Void
    let oversized: (NodeProcess, _ lineBytes: Int) -> Void
    /// It leaves so much unread that its agent drops what comes for it.
    let overflow: (NodeProcess, _ unreadBytes: Int) -> Void
    /// It has closed a stream, or is about to end.
    let closed: (NodeProcess, TestRun.NodeStream) -> Void
    let exit: (NodeProcess, ExitStatus) -> Void
  }

  init(
    _ id: NodeID, _ loop: EventLoop, executable: String, arguments: [String], environment: [String: String],
    directory: String, log: NodeLog, _ events: Events
  ) throws(SystemError) {
    self.id = id
    self.log = log
    child = try unsafe ChildProcess(
      loop, executable: executable, arguments: arguments, environment: environment, directory: directory,
      onLine: { [unowned self] bytes in
        guard !isStopping else { return }
        events.line(self, unsafe Array(bytes))
      },
      onErrorLine: { [unowned self] bytes in events.errorLine(self, unsafe Array(bytes)) },
      onOversized: { [unowned self] stream, lineBytes in
        switch stream {
        case .standardOutput: if !isStopping { events.oversized(self, lineBytes) }
        case .standardError: events.errorLine(self, NodeProcess.placeholder(lineBytes))
        }
      },
      onInputClosed: { [unowned self] in events.closed(self, .input) },
      onOutputClosed: { [unowned self] in events.closed(self, .output) },
      onExit: { [unowned self] status in
        hasExited = true
        events.exit(self, status)
      })
  }

  /// A node that an agent runs.
  init(_ id: NodeID, on fleet: Fleet, keepsRecords: Bool, log: NodeLog, _ events: Events) {
    self.id = id
    self.log = log
    child = fleet.start(
      id.name, keepsRecords: keepsRecords,
      RemoteNode.Events(
        line: { [unowned self] line in if !isStopping { events.line(self, line) } },
        errorLine: { [unowned self] line in events.errorLine(self, line) },
        oversized: { [unowned self] lineBytes in if !isStopping { events.oversized(self, lineBytes) } },
        overflow: { [unowned self] bytes in if !isStopping { events.overflow(self, bytes) } },
        exit: { [unowned self] status in
          sampleUsage()
          hasExited = true
          events.exit(self, status)
        }))
  }

  /// Stands in a log for a line that is too long to be read.
  private static func placeholder(_ lineBytes: Int) -> [UInt8] {
    Array("(a line of \(lineBytes) bytes, longer than the bench reads)".utf8)
  }

  /// What waits for the node may be as long as this; a node that does not read must not fill the bench's memory.
  static let waitingBytesMax = 64 << 20

  /// Hands a line with its newline to the node; all lines of a turn leave in one write. Returns how many bytes wait for
  /// the node where these are so many that the line is dropped, and nil otherwise.
  func deliver(_ line: [UInt8]) -> Int? {
    guard !hasExited, let child else { return nil }
    let waiting = child.queuedBytes
    guard waiting <= NodeProcess.waitingBytesMax else { return waiting }
    child.write(line)
    return nil
  }

  /// What the node has begun to print, up to a few hundred bytes, and how much it is.
  var unfinishedLine: (beginning: [UInt8], bytes: Int)? { hasExited ? nil : child?.unfinishedLine(upTo: 512) }

  /// Notes what the process has used so far.
  func sampleUsage() {
    if !hasExited, let now = child?.usage() { usage = now }
  }

  /// Keeps the process from doing anything.
  func pause() { if !hasExited { child?.signal(SIGSTOP) } }

  /// Lets a paused process go on.
  func resume() { if !hasExited { child?.signal(SIGCONT) } }

  /// Lets the process write what its disk takes.
  func setDisk(_ condition: DiskCondition, largestFileBytes: Int) {
    guard !hasExited else { return }
    child?.limitFiles(toBytes: NodeProcess.fileBytesMax(condition, largestFileBytes: largestFileBytes))
  }

  /// Beyond which size a process can't write to a file; nil for no limit.
  ///
  /// On a full disk a write is cut short somewhere, and what is there can still be overwritten; one that fails takes
  /// no write at all.
  static func fileBytesMax(_ condition: DiskCondition, largestFileBytes: Int) -> Int? {
    switch condition {
    case .sound: nil
    case .full: largestFileBytes + 100
    case .failing: 0
    }
  }

  /// Ends the process as Maelstrom does: at once.
  func kill() {
    isStopping = true
    guard !hasExited else { return }
    sampleUsage()
    child?.signal(9)
  }
}

extension ResourceUsage {
  /// For `:workbench {:nodes {"n0" …}}`.
  var edn: EDN {
    [
      "cpu-ms": .real((cpu.milliseconds * 10).rounded() / 10),
      "peak-resident-kib": .integer(peakResidentBytes / 1024),
    ]
  }
}
