import Foundation
internal import GlomersRuntime

/// A node that an agent runs: what it prints is collected for a turn of the loop, what it logs is kept in a file too.
final class AgentNode {
  struct Events {
    /// Takes a line that is not for the bench; returns whether it is none.
    var isTaken: (UnsafeRawBufferPointer) -> Bool = { _ in false }
    let errorLine: ([UInt8]) -> Void
    let oversized: (AgentNode, _ lineBytes: Int) -> Void
    let exit: (AgentNode, Ended) -> Void
  }

  /// So many bytes a node may leave unread; what comes then is dropped, and the bench is told.
  static let unreadBytesMax = 64 << 20
  /// A log stops there.
  private static let logBytesMax = 64 << 20
  /// Lines of a log are cut to what any server takes in a message.
  private static let logLineBytesMax = 64 << 10

  let name: String
  /// Whether the bench knows that this node leaves too much unread.
  var isOverflowing = false
  private var child: ChildProcess?
  private var output: [UInt8] = []
  private let log: FileHandle?
  private var logBytes = 0
  private var isHeld = false
  /// Set once it has been killed: what its pipes still hold is no message any more.
  private(set) var isStopping = false

  /// - Parameter directory: of the run.
  init(
    _ loop: EventLoop, _ name: String, _ settings: Agent.Settings, directory: String, keepsRecords: Bool,
    _ events: Events
  ) throws {
    self.name = name
    let path = "\(directory)/\(name).log"
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil)
    }
    log = FileHandle(forWritingAtPath: path)
    logBytes = Int((try? log?.seekToEnd()) ?? 0)
    // SIGKILL takes nothing from the operating system.
    let environment =
      keepsRecords ? ["GLOMERS_DATA_DIR": "\(directory)/data", "GLOMERS_SYNC": "write"] : [:]
    child = try ChildProcess(
      loop, executable: settings.executable, arguments: settings.arguments, environment: environment,
      directory: directory,
      onLine: { [unowned self] line in
        if !isStopping, events.isTaken(line) { return }
        output.append(contentsOf: line)
        output.append(UInt8(ascii: "\n"))
      },
      onErrorLine: { [unowned self] line in
        let line = Array(line.prefix(Self.logLineBytesMax))
        keep(line)
        events.errorLine(line)
      },
      onOversized: { [unowned self] stream, bytes in
        switch stream {
        case .standardOutput: events.oversized(self, bytes)
        case .standardError: keep(Array("(a line of \(bytes) bytes)".utf8))
        }
      },
      onExit: { [unowned self] status in
        try? log?.close()
        switch status {
        case .exited(let number): events.exit(self, Ended(status: number, signal: nil))
        case .signalled(let number): events.exit(self, Ended(status: nil, signal: number))
        }
      })
  }

  /// Hands bytes to the node. Returns how many it has left unread where these are so many that the bytes are dropped.
  func deliver(_ bytes: [UInt8]) -> Int? {
    guard let child else { return nil }
    let waiting = child.queuedBytes
    guard waiting <= Self.unreadBytesMax else { return waiting }
    child.write(bytes)
    return nil
  }

  /// - Parameter word: `kill`, `stop` or `continue`; others do nothing.
  func signal(_ word: String) {
    switch word {
    case "kill":
      isStopping = true
      child?.signal(SIGKILL)
    case "stop": child?.signal(SIGSTOP)
    case "continue": child?.signal(SIGCONT)
    default: break
    }
  }

  var usage: Usage? {
    child?.usage().map { used in
      let parts = used.cpu.components
      return Usage(
        cpuNanoseconds: parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000,
        peakResidentBytes: used.peakResidentBytes, unfinished: unfinished)
    }
  }

  private var unfinished: Unfinished? {
    child?.unfinishedLine(upTo: 512).map {
      Unfinished(beginning: String(decoding: $0.beginning, as: UTF8.self), bytes: $0.bytes)
    }
  }

  /// Whether what it prints is left in its pipes for now.
  func hold(_ holds: Bool) {
    guard holds != isHeld else { return }
    isHeld = holds
    child?.holdOutput(holds)
  }

  /// What it has printed since the last call, whole lines, cut where a message ends.
  func takeOutput(chunkBytes: Int) -> [[UInt8]] {
    guard !output.isEmpty else { return [] }
    defer { output.removeAll(keepingCapacity: output.count < 1 << 20) }
    return chunks(of: output, bytes: chunkBytes)
  }

  private func keep(_ line: [UInt8]) {
    guard logBytes < Self.logBytesMax else { return }
    logBytes += line.count + 1
    try? log?.write(contentsOf: Data(line + [UInt8(ascii: "\n")]))
  }
}

/// Bytes in pieces of at most so many.
func chunks(of bytes: [UInt8], bytes size: Int) -> [[UInt8]] {
  precondition(size > 0)
  guard bytes.count > size else { return [bytes] }
  return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}
