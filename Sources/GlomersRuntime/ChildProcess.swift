internal import CGlomers

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
  /// By itself, with this exit status.
  case exited(Int32)
  /// Killed by the signal with this number.
  case signalled(Int32)

  public var description: String {
    switch self {
    case .exited(let status): "exit status \(status)"
    case .signalled(let number): "signal \(number)"
    }
  }
}

/// What a process has used so far.
public struct ResourceUsage: Hashable, Sendable {
  /// User and system time of all its threads.
  public let cpu: Duration
  /// The most memory that it has had at once, in bytes.
  public let peakResidentBytes: Int

  /// - Parameters:
  ///   - cpu: user and system time of all its threads.
  ///   - peakResidentBytes: the most memory that it has had at once, in bytes.
  public init(cpu: Duration, peakResidentBytes: Int) {
    self.cpu = cpu
    self.peakResidentBytes = peakResidentBytes
  }
}

/// Where a process writes.
public enum OutputStream: Hashable, Sendable {
  /// Where its lines for others and its lines for people come from.
  case standardOutput, standardError
}

/// A process with pipes for stdin, stdout and stderr, in a session of its own.
///
/// It does not outlive this process, in whatever way that ends, SIGKILL included, and what it has started does not
/// outlive it: on Linux wherever that has gone, elsewhere as long as it has stayed in the session.
///
/// The loop keeps it until it has ended. Each line is valid during its call.
public final class ChildProcess {
  private let loop: EventLoop
  private let onExit: (ExitStatus) -> Void
  private var pointer: OpaquePointer?
  private var input: LineWriter?
  private var output: LineReader?
  private var errorOutput: LineReader?
  private var openPipes = 2
  private var status: ExitStatus?
  /// The system's number for the process.
  public let processID: Int32

  /// Starts a process.
  ///
  /// - Parameters:
  ///   - executable: a path (relative to `directory`), or a bare name to be looked for in `PATH`.
  ///   - arguments: without the program's own name.
  ///   - environment: variables in addition to those of this process.
  ///   - onOversized: a line of so many bytes, beyond ``LineReader/lineBytesMax``, was discarded.
  ///   - onInputClosed: it reads its stdin no more, or is about to end.
  ///   - onOutputClosed: it writes no more to stdout, or is about to end.
  ///   - onExit: comes last, after both pipes have been read to their end. A pipe that something else holds open
  ///     is given up a second after the process has ended.
  public init(
    _ loop: EventLoop, executable: String, arguments: [String], environment: [String: String] = [:],
    directory: String, onLine: @escaping (UnsafeRawBufferPointer) -> Void,
    onErrorLine: @escaping (UnsafeRawBufferPointer) -> Void,
    onOversized: @escaping (_ stream: OutputStream, _ lineBytes: Int) -> Void,
    onInputClosed: @escaping () -> Void = {}, onOutputClosed: @escaping () -> Void = {},
    onExit: @escaping (ExitStatus) -> Void
  ) throws(SystemError) {
    self.loop = loop
    self.onExit = onExit
    var descriptors: [Int32] = [-1, -1, -1]
    var error: Int32 = 0
    let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let spawned = withCStrings([executable] + arguments) { strings in
      withCStrings(variables) { variables in
        descriptors.withUnsafeMutableBufferPointer { descriptors in
          glomers_child_spawn(
            loop.pointer, executable, strings, variables, directory, descriptors.baseAddress!, &error)
        }
      }
    }
    guard let spawned else {
      processID = 0
      throw SystemError("start \(executable) in \(directory)", error)
    }
    pointer = spawned
    processID = glomers_child_id(spawned)
    glomers_child_set_owner(spawned, Unmanaged.passUnretained(self).toOpaque())
    loop.children[ObjectIdentifier(self)] = self
    // A node that has gone is reported by its exit, not by the pipe that it no longer reads.
    input = try LineWriter(loop, descriptor: descriptors[0], onError: { _ in onInputClosed() })
    let pipeEnded: (SystemError?) -> Void = { [unowned self] _ in
      openPipes -= 1
      finishIfOver()
    }
    output = try LineReader(
      loop, descriptor: descriptors[1], onLine: onLine, onOversized: { onOversized(.standardOutput, $0) },
      onEnd: { error in
        onOutputClosed()
        pipeEnded(error)
      })
    errorOutput = try LineReader(
      loop, descriptor: descriptors[2], onLine: onErrorLine, onOversized: { onOversized(.standardError, $0) },
      onEnd: pipeEnded)
  }

  static func from(_ owner: UnsafeMutableRawPointer) -> ChildProcess {
    Unmanaged<ChildProcess>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Queues bytes for the child's stdin; they go out at the end of the loop's turn, in one write.
  public func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { input?.append($0) } }

  /// Bytes that the child has not taken yet.
  public var queuedBytes: Int { input?.queuedBytes ?? 0 }

  /// What the child has written to stdout without ending the line; see ``LineReader/unfinishedLine(upTo:)``.
  public func unfinishedLine(upTo limit: Int) -> (beginning: [UInt8], bytes: Int)? {
    output?.unfinishedLine(upTo: limit)
  }

  /// Leaves in the pipes what the child writes, so that it has to wait; or goes on reading.
  public func holdOutput(_ holds: Bool) {
    for reader in [output, errorOutput] {
      if holds { reader?.pause() } else { reader?.resume() }
    }
  }

  /// Closes the child's stdin once everything queued is written.
  public func closeInput() {
    input?.finish()
    input = nil
  }

  /// Sends a signal to the process and all that it has started. Does nothing once it has ended.
  public func signal(_ number: Int32) {
    if let pointer { _ = glomers_child_signal(pointer, number) }
  }

  /// Lets the process write no file beyond this size from now on; nil for no limit. On Linux only, and not for one that
  /// has gone.
  public func limitFiles(toBytes bytes: Int?) {
    if let pointer { _ = glomers_child_limit_files(pointer, bytes.map { Int64($0) } ?? -1) }
  }

  /// What the process has used so far; nil once it has ended, and on systems that don't tell.
  public func usage() -> ResourceUsage? {
    var cpu: Int64 = 0
    var peak: Int64 = 0
    guard let pointer, glomers_child_usage(pointer, &cpu, &peak) else { return nil }
    return ResourceUsage(cpu: .nanoseconds(cpu), peakResidentBytes: Int(peak))
  }

  func exited(_ status: ExitStatus) {
    self.status = status
    finishIfOver()
  }

  func overdue() {
    openPipes = 0
    finishIfOver()
  }

  private func finishIfOver() {
    guard let status, openPipes == 0, let pointer else { return }
    self.pointer = nil
    glomers_child_close(pointer)
    input?.close()
    output?.close()
    errorOutput?.close()
    // Holds this object until its last callback has returned.
    let this = loop.children.removeValue(forKey: ObjectIdentifier(self))
    withExtendedLifetime(this) { onExit(status) }
  }
}

/// Strings as C wants its arguments: NULL at the end.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var copies: [UnsafeMutablePointer<CChar>?] = strings.map { string in
    let bytes = Array(string.utf8CString)
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    copy.initialize(from: bytes, count: bytes.count)
    return copy
  }
  copies.append(nil)
  defer { for copy in copies { copy?.deallocate() } }
  return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}
