internal import CGlomers

/// Writes to a pipe, a socket, a terminal or a file; what is not taken at once is queued.
public final class LineWriter {
  let onError: (SystemError) -> Void
  let onDrained: () -> Void
  /// A writer needs its loop.
  private let loop: EventLoop
  private var pointer: OpaquePointer?

  /// Takes the descriptor over.
  ///
  /// - Parameters:
  ///   - onError: called once, possibly from inside a write; all output from then on is dropped.
  ///   - onDrained: the queue, after having been blocked, is empty. A turn of the loop follows.
  public init(
    _ loop: EventLoop, descriptor: Int32, onError: @escaping (SystemError) -> Void,
    onDrained: @escaping () -> Void = {}
  ) throws(SystemError) {
    self.loop = loop
    self.onError = onError
    self.onDrained = onDrained
    var error: Int32 = 0
    pointer = glomers_writer_open(
      loop.pointer, descriptor, Unmanaged.passUnretained(self).toOpaque(), &error)
    if pointer == nil { throw SystemError("write to descriptor \(descriptor)", error) }
  }

  deinit { close() }

  static func from(_ owner: UnsafeMutableRawPointer) -> LineWriter {
    Unmanaged<LineWriter>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Writes what the descriptor takes now, and queues the rest. Newlines are the caller's.
  public func write(_ bytes: UnsafeRawBufferPointer) {
    if let pointer, let start = bytes.baseAddress { glomers_writer_write(pointer, start, bytes.count) }
  }

  /// Queues the bytes, to be written together with what else comes until the end of the loop's turn.
  public func append(_ bytes: UnsafeRawBufferPointer) {
    if let pointer, let start = bytes.baseAddress { glomers_writer_append(pointer, start, bytes.count) }
  }

  /// Whether the descriptor took less than it was given: what is written now has to wait.
  public var isBlocked: Bool { pointer.map(glomers_writer_blocked) ?? false }

  /// How many bytes are not written yet.
  public var queuedBytes: Int { pointer.map(glomers_writer_queued) ?? 0 }

  /// Closes once everything queued is written; nothing more is called.
  public func finish() {
    if let pointer { glomers_writer_finish(pointer) }
    pointer = nil
  }

  /// Closes at once; what is queued is lost, and nothing more is called.
  public func close() {
    if let pointer { glomers_writer_close(pointer) }
    pointer = nil
  }
}
