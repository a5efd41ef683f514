import Foundation
public import GlomersRuntime

/// A node that an agent runs, as the bench has it: the verbs of a process here.
public final class RemoteNode {
  public struct Events {
    let line: ([UInt8]) -> Void
    let errorLine: ([UInt8]) -> Void
    let oversized: (_ lineBytes: Int) -> Void
    let overflow: (_ unreadBytes: Int) -> Void
    let exit: (ExitStatus) -> Void

    /// - Parameters:
    ///   - overflow: the node leaves so much unread that what comes for it is dropped.
    ///   - exit: comes last.
    public init(
      line: @escaping ([UInt8]) -> Void, errorLine: @escaping ([UInt8]) -> Void,
      oversized: @escaping (_ lineBytes: Int) -> Void,
      overflow: @escaping (_ unreadBytes: Int) -> Void = { _ in }, exit: @escaping (ExitStatus) -> Void
    ) {
      self.line = line
      self.errorLine = errorLine
      self.oversized = oversized
      self.overflow = overflow
      self.exit = exit
    }
  }

  let name: String
  private let events: Events
  private let send: (Verb, [UInt8]) -> Void
  /// For the node, not sent yet.
  private var input: [UInt8] = []
  private var joiner: LineJoiner
  /// What the agent said when it dropped what the node did not read.
  private(set) public var queuedBytes = 0
  /// As the agent has last told.
  private(set) public var lastUsage: ResourceUsage?
  /// What it had printed then without ending the line: the beginning, and how much it was.
  private(set) public var lastUnfinished: (beginning: String, bytes: Int)?

  init(
    _ name: String, _ events: Events, lineBytesMax: Int = LineReader.lineBytesMax,
    send: @escaping (Verb, [UInt8]) -> Void
  ) {
    self.name = name
    self.events = events
    joiner = LineJoiner(bytesMax: lineBytesMax)
    self.send = send
  }

  /// Queues bytes for the node's stdin; they leave at the end of the loop's turn.
  public func write(_ bytes: [UInt8]) { input.append(contentsOf: bytes) }

  /// SIGKILL, SIGSTOP or SIGCONT, to the node and all that it has started.
  public func signal(_ number: Int32) {
    let words: [Int32: String] = [SIGKILL: "kill", SIGSTOP: "stop", SIGCONT: "continue"]
    guard let word = words[number] else { preconditionFailure("agents don't send signal \(number)") }
    flush()
    send(.signal, Array(word.utf8))
  }

  /// The disks of other hosts can't be made to fail, and so there is no limit to set. To lift it is nothing to do: a node that is
  /// started again has a sound disk, and may not have been seen to end before.
  public func limitFiles(toBytes bytes: Int?) {
    precondition(bytes == nil, "the disks of other hosts can't be made to fail")
  }

  /// What was written before a signal is given to the node before it.
  private func flush() {
    for chunk in takeInput(chunkBytes: 1 << 18) { send(.input, chunk) }
  }

  func takeInput(chunkBytes: Int) -> [[UInt8]] {
    guard !input.isEmpty else { return [] }
    defer { input.removeAll(keepingCapacity: input.count < 1 << 20) }
    return chunks(of: input, bytes: chunkBytes)
  }

  func take(_ verb: Verb, _ bytes: [UInt8]) {
    switch verb {
    case .output:
      // An agent keeps to the same bound; this holds against one that does not.
      lastUnfinished = nil
      if let count = joiner.take(bytes, events.line) { events.oversized(count) }
    case .log: events.errorLine(bytes)
    case .oversized: events.oversized(number(bytes))
    case .overflow:
      queuedBytes = number(bytes)
      events.overflow(queuedBytes)
    case .usage:
      guard let seen = Usage(bytes: bytes) else { return }
      lastUnfinished = seen.unfinished.map { ($0.beginning, $0.bytes) }
      lastUsage = ResourceUsage(
        cpu: .nanoseconds(seen.cpuNanoseconds), peakResidentBytes: seen.peakResidentBytes)
    case .exit:
      guard let ended = Ended(bytes: bytes) else { return }
      events.exit(ended.signal.map { .signalled($0) } ?? .exited(ended.status ?? 0))
    default: break
    }
  }

  private func number(_ bytes: [UInt8]) -> Int { Int(String(decoding: bytes, as: UTF8.self)) ?? 0 }
}
