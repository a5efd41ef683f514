import Dispatch
import Glomers
import GlomersRuntime
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("The event loop")
struct EventLoopTests {
  /// What a reader has reported.
  private final class Record {
    var lines: [String] = []
    var oversized: [Int] = []
    var ended = false
    var error: SystemError?
  }

  private static func read(
    _ descriptor: Int32, into record: Record, on loop: EventLoop, lineBytesMax: Int = LineReader.lineBytesMax
  ) throws -> LineReader {
    try LineReader(
      loop, descriptor: descriptor, lineBytesMax: lineBytesMax,
      onLine: { record.lines.append(String(decoding: $0, as: UTF8.self)) },
      onOversized: { record.oversized.append($0) },
      onEnd: {
        record.ended = true
        record.error = $0
        loop.stop()
      })
  }

  private static func lines(of text: String, lineBytesMax: Int = LineReader.lineBytesMax) throws -> Record {
    let (loop, record) = (EventLoop(), Record())
    let reader = try read(makeFile(text).release(), into: record, on: loop, lineBytesMax: lineBytesMax)
    loop.run { _ in nil }
    reader.close()
    return record
  }

  @Test("a turn comes at the start, and again when its deadline has passed, never before")
  func deadlines() {
    let loop = EventLoop()
    var turns: [(now: Instant, asked: Instant?)] = []
    var asked: Instant?
    loop.run { now in
      turns.append((now, asked))
      if turns.count == 4 { loop.stop() }
      asked = now + .milliseconds(3)
      return asked
    }
    #expect(turns.count == 4)
    #expect(turns[0].asked == nil)
    for turn in turns.dropFirst() { #expect(turn.now >= turn.asked!) }
  }

  @Test("a deadline in the past is due at once")
  func pastDeadline() {
    let loop = EventLoop()
    var count = 0
    loop.run { now in
      count += 1
      if count == 3 { loop.stop() }
      return now - .seconds(5)
    }
    #expect(count == 3)
  }

  @Test("a deadline takes the place of the one before, and so does none at all")
  func replacedDeadlines() throws {
    let loop = EventLoop()
    let (reading, writing) = try makePipe()
    var lines = 0
    let reader = try LineReader(
      loop, descriptor: reading.release(), onLine: { _ in lines += 1 }, onOversized: { _ in }, onEnd: { _ in }
    )
    var linesAtTurn: [Int] = []
    loop.run { now in
      linesAtTurn.append(lines)
      switch linesAtTurn.count {
      case 1:
        // An hour would be too long for this test.
        writing.write("first\n")
        return now + .seconds(3600)
      case 2: return now + .milliseconds(1)
      case 3:
        writing.write("second\n")
        return now + .milliseconds(20)
      case 4:
        let later = DispatchTime.now() + .milliseconds(100)
        DispatchQueue.global().asyncAfter(deadline: later) { [number = writing.number] in
          _ = writeBytes(number, "third\n", 6)
        }
        return nil
      default:
        loop.stop()
        return nil
      }
    }
    #expect(linesAtTurn == [0, 1, 1, 2, 3])
    reader.close()
  }

  @Test("a loop can run again after it was stopped")
  func runAgain() {
    let loop = EventLoop()
    var count = 0
    for _ in 0..<3 {
      loop.run { _ in
        count += 1
        loop.stop()
        return nil
      }
    }
    #expect(count == 3)
  }

  @Test(
    "lines are split at newlines, and only there",
    arguments: [
      ("", []), ("\n", [""]), ("a\n", ["a"]), ("a", ["a"]), ("a\nb", ["a", "b"]), ("\n\nc\n", ["", "", "c"]),
      ("a\r\n\0b\n", ["a\r", "\0b"]),
    ])
  func splitting(text: String, expected: [String]) throws {
    let record = try Self.lines(of: text)
    #expect(record.lines == expected)
    #expect(record.ended)
    #expect(record.error == nil)
  }

  @Test("lines that straddle the chunks of reading come whole")
  func chunks() throws {
    let lengths = [10, 65_535, 65_536, 65_537, 0, 200_000, 1, 70_000, 1_500_000, 3]
    let lines = lengths.enumerated().map { index, length in
      String(repeating: Character(UnicodeScalar(UInt8(97 + index))), count: length)
    }
    let record = try Self.lines(of: lines.joined(separator: "\n") + "\n")
    #expect(record.lines == lines)
  }

  @Test("a line at the limit passes; one byte more, however much, is reported with its length")
  func oversized() throws {
    let (fits, tooLong, huge) = ("12345", "123456", String(repeating: "x", count: 300_000))
    let record = try Self.lines(
      of: [fits, tooLong, fits, huge, fits, huge].joined(separator: "\n"), lineBytesMax: 5)
    #expect(record.lines == [fits, fits, fits])
    #expect(record.oversized == [6, 300_000, 300_000])
  }

  @Test("a pause stops between two lines of one batch, and nothing is lost")
  func pausing() throws {
    let loop = EventLoop()
    var reader: LineReader!
    var (lines, linesInTurn, mostInTurn, turns) = ([String](), 0, 0, 0)
    let text = (1...100).map { "\($0)\n" }.joined()
    reader = try LineReader(
      loop, descriptor: makeFile(text).release(),
      onLine: {
        lines.append(String(decoding: $0, as: UTF8.self))
        linesInTurn += 1
        reader.pause()
      },
      onOversized: { _ in }, onEnd: { _ in loop.stop() })
    loop.run { _ in
      turns += 1
      mostInTurn = max(mostInTurn, linesInTurn)
      linesInTurn = 0
      reader.resume()
      return nil
    }
    #expect(lines == (1...100).map { "\($0)" })
    #expect(mostInTurn == 1)
    #expect(turns >= 100)
  }

  @Test("a file that goes on and on does not keep a deadline waiting")
  func fairness() throws {
    let loop = EventLoop()
    var (count, turns) = (0, 0)
    // Without an end and without a newline.
    let reader = try LineReader(
      loop, descriptor: open("/dev/zero", O_RDONLY | O_CLOEXEC), lineBytesMax: 1000,
      onLine: { _ in count += 1 }, onOversized: { _ in count += 1 }, onEnd: { _ in })
    let end = loop.now + .milliseconds(50)
    loop.run { now in
      turns += 1
      if now >= end { loop.stop() }
      return end
    }
    reader.close()
    #expect(count == 0)
    #expect(turns > 1)
  }

  @Test("what can't be read ends with an error that says why")
  func unreadable() throws {
    let (loop, record) = (EventLoop(), Record())
    let reader = try Self.read(open("/", O_RDONLY | O_CLOEXEC), into: record, on: loop)
    loop.run { _ in nil }
    reader.close()
    #expect(record.lines == [])
    #expect(record.error?.description == "read: illegal operation on a directory")
  }

  @Test("a writer queues what a full pipe does not take, and reports when it is empty again")
  func writing() throws {
    let loop = EventLoop()
    let (reading, writing) = try makePipe()
    var (drained, received) = (false, 0)
    let writer = try LineWriter(
      loop, descriptor: writing.release(), onError: { _ in }, onDrained: { drained = true })
    let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 999_999) + [UInt8(ascii: "\n")]
    bytes.withUnsafeBytes { writer.write($0) }
    #expect(writer.isBlocked)
    #expect(writer.queuedBytes > 0 && writer.queuedBytes < bytes.count)
    bytes.withUnsafeBytes { writer.append($0) }
    #expect(writer.queuedBytes > bytes.count)
    let reader = try LineReader(
      loop, descriptor: reading.release(), onLine: { received += $0.count + 1 }, onOversized: { _ in },
      onEnd: { _ in })
    loop.run { _ in
      if drained, received == 2 * bytes.count { loop.stop() }
      return nil
    }
    #expect(!writer.isBlocked)
    #expect(writer.queuedBytes == 0)
    reader.close()
    writer.close()
  }

  @Test("writing to a pipe that nobody reads any more is reported once")
  func brokenPipe() throws {
    let loop = EventLoop()
    let (reading, writing) = try makePipe()
    reading.close()
    var errors: [SystemError] = []
    let writer = try LineWriter(loop, descriptor: writing.release(), onError: { errors.append($0) })
    for _ in 0..<3 { [1, 2, 3].withUnsafeBytes { writer.write($0) } }
    #expect(errors.map(\.code) == [-EPIPE])
    writer.close()
  }

  @Test("a signal comes as an event")
  func signals() {
    let loop = EventLoop()
    var count = 0
    loop.onSignal(SIGUSR2) {
      count += 1
      loop.stop()
    }
    var sent = false
    loop.run { _ in
      if !sent { kill(getpid(), SIGUSR2) }
      sent = true
      return nil
    }
    #expect(count == 1)
  }
}
