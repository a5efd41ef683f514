import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What every node's process does, shown with `glomer echo`.
@Suite("A node's process")
struct NodeProcessTests {
  static let conversation = Line.initialize + Line.echo("one", id: 2) + Line.echo("two", id: 3)
  static let answers =
    [Line.initializeOk, Line.echoOk("one", id: 2), Line.echoOk("two", id: 3)].joined(separator: "\n") + "\n"

  @Test("over pipes, each request is answered while stdin stays open")
  func answersAtOnce() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    for number in 2...20 {
      node.input.write(Line.echo("x\(number)", id: number))
      #expect(node.output.readLine() == Line.echoOk("x\(number)", id: number))
    }
    let end = node.finish()
    #expect(end.output == "")
    #expect(end.errors == "")
    #expect(end.status == 0)
  }

  @Test("a line that arrives byte by byte is one line")
  func splitLine() throws {
    let node = try PipedNode()
    for byte in Line.initialize.utf8 { node.input.write([byte]) }
    #expect(node.output.readLine() == Line.initializeOk)
    #expect(node.finish().status == 0)
  }

  @Test("the last line counts without its newline")
  func lastLine() throws {
    let node = try PipedNode()
    node.input.write(String((Line.initialize + Line.echo("last", id: 2)).dropLast()))
    let end = node.finish()
    #expect(end.output.hasSuffix(Line.echoOk("last", id: 2) + "\n"))
    #expect(end.status == 0)
  }

  @Test("stdin and stdout may be files")
  func files() throws {
    let input = try makeFile(Self.conversation)
    let output = try makeFile()
    let node = try Spawned(
      productPath("glomer"), ["echo"], input: input.number, output: output.number, errors: 2)
    #expect(node.wait() == 0)
    lseek(output.number, 0, SEEK_SET)
    #expect(output.readText() == Self.answers)
  }

  @Test("stdin and stdout may be one socket")
  func socket() throws {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, streamSocket, 0, &ends) == 0)
    let (ours, theirs) = (try Descriptor(ends[0]), try Descriptor(ends[1]))
    _ = fcntl(ours.number, F_SETFD, FD_CLOEXEC)
    let node = try Spawned(
      productPath("glomer"), ["echo"], input: theirs.number, output: theirs.number, errors: 2)
    theirs.close()
    ours.write(Self.conversation)
    shutdown(ours.number, writingDirection)
    #expect(ours.readText() == Self.answers)
    #expect(node.wait() == 0)
  }

  #if os(Linux)
    @Test("stdin and stdout may be a terminal, which ends with ^D")
    func terminal() throws {
      let (master, slave) = try makeTerminal()
      var settings = termios()
      tcgetattr(slave.number, &settings)
      settings.c_lflag &= ~tcflag_t(ECHO)
      settings.c_oflag = 0
      tcsetattr(slave.number, TCSANOW, &settings)
      let node = try Spawned(
        productPath("glomer"), ["echo"], input: slave.number, output: slave.number, errors: 2)
      master.write(Line.initialize)
      #expect(master.readLine() == Line.initializeOk)
      master.write(Line.echo("typed", id: 2))
      #expect(master.readLine() == Line.echoOk("typed", id: 2))
      master.write([4])
      #expect(node.wait() == 0)
    }

    private func makeTerminal() throws -> (master: Descriptor, slave: Descriptor) {
      let master = try Descriptor(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC))
      let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
      var number: Int32 = 0
      try #require(ioctl(master.number, unlock, &number) == 0)
      try #require(ioctl(master.number, getNumber, &number) == 0)
      return (master, try Descriptor(open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)))
    }
  #endif

  @Test("an empty stdin ends the node with status 0")
  func noInput() throws {
    let null = try Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC))
    let node = try Spawned(
      productPath("glomer"), ["echo"], input: null.number, output: null.number, errors: 2)
    #expect(node.wait() == 0)
  }

  @Test("a missing stdin is an empty one")
  func missingInput() throws {
    let (errors, childErrors) = try makePipe()
    let node = try Spawned(productPath("glomer"), ["echo"], input: -1, output: 1, errors: childErrors.number)
    childErrors.close()
    #expect(errors.readText() == "")
    #expect(node.wait() == 0)
  }

  @Test("SIGTERM and SIGINT end the node with status 0", arguments: [SIGTERM, SIGINT])
  func signals(number: Int32) throws {
    let node = try PipedNode()
    node.input.write(Self.conversation)
    // The answers show that the handlers are in place.
    for _ in 0..<3 { #expect(node.output.readLine() != nil) }
    kill(node.process.id, number)
    #expect(node.process.wait() == 0)
    #expect(node.output.readText() == "")
  }

  @Test("SIGTERM ends a node whose output nobody takes")
  func signalWhileBlocked() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    _ = node.output.readLine()
    let flood = Array(Line.echo(String(repeating: "x", count: 1000), id: 2).utf8)
    _ = node.input.writeUntilBlocked(flood, upTo: 64 << 20)
    kill(node.process.id, SIGTERM)
    #expect(node.process.wait() == 0)
    #expect(node.errors.readText().contains("nobody took"))
  }

  @Test("a closed stdout ends the node with one line on stderr and status 0")
  func closedOutput() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    node.output.close()
    node.input.write(Line.echo("anybody there?", id: 2))
    #expect(node.process.wait() == 0)
    let log = node.errors.readText()
    #expect(log.contains("broken pipe"))
    #expect(log.split(separator: "\n").count == 1)
  }

  @Test("a stdout that can't be written ends the node with status 1")
  func fullDevice() throws {
    let full = try Descriptor(open("/dev/full", O_WRONLY | O_CLOEXEC))
    let input = try makeFile(Self.conversation)
    let (errors, childErrors) = try makePipe()
    let node = try Spawned(
      productPath("glomer"), ["echo"], input: input.number, output: full.number, errors: childErrors.number)
    childErrors.close()
    #expect(errors.readText().contains("no space left"))
    #expect(node.wait() == 1)
  }

  @Test("stdin gets its mode back")
  func blockingMode() throws {
    let node = try PipedNode()
    let (reading, writing) = try makePipe()
    let second = try Spawned(productPath("glomer"), ["echo"], input: reading.number, output: 1, errors: 2)
    writing.close()
    #expect(second.wait() == 0)
    #expect(fcntl(reading.number, F_GETFL) & O_NONBLOCK == 0)
    #expect(node.finish().status == 0)
  }

  @Test("a stderr that nobody reads does not stop the node")
  func blockedErrors() throws {
    let node = try PipedNode()
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    // Far more log than a pipe holds.
    let garbage = String(repeating: "x", count: 200) + "\n"
    for number in 2..<2000 {
      node.input.write(garbage)
      if number.isMultiple(of: 100) {
        node.input.write(Line.echo("\(number)", id: number))
        #expect(node.output.readLine() == Line.echoOk("\(number)", id: number))
      }
    }
    let end = node.finish()
    #expect(end.status == 0)
    #expect(end.errors.contains("not JSON"))
  }

  /// Stops a node, lets `meanwhile` happen, and lets it go on.
  private func stop(_ node: PipedNode, _ meanwhile: () -> Void) {
    kill(node.process.id, SIGSTOP)
    var status: Int32 = 0
    while waitpid(node.process.id, &status, WUNTRACED) < 0 && errno == EINTR {}
    meanwhile()
    kill(node.process.id, SIGCONT)
  }

  @Test(
    "after a stop, what came meanwhile is left alone if its client may have gone; what comes next is answered"
  )
  func stopped() throws {
    let node = try PipedNode(["echo", "--client-patience", "20ms"])
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    stop(node) {
      node.input.write(Line.echo("stale", id: 2) + Line.echo("stale too", id: 3))
      usleep(25_000)
    }
    #expect(
      node.errors.readLine()?.hasPrefix("left 2 requests that came while this node was stopped") == true)
    node.input.write(Line.echo("fresh", id: 4))
    #expect(node.output.readLine() == Line.echoOk("fresh", id: 4))
    #expect(node.finish().output == "")
  }

  @Test("after a stop for which clients wait, what came meanwhile is answered")
  func stoppedShortly() throws {
    let node = try PipedNode(["echo", "--client-patience", "60s"])
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    stop(node) { node.input.write(Line.echo("patient", id: 2)) }
    #expect(node.output.readLine() == Line.echoOk("patient", id: 2))
    #expect(node.finish().errors == "")
  }

  #if os(Linux)
    private var streamSocket: Int32 { Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) }
    private var writingDirection: Int32 { Int32(SHUT_WR) }
  #else
    private var streamSocket: Int32 { SOCK_STREAM }
    private var writingDirection: Int32 { SHUT_WR }
  #endif
}
