internal import CGlomers

/// Reads lines from a pipe, a socket, a terminal or a file.
///
/// Lines come without their newline, the last one also if it had none. Their bytes are valid during the call.
public final class LineReader {
  /// What longer lines are taken for: damage, not messages.
  public static let lineBytesMax = 16 << 20

  let onLine: (UnsafeRawBufferPointer) -> Void
  let onOversized: (Int) -> Void
  let onEnd: (SystemError?) -> Void
  /// A reader needs its loop.
  private let loop: EventLoop
  private var pointer: OpaquePointer?

  /// Takes the descriptor over. Reading starts when the loop runs.
  ///
  /// - Parameters:
  ///   - lineBytesMax: longer lines are discarded in passing, and reported with their length to `onOversized`.
  ///   - onEnd: no more lines will come; with an error where the end was not a regular one.
  public init(
    _ loop: EventLoop, descriptor: Int32, lineBytesMax: Int = LineReader.lineBytesMax,
    onLine: @escaping (UnsafeRawBufferPointer) -> Void,
    onOversized: @escaping (Int) -> Void,
    onEnd: @escaping (SystemError?) -> Void
  ) throws(SystemError) {
    precondition(lineBytesMax > 0)
    self.loop = loop
    self.onLine = onLine
    self.onOversized = onOversized
    self.onEnd = onEnd
    var error: Int32 = 0
    pointer = glomers_reader_open(
      loop.pointer, descriptor, lineBytesMax, Unmanaged.passUnretained(self).toOpaque(), &error)
    if pointer == nil { throw SystemError("read from descriptor \(descriptor)", error) }
  }

  deinit { close() }

  static func from(_ owner: UnsafeMutableRawPointer) -> LineReader {
    Unmanaged<LineReader>.fromOpaque(owner).takeUnretainedValue()
  }

  /// Stops at once, also between two lines that have both been read; nothing is lost.
  public func pause() {
    if let pointer { glomers_reader_pause(pointer) }
  }

  /// Goes on after a pause; lines come from the loop, not from this call.
  public func resume() {
    if let pointer { glomers_reader_resume(pointer) }
  }

  /// The beginning of the line that has not ended yet, up to so many bytes, and how long it is so far; nil where there
  /// is none.
  public func unfinishedLine(upTo limit: Int) -> (beginning: [UInt8], bytes: Int)? {
    var count = 0
    guard let pointer, let bytes = glomers_reader_unfinished(pointer, &count) else { return nil }
    return (Array(UnsafeBufferPointer(start: bytes, count: min(count, limit))), count)
  }

  /// Ends reading; nothing more is called.
  public func close() {
    if let pointer { glomers_reader_close(pointer) }
    pointer = nil
  }
}
