internal import CVirtual
internal import Glomers
internal import Lab
internal import Simulator

/// Why a program can't run in virtual time.
struct VirtualProcessError: Error, CustomStringConvertible {
  let description: String
}

/// A program that serves as every node of a test.
public struct Program: Sendable {
  /// An absolute path.
  public let executable: String
  /// Passed to each node as they are.
  public let arguments: [String]
  /// All variables that it finds, as `NAME=value`. The same text in each run makes the same run.
  public var environment: [String]
  /// Where it runs.
  public let directory: String

  public init(executable: String, arguments: [String], environment: [String], directory: String) {
    self.executable = executable
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
  }
}

/// All programs of a run, one thread of them at a time, and their clock. Must be used on the thread that made it.
@safe final class VirtualMachine {
  /// Why ``advance(limit:)`` came back.
  enum State { case quiet, due, failed }

  private let run: OpaquePointer

  /// - Parameters:
  ///   - delays: whether threads are delayed now and then, by the seed.
  ///   - disks: whether disks are to be full, or to fail.
  init(seed: UInt64, nodeCount: Int, delays: Bool, disks: Bool = false) throws(VirtualProcessError) {
    let options = virtual_options(
      seed: seed, node_count: Int32(nodeCount), delays: delays, disks: disks, hides_vdso: false)
    var run: OpaquePointer?
    let problem = unsafe Self.problem { text, capacity in
      unsafe run = unsafe virtual_open(options, text, capacity)
    }
    guard let opened = unsafe run else { throw VirtualProcessError(description: problem) }
    unsafe self.run = unsafe opened
  }

  deinit { unsafe virtual_close(run) }

  // MARK: Time

  var now: Instant { unsafe Instant(nanoseconds: virtual_now(run)) }

  /// When a thread that waits is next to go on by itself; nil for never.
  var deadline: Instant? {
    let due = unsafe virtual_deadline(run)
    return due == .max ? nil : Instant(nanoseconds: due)
  }

  func pass(to now: Instant) { unsafe virtual_set_now(run, now.nanoseconds) }

  /// Runs threads until all wait, or until looking at clocks has moved the time to the limit.
  func advance(limit: Instant?) -> State {
    switch unsafe virtual_advance(run, limit?.nanoseconds ?? .max) {
    case virtual_quiet: .quiet
    case virtual_due: .due
    default: .failed
    }
  }

  // MARK: Programs

  func start(_ place: Int, _ program: Program) throws(VirtualProcessError) {
    var isStarted = false
    let problem = unsafe Self.withStrings([program.executable] + program.arguments) { arguments in
      unsafe Self.withStrings(program.environment) { environment in
        unsafe Self.problem { text, capacity in
          isStarted = unsafe virtual_start(
            run, Int32(place), arguments, environment, program.directory, text, capacity)
        }
      }
    }
    guard isStarted else { throw VirtualProcessError(description: problem) }
  }

  func kill(_ place: Int) { unsafe virtual_kill(run, Int32(place)) }
  func pause(_ place: Int) { unsafe virtual_pause(run, Int32(place)) }
  func resume(_ place: Int) { unsafe virtual_resume(run, Int32(place)) }
  func skew(_ place: Int, by jump: Duration) { unsafe virtual_skew(run, Int32(place), jump.nanoseconds) }

  /// Files on a disk that is not sound refuse what is written to them.
  func setDisk(_ place: Int, _ condition: DiskCondition) {
    let disk =
      switch condition {
      case .sound: virtual_disk_sound
      case .full: virtual_disk_full
      case .failing: virtual_disk_failing
      }
    unsafe virtual_set_disk(run, Int32(place), disk)
  }

  func feed(_ place: Int, _ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBufferPointer { unsafe virtual_feed(run, Int32(place), $0.baseAddress, $0.count) }
  }

  /// Which of a program's streams a line was written to.
  enum Stream: Int32 { case output = 1, errors }

  /// Hands the next line out, without its newline. False where there is none.
  func takeLine(_ place: Int, _ stream: Stream, _ take: (Span<UInt8>) -> Void) -> Bool {
    var count = 0
    guard let line = unsafe virtual_line(run, Int32(place), stream.rawValue, &count) else { return false }
    let bytes = unsafe UnsafeBufferPointer(start: line, count: count)
    unsafe take(Span(_unsafeElements: bytes))
    return true
  }

  /// What a program has written to its standard output without ending the line, up to so many bytes, and how much it is; nil
  /// where that is nothing.
  func unfinishedLine(_ place: Int, upTo limit: Int) -> (beginning: [UInt8], bytes: Int)? {
    var count = 0
    guard let line = unsafe virtual_unfinished(run, Int32(place), &count) else { return nil }
    return unsafe (Array(UnsafeBufferPointer(start: line, count: min(count, limit))), count)
  }

  /// Which of its standard streams a program that runs has closed since the last call.
  func takeClosed(_ place: Int) -> [TestRun.NodeStream] {
    var closed: [TestRun.NodeStream] = []
    if unsafe virtual_closed(run, Int32(place), 0) { closed.append(.input) }
    if unsafe virtual_closed(run, Int32(place), 1) { closed.append(.output) }
    return closed
  }

  /// How a program has ended by itself, in words; nil if it has not, or if that was said already.
  func takeEnd(_ place: Int) -> String? {
    var status: Int32 = 0
    guard unsafe virtual_ended(run, Int32(place), &status) else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? "status \(status >> 8 & 0xFF)" : "signal \(signal)"
  }

  // MARK: What became of it

  var failure: String? { unsafe virtual_failure(run).map { unsafe String(cString: $0) } }

  var fidelity: Fidelity {
    let counts = unsafe virtual_count(run)
    var fidelity = Fidelity()
    fidelity.failure = failure
    fidelity.stops = Int(counts.stops)
    fidelity.polls = Int(counts.polls)
    fidelity.delays = Int(counts.delays)
    if counts.spins > 0 {
      fidelity.doubts.append(
        "threads that computed for a second without a system call were interrupted (\(counts.spins) times)")
    }
    if counts.blocks > 0 {
      fidelity.doubts.append(
        "calls that waited in a way that is not known were interrupted (\(counts.blocks) times)")
    }
    var place: Int32 = 0
    while let refusal = unsafe virtual_refusal(run, place) {
      unsafe fidelity.refusals.append(String(cString: refusal))
      place += 1
    }
    fidelity.doubts += fidelity.refusals
    return fidelity
  }

  // MARK: Text

  private static func problem(_ body: (UnsafeMutablePointer<CChar>, Int) -> Void) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
      unsafe text.initialize(repeating: 0)
      unsafe body(text.baseAddress!, text.count)
      return unsafe String(cString: text.baseAddress!)
    }
  }

  /// An array of C strings, with a null pointer at its end.
  private static func withStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    var bytes: [CChar] = []
    var places: [Int] = []
    for string in strings {
      places.append(bytes.count)
      bytes += string.utf8CString
    }
    return unsafe bytes.withUnsafeBufferPointer { text in
      let pointers: [UnsafePointer<CChar>?] = unsafe places.map { unsafe text.baseAddress! + $0 } + [nil]
      return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
    }
  }
}
