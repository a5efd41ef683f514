internal import CGlomers
public import Glomers
public import Wire

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What is to be written to stdout at the end of the turn. A class, so that both halves of a process can hold it.
@usableFromInline
final class Output {
  /// Output beyond this is not held back until the end of the turn.
  private static let bytesMax = 256 << 10

  /// Has room for all of that from the beginning: memory that nothing is written to costs nothing.
  @exclusivity(unchecked) @usableFromInline var writer = JSONWriter(reserving: 2 * bytesMax)
  /// The status to end the process with, once something has made going on impossible.
  @exclusivity(unchecked) @usableFromInline var failure: Int32?
  /// Whether the next line is not just the node's: the process ends, or lines come that may have waited during a stop.
  @exclusivity(unchecked) fileprivate var isUnderControl = false

  fileprivate var isFull: Bool { writer.count >= Self.bytesMax }
}

/// The part of a node's process that is the same for every node: stdin, stdout, signals, and the flow between them.
///
/// Memory stays bounded when nobody takes the output: a process that has too much of it waiting reads nothing and lets no
/// time pass for its node until it has been drained. Up to there it reads on: a host that writes before it reads must not wait
/// for a node that waits for it.
@usableFromInline
final class NodeProcess {
  /// With more output than this waiting, nothing is read.
  static let waitingBytesMax = 32 << 20
  /// How long SIGTERM waits for somebody to take the output.
  private static let patience = Duration.seconds(1)
  /// After a stop the backlog is over when no line has come for this long. Whoever writes to a full pipe goes on as soon
  /// as there is room.
  private static let quiet = Duration.milliseconds(50)
  /// And at the latest after this: on a pipe that is never quiet.
  private static let backlogMax = Duration.seconds(2)

  @usableFromInline let options: [String: Option.Value]
  @usableFromInline let output = Output()
  private let loop: EventLoop
  private var input: LineReader?
  private var writer: LineWriter?
  @exclusivity(unchecked) private var ending: Ending? { didSet { control() } }
  /// Set while lines come that may have waited during a stop: when the last one came, and when to call it over.
  @exclusivity(unchecked) private var backlog: (lastLine: Instant, deadline: Instant)? {
    didSet { control() }
  }

  private struct Ending {
    let status: Int32
    /// When to end even if there is output left.
    let deadline: Instant?
  }

  /// Taken by every node, and offered by none: Maelstrom's clients all wait for 5 s.
  static let clientPatienceOption = Option(
    "client-patience", .duration(.zero, in: .zero ... .seconds(3600)),
    "How long after a client's request its answer may leave.")

  /// How long after a client's request its answer may still leave.
  @usableFromInline let clientPatience: Duration

  /// - Parameter clientPatience: where the options say nothing about it.
  @usableFromInline @inline(never)
  init(options: [String: Option.Value], clientPatience: Duration) {
    self.options = options
    if case .duration(let patience, _)? = options[Self.clientPatienceOption.name] {
      self.clientPatience = patience
    } else {
      self.clientPatience = clientPatience
    }
    // Before the loop takes descriptors of its own, which would get the free numbers.
    glomers_open_standard_descriptors()
    loop = EventLoop()
  }

  /// Runs until the end, and returns the exit status.
  @usableFromInline @inline(never)
  func run(
    receive: @escaping (UnsafeRawBufferPointer, Instant) -> Void,
    resumed: @escaping (_ since: Instant, _ now: Instant) -> Void,
    caughtUp: () -> Void,
    advance: (Instant) -> Bool,
    settle: (_ now: Instant, _ isLast: Bool) -> Void,
    deadline: () -> Instant?
  ) -> Int32 {
    do {
      writer = try LineWriter(loop, descriptor: 1, onError: { [unowned self] in outputFailed($0) })
      input = try LineReader(
        loop, descriptor: 0,
        // What each line needs is held by the closure itself: references would be counted for each line otherwise.
        onLine: { [unowned self, loop, output] line in
          let now = loop.lineTime
          if output.isUnderControl, !admitsLine(at: now) { return }
          receive(line, now)
          if output.failure != nil || output.isFull { attendToOutput() }
        },
        onOversized: { count in
          logLine("ignored a line of \(count) bytes: a line may have \(LineReader.lineBytesMax)")
        },
        onEnd: { [unowned self] in inputEnded($0) })
    } catch {
      logLine("\(error)")
      return 1
    }
    for number in [SIGTERM, SIGINT] {
      loop.onSignal(number) { [unowned self] in
        end(Ending(status: 0, deadline: loop.now + Self.patience))
      }
    }
    loop.onResume { [unowned self] since, now in
      if now - since >= clientPatience { output.writer.removeAll() }
      backlog = (now, now + Self.backlogMax)
      resumed(since, now)
    }
    loop.run { now in
      if let backlog, now >= Self.end(of: backlog) {
        self.backlog = nil
        caughtUp()
      }
      let next = turn(now, advance, settle, deadline)
      guard let backlog, !isFull, ending == nil else { return next }
      return min(next ?? Self.end(of: backlog), Self.end(of: backlog))
    }
    // Gives stdin and stdout back as they were.
    input?.close()
    writer?.close()
    return ending?.status ?? 0
  }

  private func control() { output.isUnderControl = ending != nil || backlog != nil }

  /// Whether the node is to have this line.
  private func admitsLine(at now: Instant) -> Bool {
    guard ending == nil else { return false }
    backlog?.lastLine = now
    return true
  }

  private func attendToOutput() {
    if let status = output.failure { end(Ending(status: status, deadline: loop.now + Self.patience)) }
    if output.isFull { flush() }
  }

  private static func end(of backlog: (lastLine: Instant, deadline: Instant)) -> Instant {
    min(backlog.lastLine + quiet, backlog.deadline)
  }

  private func turn(
    _ now: Instant, _ advance: (Instant) -> Bool, _ settle: (Instant, Bool) -> Void,
    _ deadline: () -> Instant?
  ) -> Instant? {
    while ending == nil, !isFull, advance(now) {
      if output.isFull { flush() }
    }
    // Answers wait for their records, so these are stored before the output is written.
    if !isFull || ending != nil { settle(now, ending != nil) }
    flush()
    if let ending {
      let isOver = ending.deadline.map { $0 <= now } ?? false
      if isOver { logLine("ended with output that nobody took") }
      if isOver || !isBlocked { loop.stop() }
      return ending.deadline
    }
    guard !isFull else { return nil }
    input?.resume()
    return deadline()
  }

  private var isBlocked: Bool { writer?.isBlocked ?? false }
  private var isFull: Bool { isBlocked && writer!.queuedBytes > Self.waitingBytesMax }

  /// Writes what has gathered. If too much of it waits for stdout, reading stops, even between two lines of a batch.
  private func flush() {
    guard output.writer.count > 0 else { return }
    // Stopped between an answer and its way out: for those who wait for it, it is as if it had got lost.
    if let stop = loop.unnoticedStop, stop >= clientPatience { output.writer.removeAll() }
    output.writer.withBytes { writer?.write($0) }
    output.writer.removeAll()
    if isFull { input?.pause() }
  }

  private func inputEnded(_ error: SystemError?) {
    if let error { logLine("stdin: \(error)") }
    end(Ending(status: error == nil ? 0 : 1, deadline: nil))
  }

  private func outputFailed(_ error: SystemError) {
    let isClosed = [EPIPE, ECONNRESET, EBADF].contains(-error.code)
    logLine("stdout: \(error)\(isClosed ? ", so nobody hears this node any more" : "")")
    end(Ending(status: isClosed ? 0 : 1, deadline: nil))
  }

  private func end(_ ending: Ending) {
    self.ending = ending
    input?.pause()
  }
}
