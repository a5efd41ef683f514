import Glomers
import GlomersRuntime
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("A child process")
struct ChildProcessTests {
  private struct Oversized: Equatable {
    let stream: OutputStream
    let lineBytes: Int
  }

  private final class Record {
    var oversized: [Oversized] = []
    var lines: [String] = []
    var errorLines: [String] = []
    var status: GlomersRuntime.ExitStatus?
    var linesAtExit = 0
    var child: ChildProcess!
  }

  /// Runs a shell script to its end.
  private static func run(
    _ script: String, directory: String = "/", once started: (ChildProcess) -> Void = { _ in }
  ) throws -> Record {
    let (loop, record) = (EventLoop(), Record())
    record.child = try ChildProcess(
      loop, executable: "/bin/sh", arguments: ["-c", script], directory: directory,
      onLine: { record.lines.append(String(decoding: $0, as: UTF8.self)) },
      onErrorLine: { record.errorLines.append(String(decoding: $0, as: UTF8.self)) },
      onOversized: { record.oversized.append(Oversized(stream: $0, lineBytes: $1)) },
      onExit: {
        record.status = $0
        record.linesAtExit = record.lines.count
        loop.stop()
      })
    started(record.child)
    let guardTime = loop.now + .seconds(60)
    loop.run { now in
      if now >= guardTime { record.child.signal(SIGKILL) }
      return guardTime
    }
    return record
  }

  @Test("its lines arrive, its exit status comes last")
  func lines() throws {
    let record = try Self.run("echo one; echo two >&2; printf three; exit 3")
    #expect(record.lines == ["one", "three"])
    #expect(record.errorLines == ["two"])
    #expect(record.status == .exited(3))
    #expect(record.linesAtExit == 2)
  }

  @Test("everything that it had written before it ended is read")
  func outputBeforeExit() throws {
    let record = try Self.run("i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done")
    #expect(record.linesAtExit == 5000)
  }

  #if os(Linux)
    @Test("what it has started ends with it, wherever that has gone")
    func leftovers() throws {
      let number: Int32 = try {
        let record = try Self.run("setsid sleep 1000 < /dev/null > /dev/null 2>&1 & echo $!")
        return try #require(Int32(record.lines.joined()))
      }()
      // Until it has gone, or is a zombie that nobody has waited for yet.
      while case let file = open("/proc/\(number)/stat", O_RDONLY), file >= 0 {
        if try Descriptor(file).readText().contains(") Z ") { break }
        usleep(1000)
      }
    }
  #endif

  @Test("it gets its input, and sees the end of it")
  func input() throws {
    let record = try Self.run("while read line; do echo \"<$line>\"; done; echo end") { child in
      child.write(Array("a\nb\n".utf8))
      child.write(Array("c\n".utf8))
      child.closeInput()
    }
    #expect(record.lines == ["<a>", "<b>", "<c>", "end"])
    #expect(record.status == .exited(0))
  }

  @Test("input beyond what a pipe holds arrives whole before the pipe is closed")
  func largeInput() throws {
    let record = try Self.run("wc -c") { child in
      child.write([UInt8](repeating: 120, count: 3_000_000))
      child.closeInput()
    }
    #expect(record.lines.map { $0.filter(\.isNumber) } == ["3000000"])
  }

  @Test("it can open its streams by name, as shell scripts do")
  func streamsByName() throws {
    let record = try Self.run("echo oops > /dev/stderr; echo fine > /dev/stdout")
    #expect(record.lines == ["fine"])
    #expect(record.errorLines == ["oops"])
  }

  @Test("it runs in the directory that it is given")
  func directory() throws {
    #expect(try Self.run("pwd", directory: "/usr").lines == ["/usr"])
  }

  @Test("the signal that killed it is told")
  func killed() throws {
    let record = try Self.run("kill -9 $$")
    #expect(record.status == .signalled(9))
    #expect(record.status?.description == "signal 9")
  }

  @Test("a signal reaches what it has started, too")
  func group() throws {
    // The shell waits for sleep; if only the shell were killed, sleep would hold the pipes.
    let record = try Self.run("sleep 1000; echo not reached") { $0.signal(SIGKILL) }
    #expect(record.status == .signalled(9))
    #expect(record.lines == [])
  }

  @Test("something left behind that holds its pipes does not hold up its end")
  func leftover() throws {
    let record = try Self.run("sleep 1000 & exit 4")
    #expect(record.status == .exited(4))
  }

  @Test("a line that is too long is reported with the stream that it came on")
  func oversizedLines() throws {
    let bytes = LineReader.lineBytesMax + 1
    let record = try Self.run(
      "head -c \(bytes) /dev/zero; echo; echo fine; head -c \(bytes) /dev/zero >&2; echo >&2; echo well >&2")
    #expect(record.oversized.count == 2)
    for stream in [OutputStream.standardOutput, .standardError] {
      #expect(record.oversized.contains(Oversized(stream: stream, lineBytes: bytes)))
    }
    #expect(record.lines == ["fine"])
    #expect(record.errorLines == ["well"])
  }

  @Test("its end is heard of even if the parent process had SIGCHLD blocked")
  func blockedSignal() throws {
    var (blocked, before, after) = (sigset_t(), sigset_t(), sigset_t())
    sigemptyset(&blocked)
    sigaddset(&blocked, SIGCHLD)
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    #expect(try Self.run("exit 5").status == .exited(5))
    pthread_sigmask(SIG_BLOCK, nil, &after)
    #expect(sigismember(&after, SIGCHLD) == 0)
  }

  @Test("input for a child that has gone is dropped")
  func writeAfterExit() throws {
    let record = try Self.run("exit 0") { $0.write(Array("unheard\n".utf8)) }
    record.child.write(Array("unheard\n".utf8))
    record.child.signal(SIGTERM)
    #expect(record.status == .exited(0))
  }

  @Test("a program that can't be started is an error that names it")
  func missing() {
    let error = #expect(throws: SystemError.self) {
      _ = try ChildProcess(
        EventLoop(), executable: "/nonexistent/node", arguments: [], directory: "/", onLine: { _ in },
        onErrorLine: { _ in }, onOversized: { _, _ in }, onExit: { _ in })
    }
    #expect(error?.description == "start /nonexistent/node in /: no such file or directory")
  }

  #if os(Linux)
    @Test("what it has used is known while it runs, and not afterwards")
    func usage() throws {
      var usage: ResourceUsage?
      let record = try Self.run("read line") { child in
        usage = child.usage()
        child.closeInput()
      }
      let measured = try #require(usage)
      #expect(measured.peakResidentBytes > 0)
      #expect(measured.cpu > .zero)
      #expect(record.child.usage() == nil)
    }
  #endif
}
