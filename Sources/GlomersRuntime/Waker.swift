internal import CGlomers

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
