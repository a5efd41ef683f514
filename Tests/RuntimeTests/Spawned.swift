import Dispatch
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A process on descriptors of the test's choice, driven with blocking calls. A guard kills it if the test hangs.
final class Spawned {
  let id: pid_t
  private let killer: DispatchWorkItem
  private var hasBeenWaitedFor = false

  /// Starts a program; the three descriptors stay the caller's.
  init(
    _ path: String, _ arguments: [String], input: Int32, output: Int32, errors: Int32,
    environment: [String: String] = [:], limitSeconds: Int = 60
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, source) in [input, output, errors].enumerated() {
      if source < 0 {
        posix_spawn_file_actions_addclose(&actions, Int32(target))
      } else {
        posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
      }
    }
    var strings: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    strings.append(nil)
    defer { for string in strings { free(string) } }
    // What is added comes first: of a variable that is there twice, the first counts.
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") }
    let added = variables
    defer { for string in added { free(string) } }
    var inherited = environ
    while let variable = inherited.pointee {
      variables.append(variable)
      inherited += 1
    }
    variables.append(nil)
    var id: pid_t = 0
    try #require(posix_spawn(&id, path, &actions, nil, &strings, &variables) == 0, "can't start \(path)")
    self.id = id
    killer = DispatchWorkItem { kill(id, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(limitSeconds), execute: killer)
  }

  /// Waits for the end. The exit status, or minus the signal that killed the process.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0 && errno == EINTR {}
    killer.cancel()
    hasBeenWaitedFor = true
    return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
  }

  /// Leaves no process behind, and no zombie.
  deinit {
    guard !hasBeenWaitedFor else { return }
    kill(id, SIGKILL)
    _ = wait()
  }

  /// A figure in kibibytes from /proc: `VmRSS`, `VmHWM`.
  func kibibytes(_ field: String) -> Int? {
    guard let descriptor = try? Descriptor(open("/proc/\(id)/status", O_RDONLY | O_CLOEXEC)) else {
      return nil
    }
    for line in descriptor.readText().split(separator: "\n") where line.hasPrefix(field + ":") {
      return Int(line.split(separator: "\t").last!.split(separator: " ")[0])
    }
    return nil
  }
}

/// An open file that closes itself.
final class Descriptor {
  private(set) var number: Int32

  init(_ number: Int32) throws {
    self.number = number
    try #require(number >= 0, "\(String(cString: strerror(errno)))")
  }

  deinit { close() }

  func close() {
    if number >= 0 { _ = closeDescriptor(number) }
    number = -1
  }

  /// Hands the descriptor over to somebody who closes it.
  func release() -> Int32 {
    defer { number = -1 }
    return number
  }

  /// Writes everything, waiting as long as it takes. False if the other side has gone.
  @discardableResult
  func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { writeBytes(number, $0.baseAddress!, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Writes until nothing more is taken for a while, and returns how many bytes were.
  func writeUntilBlocked(_ bytes: [UInt8], upTo limit: Int) -> Int {
    _ = fcntl(number, F_SETFL, O_NONBLOCK)
    var total = 0
    var offset = 0
    while total < limit {
      let count = bytes[offset...].withUnsafeBytes { writeBytes(number, $0.baseAddress!, $0.count) }
      if count > 0 {
        total += count
        offset = (offset + count) % bytes.count
        continue
      }
      var ready = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
      if poll(&ready, 1, 1000) <= 0 { break }
    }
    _ = fcntl(number, F_SETFL, 0)
    return total
  }

  private var unread: [UInt8] = []

  /// What comes until the end.
  func readText() -> String {
    while readMore() {}
    defer { unread = [] }
    return String(decoding: unread, as: UTF8.self)
  }

  /// The next line, or nil at the end.
  func readLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        defer { unread.removeSubrange(...end) }
        return String(decoding: unread[..<end], as: UTF8.self)
      }
      if !readMore() { return nil }
    }
  }

  private func readMore() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = readBytes(number, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      unread += chunk[..<count]
      return true
    }
  }
}

// The methods above hide the functions of the same names.
private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }
func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
private func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}

/// A pipe that no other test's child inherits: opened through a name, since only open(2) can promise that to Swift.
func makePipe() throws -> (reading: Descriptor, writing: Descriptor) {
  let path = temporaryPath()
  try #require(mkfifo(path, 0o600) == 0)
  defer { unlink(path) }
  let reading = try Descriptor(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC))
  let writing = try Descriptor(open(path, O_WRONLY | O_CLOEXEC))
  _ = fcntl(reading.number, F_SETFL, 0)
  return (reading, writing)
}

/// A file without a name.
func makeFile(_ text: String = "") throws -> Descriptor {
  let path = temporaryPath()
  let file = try Descriptor(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
  unlink(path)
  file.write(text)
  lseek(file.number, 0, SEEK_SET)
  return file
}

/// A path that nothing has yet.
func temporaryPath() -> String { "/tmp/glomers-test-\(UInt64.random(in: 0 ... .max))" }

/// The program that the package builds beside its tests.
func productPath(_ name: String) -> String {
  var buffer = [CChar](repeating: 0, count: 4096)
  let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
  let runner = String(decoding: buffer[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  // Tests may run in a helper of the toolchain, which is told where the bundle is.
  let candidates = [runner] + CommandLine.arguments
  for candidate in candidates {
    var parts = candidate.split(separator: "/", omittingEmptySubsequences: false)
    while parts.count > 1 {
      parts.removeLast()
      let path = parts.joined(separator: "/") + "/" + name
      if access(path, X_OK) == 0, path.contains(".build") { return path }
    }
  }
  return ".build/debug/" + name
}

/// A node of `glomer` between pipes.
struct PipedNode {
  let process: Spawned
  let input: Descriptor
  let output: Descriptor
  let errors: Descriptor

  init(
    _ arguments: [String] = ["echo"], path: String = productPath("glomer"),
    environment: [String: String] = [:]
  ) throws {
    let (childInput, input) = try makePipe()
    let (output, childOutput) = try makePipe()
    let (errors, childErrors) = try makePipe()
    process = try Spawned(
      path, arguments, input: childInput.number, output: childOutput.number, errors: childErrors.number,
      environment: environment)
    (self.input, self.output, self.errors) = (input, output, errors)
  }

  /// Ends stdin and collects what was said until then, and the exit status.
  func finish() -> (output: String, errors: String, status: Int32) {
    input.close()
    return (output.readText(), errors.readText(), process.wait())
  }
}

/// Lines as a client sends them.
enum Line {
  static let initialize =
    #"{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}"# + "\n"
  static let initializeOk = #"{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}"#

  static func echo(_ payload: String, id: Int) -> String {
    #"{"src":"c1","dest":"n0","body":{"type":"echo","msg_id":\#(id),"echo":"\#(payload)"}}"# + "\n"
  }
  static func echoOk(_ payload: String, id: Int) -> String {
    #"{"src":"n0","dest":"c1","body":{"type":"echo_ok","echo":"\#(payload)","in_reply_to":\#(id)}}"#
  }
}
