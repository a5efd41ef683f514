import Testing

/// What keeps a node's memory bounded.
@Suite("Back-pressure")
struct BackPressureTests {
  /// A megabyte of requests, each answered with about as much.
  private static let requests: [UInt8] = Array(
    String(repeating: Line.echo(String(repeating: "x", count: 10_000), id: 2), count: 100).utf8)

  @Test("while nobody reads stdout, the node reads on until 32 MiB of answers wait, and no further")
  func blockedOutput() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    let taken = node.input.writeUntilBlocked(Self.requests, upTo: 256 << 20)
    // Beside what waits there are the pipes, what has been read, and the lines' different lengths.
    #expect((31 << 20)...(36 << 20) ~= taken, "the node took \(taken) bytes that it can't answer")
    if let peak = node.process.kibibytes("VmHWM") {
      #expect(peak < 128 << 10, "peak of \(peak) KiB")
    }
    #expect(node.process.kibibytes("VmRSS") ?? 1 > 0)
  }

  @Test("after a block, every request is answered, in order")
  func resumes() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    // More than both pipes and all buffers hold: the writer blocks until the reader below makes room.
    let payload = String(repeating: "y", count: 5000)
    let count = 2000
    let writer = Thread {
      for id in 2..<count + 2 { node.input.write(Line.echo(payload, id: id)) }
      node.input.close()
    }
    for id in 2..<count + 2 {
      let line = node.output.readLine()
      guard line == Line.echoOk(payload, id: id) else {
        Issue.record("instead of answer \(id): \(line?.prefix(200) ?? "the end")")
        break
      }
    }
    writer.join()
    #expect(node.output.readLine() == nil)
    #expect(node.process.wait() == 0)
  }

  @Test("an answer larger than a pipe arrives whole at the end of stdin")
  func largeAnswer() throws {
    let node = try PipedNode()
    let payload = String(repeating: "z", count: 3 << 20)
    let writer = Thread {
      node.input.write(Line.initialize + Line.echo(payload, id: 2))
      node.input.close()
    }
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.output.readLine() == Line.echoOk(payload, id: 2))
    writer.join()
    #expect(node.process.wait() == 0)
  }
}

/// Work on a thread of its own, to write while the test reads.
private final class Thread: @unchecked Sendable {
  private let work: () -> Void
  private var handle = pthread_t()

  init(_ work: @escaping () -> Void) {
    self.work = work
    pthread_create(
      &handle, nil,
      { thread in
        Unmanaged<Thread>.fromOpaque(thread!).takeRetainedValue().work()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  func join() { pthread_join(handle, nil) }
}

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
