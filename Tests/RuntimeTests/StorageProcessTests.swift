import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A notebook with a data directory, as a client sees it.
private struct Notebook {
  let node: PipedNode

  init(_ directory: String, _ options: [String] = []) throws {
    node = try PipedNode(["--data-dir", directory] + options, path: productPath("notebook"))
  }

  /// Started and initialized.
  static func opened(_ directory: String, _ options: [String] = []) throws -> Notebook {
    let notebook = try Notebook(directory, options)
    notebook.node.input.write(Line.initialize)
    try #require(notebook.node.output.readLine() == Line.initializeOk)
    return notebook
  }

  /// What becomes of a node that can't use the directory.
  static func refused(_ directory: String, as me: String = "n0") throws -> (
    output: String, errors: String, status: Int32
  ) {
    let node = try Notebook(directory).node
    node.input.write(initialize(me))
    let (output, errors) = (node.output.readText(), node.errors.readText())
    return (output, errors, node.process.wait())
  }

  static func initialize(_ me: String) -> String {
    #"{"src":"c0","dest":"\#(me)","body":{"type":"init","msg_id":1,"node_id":"\#(me)","node_ids":["\#(me)","m"]}}"#
      + "\n"
  }

  static func put(_ number: Int) -> String {
    #"{"src":"c1","dest":"n0","body":{"type":"put","msg_id":\#(number),"key":\#(number % 16),"value":\#(number)}}"#
      + "\n"
  }

  func put(_ numbers: Range<Int>) {
    node.input.write(numbers.map { Self.put($0) }.joined())
  }

  /// The body of the next answer.
  func answer() -> String? {
    guard let line = node.output.readLine() else { return nil }
    return String(line.dropFirst(#"{"src":"n0","dest":"c1","body":"#.count).dropLast())
  }

  static func putOk(_ number: Int) -> String { #"{"type":"put_ok","in_reply_to":\#(number)}"# }

  /// The values of the sixteen keys.
  func read() throws -> [Int] {
    node.input.write(#"{"src":"c1","dest":"n0","body":{"type":"read","msg_id":1}}"# + "\n")
    let line = try #require(self.answer())
    let list = line.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" }
    return list.split(separator: ",").compactMap { Int($0) }
  }

  func kill() {
    _ = killProcess(node.process.id, SIGKILL)
    _ = node.process.wait()
  }
}

private func killProcess(_ id: pid_t, _ number: Int32) -> Int32 { kill(id, number) }

/// What the keys hold after the numbers below one were put, each under its remainder by 16.
private func values(after count: Int) -> [Int] {
  (0..<16).map { key in count > key ? (count - 1 - key) / 16 * 16 + key : -1 }
}

/// A directory that is removed with what is in it.
private final class Directory {
  let path = temporaryPath()
  /// Of n0.
  var log: String { path + "/n0/log" }

  deinit {
    for node in ["n0", "n1", "%2e%2e%2fn0"] {
      for name in ["log", "log.next", "lock"] { unlink("\(path)/\(node)/\(name)") }
      rmdir("\(path)/\(node)")
    }
    rmdir(path)
  }

  func bytes() throws -> [UInt8] {
    var bytes: [UInt8] = []
    let file = try Descriptor(open(log, O_RDONLY | O_CLOEXEC))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = readSome(file.number, &chunk), count > 0 { bytes += chunk[..<count] }
    return bytes
  }

  func replace(_ bytes: [UInt8]) throws {
    let file = try Descriptor(open(log, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0o600))
    #expect(file.write(bytes))
  }

  private func readSome(_ number: Int32, _ chunk: inout [UInt8]) -> Int { read(number, &chunk, chunk.count) }
}

@Suite("A data directory")
struct StorageProcessTests {
  @Test(
    "killed again and again under load, a node keeps what it acknowledged, and its log stays short",
    arguments: ["fdatasync", "write"])
  func killed(sync: String) throws {
    let directory = Directory()
    var random = SystemRandomNumberGenerator()
    var acknowledged = 0
    var sent = 0
    for _ in 0..<25 {
      let notebook = try Notebook.opened(directory.path, ["--sync", sync])
      let found = try notebook.read()
      // What is there is what some number of puts, in their order, leaves behind.
      let count = (found.max() ?? -1) + 1
      #expect(found == values(after: count))
      #expect(acknowledged <= count && count <= sent)
      (acknowledged, sent) = (count, count)
      for round in 0... {
        notebook.put(sent..<sent + 300)
        sent += 300
        let isLast = round == 12
        let wanted = isLast ? Int.random(in: 0..<300, using: &random) : 300
        for _ in 0..<wanted {
          try #require(notebook.answer() == Notebook.putOk(acknowledged))
          acknowledged += 1
        }
        if isLast { break }
      }
      notebook.kill()
    }
    // The puts alone took three times as much.
    #expect(sent * 35 > 3_000_000)
    #expect(try directory.bytes().count < 1_700_000)
  }

  @Test("the end of stdin and SIGTERM leave nothing behind that was not stored")
  func ended() throws {
    let directory = Directory()
    let first = try Notebook.opened(directory.path)
    first.put(0..<100)
    #expect(first.node.finish().output.split(separator: "\n").count == 100)
    let second = try Notebook.opened(directory.path)
    second.put(100..<101)
    #expect(second.answer() == Notebook.putOk(100))
    _ = killProcess(second.node.process.id, SIGTERM)
    #expect(second.node.process.wait() == 0)
    #expect(try Notebook.opened(directory.path).read() == values(after: 101))
  }

  @Test("without --data-dir nothing is kept, and nothing held up")
  func forgetful() throws {
    let node = try PipedNode([], path: productPath("notebook"))
    node.input.write(Line.initialize + Notebook.put(0))
    let end = node.finish()
    #expect(end.output.split(separator: "\n").count == 2)
    #expect(end.errors == "")
  }

  @Test("a node that has nothing to keep takes --data-dir, says so, and makes no directory")
  func notUsed() throws {
    let directory = Directory()
    let node = try PipedNode(["echo", "--data-dir", directory.path])
    node.input.write(Line.initialize)
    let end = node.finish()
    #expect(end.output == Line.initializeOk + "\n")
    #expect(end.errors.contains("nothing to keep"))
    #expect(access(directory.path, F_OK) != 0)
  }

  @Test("--help of a node that keeps records describes the options, that of another doesn't")
  func help() throws {
    let help = try PipedNode(["--help"], path: productPath("notebook")).finish().output
    #expect(help.contains("--data-dir DIRECTORY"))
    #expect(help.contains("--sync fdatasync|write"))
    #expect(help.contains("Default: none."))
    #expect(try !PipedNode(["echo", "--help"]).finish().output.contains("--data-dir"))
  }

  @Test("two processes never share a node's directory")
  func locked() throws {
    let directory = Directory()
    let first = try Notebook.opened(directory.path)
    let second = try Notebook.refused(directory.path)
    #expect(second.errors.contains("another process uses it"))
    #expect(second.status == 1)
    #expect(try first.read() == values(after: 0))
    first.kill()
    #expect(try Notebook.opened(directory.path).read() == values(after: 0))
  }

  @Test("nodes that are given the same directory keep apart in it, whatever their names are")
  func apart() throws {
    let directory = Directory()
    let first = try Notebook.opened(directory.path)
    first.put(0..<3)
    for number in 0..<3 { #expect(first.answer() == Notebook.putOk(number)) }
    for name in ["n1", "../n0"] {
      let other = try Notebook(directory.path)
      other.node.input.write(Notebook.initialize(name))
      #expect(other.node.output.readLine()?.contains("init_ok") ?? false)
      let read = #"{"src":"c1","dest":"\#(name)","body":{"type":"read","msg_id":1}}"# + "\n"
      other.node.input.write(read)
      #expect(other.node.output.readLine()?.contains("-1,-1,-1") ?? false)
      _ = other.node.finish()
    }
    for name in ["n1", "%2e%2e%2fn0"] { #expect(access("\(directory.path)/\(name)/lock", F_OK) == 0) }
  }

  @Test("a directory of another node is refused at init, with an error, a line and status 1")
  func foreign() throws {
    let directory = Directory()
    let first = try Notebook.opened(directory.path)
    first.put(0..<3)
    _ = first.node.finish()
    let before = try directory.bytes()
    try #require(rename(directory.path + "/n0", directory.path + "/n1") == 0)
    let stranger = try Notebook.refused(directory.path, as: "n1")
    #expect(stranger.output.contains(#""code":22"#))
    #expect(stranger.errors.contains("belongs to node n0, and this is n1"))
    #expect(stranger.status == 1)
    try #require(rename(directory.path + "/n1", directory.path + "/n0") == 0)
    #expect(try directory.bytes() == before)
  }

  @Test("a directory can be named by the environment; the command line comes first")
  func environment() throws {
    let directory = Directory()
    let other = Directory()
    let variables = ["GLOMERS_DATA_DIR": directory.path, "GLOMERS_SYNC": "write"]
    let first = try PipedNode([], path: productPath("notebook"), environment: variables)
    first.input.write(Line.initialize + Notebook.put(0))
    _ = first.finish()
    #expect(try Notebook.opened(directory.path).read() == values(after: 1))
    let second = try PipedNode(
      ["--data-dir", other.path], path: productPath("notebook"), environment: variables)
    second.input.write(Line.initialize)
    _ = second.finish()
    #expect(access(other.log, F_OK) == 0)
    let wrong = try PipedNode([], path: productPath("notebook"), environment: ["GLOMERS_SYNC": "maybe"])
      .finish()
    #expect(wrong.errors.contains("GLOMERS_SYNC can't be 'maybe': it takes fdatasync|write"))
    #expect(wrong.status == 2)
  }

  @Test("directories that lead to it are made; what can't be a directory is refused with status 1")
  func missing() throws {
    let directory = Directory()
    let deep = directory.path + "/a/b"
    let notebook = try Notebook.opened(deep + "/")
    notebook.put(0..<1)
    #expect(notebook.answer() == Notebook.putOk(0))
    notebook.kill()
    for name in ["log", "lock"] { #expect(unlink("\(deep)/n0/\(name)") == 0) }
    rmdir(deep + "/n0")
    rmdir(deep)
    rmdir(directory.path + "/a")
    for path in ["/dev/null/x", "/proc/nobody", "/dev/null"] {
      let end = try Notebook(path).node.finish()
      #expect(end.errors.contains("--data-dir \(path): make the directory: "))
      #expect(end.status == 1)
    }
  }

  @Test("a directory that can't be written is refused with status 1")
  func unwritable() throws {
    // Root writes wherever it likes, but not here.
    let end = try Notebook.refused("/proc/sys")
    #expect(end.errors.contains("--data-dir /proc/sys/n0: make the directory: "))
    #expect(end.status == 1)
  }

  @Test("a torn tail is cut off with one line; damage in the middle is refused with its offset and status 1")
  func damaged() throws {
    let directory = Directory()
    for number in 0..<2 {
      let notebook = try Notebook.opened(directory.path, ["--sync", "write"])
      notebook.put(number * 10..<number * 10 + 10)
      _ = notebook.node.finish()
    }
    let sound = try directory.bytes()
    try directory.replace(Array(sound.dropLast(5)))
    let torn = try Notebook.opened(directory.path)
    let rest = try torn.read()
    #expect(rest == values(after: (rest.max() ?? -1) + 1))
    #expect(rest != values(after: 20))
    let errors = torn.node.finish().errors
    #expect(errors.contains("a write never finished"))
    #expect(errors.split(separator: "\n").count == 1)

    var damaged = sound
    damaged[60] ^= 1
    try directory.replace(damaged)
    let refused = try Notebook.refused(directory.path)
    #expect(refused.errors.contains("corrupted at byte 31"))
    #expect(refused.status == 1)
    #expect(try directory.bytes() == damaged)

    damaged = sound
    damaged[8] = 9
    try directory.replace(damaged)
    let newer = try Notebook.refused(directory.path)
    #expect(newer.errors.contains("format 9"))
    #expect(newer.status == 1)
  }

  @Test("a log of another kind of node is refused by its kind, and nobody is advised to cut it off")
  func otherKind() throws {
    let directory = Directory()
    let node = try PipedNode(["broadcast", "--data-dir", directory.path])
    node.input.write(Line.initialize)
    #expect(node.output.readLine() == Line.initializeOk)
    _ = node.finish()
    let refused = try Notebook.refused(directory.path)
    #expect(refused.errors.contains("the log holds the records of a BroadcastNode, and this is a Notebook"))
    #expect(!refused.errors.contains("cut"))
  }

  @Test(
    "a directory that is moved away under a node is noticed at the next record; once it is back, the node goes on"
  )
  func moved() throws {
    let directory = Directory()
    let notebook = try Notebook.opened(directory.path)
    notebook.put(0..<1)
    #expect(notebook.answer() == Notebook.putOk(0))
    #expect(rename(directory.path + "/n0", directory.path + "/n1") == 0)
    notebook.put(1..<2)
    #expect(try #require(notebook.node.errors.readLine()).contains("not at its place any more"))
    #expect(rename(directory.path + "/n1", directory.path + "/n0") == 0)
    #expect(try #require(notebook.node.errors.readLine()).contains("storing works again"))
    _ = notebook.answer()
    #expect(try notebook.read().max() == 1)
  }

  #if os(Linux)
    @Test(
      "a full disk: 13 for what has begun, 11 for what is new, reads show what is stored; then it goes on")
    func full() throws {
      let directory = Directory()
      let notebook = try Notebook.opened(directory.path)
      notebook.put(0..<3)
      for number in 0..<3 { #expect(notebook.answer() == Notebook.putOk(number)) }
      let size = rlim_t(try directory.bytes().count)

      try limitFiles(of: notebook, to: size)
      // More than the room that the file has already: it is written in part, and then fails.
      let many = 3..<16_003
      var sent = many.lowerBound
      var codes: Set<String> = []
      var stored = many.lowerBound
      while notebook.node.errors.hasNothingToRead, sent < many.upperBound {
        notebook.put(sent..<sent + 100)
        sent += 100
        for number in sent - 100..<sent {
          let answer = try #require(notebook.answer())
          if answer == Notebook.putOk(number) {
            stored = number + 1
            continue
          }
          let code = answer.split(separator: ",").first { $0.hasPrefix("\"code\":") }
          codes.insert(String(try #require(code).dropFirst("\"code\":".count)))
        }
      }
      #expect(
        try #require(notebook.node.errors.readLine()).contains("write log: file too large; trying again"))
      #expect(codes.isSubset(of: ["11", "13"]))
      #expect(codes.contains("13"))
      notebook.put(sent..<sent + 1)
      #expect(try #require(notebook.answer()).contains(#""code":11"#))
      #expect(try notebook.read() == values(after: stored))

      try limitFiles(of: notebook, to: .max)
      #expect(try #require(notebook.node.errors.readLine()).contains("storing works again"))
      notebook.put(0..<1)
      #expect(notebook.answer() == Notebook.putOk(0))
      let before = try notebook.read()
      notebook.kill()
      #expect(try Notebook.opened(directory.path).read() == before)
    }

    private func limitFiles(of notebook: Notebook, to bytes: rlim_t) throws {
      // prlimit(2), which Swift's Glibc doesn't show.
      typealias Function =
        @convention(c) (pid_t, Int32, UnsafePointer<rlimit>, UnsafeMutableRawPointer?) -> Int32
      let symbol = try #require(dlsym(nil, "prlimit"))
      let fileSize: Int32 = 1
      var limit = rlimit(rlim_cur: bytes, rlim_max: .max)
      let change = unsafeBitCast(symbol, to: Function.self)
      try #require(change(notebook.node.process.id, fileSize, &limit, nil) == 0)
    }
  #endif
}

extension Descriptor {
  fileprivate var hasNothingToRead: Bool {
    var ready = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) == 0
  }
}
