internal import CGlomers
public import Glomers

/// One thread's events: lines, signals, children, and one deadline. Nothing on it is thread-safe.
public final class EventLoop {
  let pointer: OpaquePointer
  private var turn: ((Instant) -> Instant?)?
  private var actions: [Int32: () -> Void] = [:]
  private var resumed: ((_ since: Instant, _ now: Instant) -> Void)?
  /// Children live until they have been reaped, whoever else has forgotten them.
  var children: [ObjectIdentifier: ChildProcess] = [:]

  /// Makes the process ignore SIGPIPE: writing to a closed pipe is an error like any other.
  public init() {
    var events = EventLoop.events
    guard let pointer = glomers_loop_create(&events) else {
      fatalError("no event loop: out of memory or descriptors")
    }
    self.pointer = pointer
  }

  deinit { glomers_loop_destroy(pointer) }

  /// The time now: a fresh reading of the monotonic clock.
  public var now: Instant { Instant(nanoseconds: glomers_now()) }

  /// In a call with a line: the time of that line, or of one that came just before it in the same batch.
  var lineTime: Instant { Instant(nanoseconds: glomers_line_time(pointer)) }

  /// Calls `turn` once at the start, after every batch of events, and whenever the deadline that it last returned
  /// has passed (never before it; a few microseconds late on Linux, up to a millisecond elsewhere). Returns after
  /// ``stop()``.
  public func run(turn: (Instant) -> Instant?) {
    precondition(self.turn == nil, "an event loop runs once at a time")
    withoutActuallyEscaping(turn) { turn in
      self.turn = turn
      glomers_loop_run(pointer, Unmanaged.passUnretained(self).toOpaque())
      self.turn = nil
    }
  }

  /// Ends ``run(turn:)``: no further turn or line comes.
  public func stop() { glomers_loop_stop(pointer) }

  /// Lets this process open as many files as it may. Its children get the limit that it had before, on Linux.
  public static func raiseFileLimit() { glomers_raise_file_limit() }

  /// Whether this process ignores a signal.
  public static func ignores(_ number: Int32) -> Bool { glomers_signal_ignored(number) }

  /// Carries out `action` whenever the process gets this signal; a later action replaces it.
  public func onSignal(_ number: Int32, _ action: @escaping () -> Void) {
    if actions.updateValue(action, forKey: number) == nil {
      let error = glomers_loop_watch(pointer, number)
      precondition(error == 0, "signal \(number) can't be watched: \(SystemError("signal", error))")
    }
  }

  /// Calls `action` when the process goes on after it was stopped: before any line that may have waited meanwhile.
  /// `since` is when the stop began, at the earliest. A stop is SIGSTOP, a machine that slept, and whatever else keeps
  /// the process from running for more than a second while it has something to do.
  func onResume(_ action: @escaping (_ since: Instant, _ now: Instant) -> Void) {
    let error = glomers_loop_watch_stops(pointer)
    precondition(error == 0, "SIGCONT can't be watched: \(SystemError("sigaction", error))")
    resumed = action
  }

  /// How long the process was stopped, at the most, if the action of ``onResume(_:)`` has still to be called for that.
  var unnoticedStop: Duration? {
    let since = glomers_loop_stopped_since(pointer)
    return since == .max ? nil : now - Instant(nanoseconds: since)
  }

  private static func from(_ owner: UnsafeMutableRawPointer) -> EventLoop {
    Unmanaged<EventLoop>.fromOpaque(owner).takeUnretainedValue()
  }

  private static let events = glomers_events(
    turn: { owner, now in
      EventLoop.from(owner).turn?(Instant(nanoseconds: now))?.nanoseconds ?? .max
    },
    signalled: { owner, number in EventLoop.from(owner).actions[number]?() },
    resumed: { owner, since, now in
      EventLoop.from(owner).resumed?(Instant(nanoseconds: since), Instant(nanoseconds: now))
    },
    line: { owner, bytes, count in
      LineReader.from(owner).onLine(UnsafeRawBufferPointer(start: bytes, count: count))
    },
    oversized: { owner, count in LineReader.from(owner).onOversized(count) },
    ended: { owner, error in
      LineReader.from(owner).onEnd(error == 0 ? nil : SystemError("read", error))
    },
    drained: { owner in LineWriter.from(owner).onDrained() },
    failed: { owner, error in LineWriter.from(owner).onError(SystemError("write", error)) },
    exited: { owner, status, number in
      ChildProcess.from(owner).exited(
        number == 0 ? .exited(Int32(truncatingIfNeeded: status)) : .signalled(number))
    },
    overdue: { owner in ChildProcess.from(owner).overdue() },
    woken: { owner in Waker.from(owner).onWoken() }
  )
}

/// What the operating system refused to do.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried: `read`, `write`, `spawn /bin/node`.
  public let operation: String
  /// libuv's code: on Unix the negative errno.
  public let code: Int32

  init(_ operation: String, _ code: Int32) {
    self.operation = operation
    self.code = code
  }

  /// The system's words for the code.
  public var reason: String { String(cString: glomers_error_text(code)) }
  public var description: String { "\(operation): \(reason)" }
}

/// Wakes a loop from another thread: for what comes from libraries with threads of their own.
public final class Waker {
  let onWoken: () -> Void
  /// A waker needs its loop.
  private let loop: EventLoop
  private var handle: OpaquePointer?

  /// - Parameter onWoken: called by the loop after one or several wakes; a turn follows.
  public init(_ loop: EventLoop, onWoken: @escaping () -> Void) throws(SystemError) {
    self.loop = loop
    self.onWoken = onWoken
    var error: Int32 = 0
    handle = glomers_waker_open(loop.pointer, Unmanaged.passUnretained(self).toOpaque(), &error)
    if handle == nil { throw SystemError("make a waker", error) }
  }

  deinit { close() }

  static func from(_ owner: UnsafeMutableRawPointer) -> Waker {
    Unmanaged<Waker>.fromOpaque(owner).takeUnretainedValue()
  }

  /// What `glomers_waker_wake` takes, from any thread, until ``close()``.
  public var pointer: OpaquePointer {
    guard let handle else { preconditionFailure("the waker is closed") }
    return handle
  }

  /// Nothing is called from now on. Whoever wakes must have stopped.
  public func close() {
    if let handle { glomers_waker_close(handle) }
    handle = nil
  }
}
