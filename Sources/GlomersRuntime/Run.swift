public import Glomers
public import Wire

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The main function of a node's program: carries a node of this type between stdin and stdout until it is told
/// to end, and then ends the process.
///
/// Exit status: 0 at the end of stdin, on SIGTERM or SIGINT, and when nobody reads stdout any more; 1 when stdin
/// or stdout fails; 2 when the command line can't be used.
///
/// - Parameters:
///   - arguments: values for `N.options`, as `--name VALUE` or `--name=VALUE`; `--help` describes them.
///   - program: what the program is called in messages.
@inlinable
public func run<N: Node>(
  _ node: N.Type, arguments: [String] = Array(CommandLine.arguments.dropFirst()),
  program: String = programName()
) -> Never where N.Message: WireMessage {
  endProcess(carry(node, arguments, program))
}

/// Runs a node and returns the exit status.
///
/// Everything generic here is inlinable, and what it calls is not: so it is specialized for the node in the node's
/// own module, which the optimizer by itself refuses for code from which C can be reached by inlining.
@inlinable
func carry<N: Node>(_ node: N.Type, _ arguments: [String], _ program: String) -> Int32
where N.Message: WireMessage {
  let process = NodeProcess(options: readOptions(arguments, N.options, program))
  let driver = Driver<N>(options: process.options, output: process.output)
  return process.run(
    receive: { line, now in driver.receive(line, at: now) },
    advance: { now in driver.advance(to: now) },
    deadline: { driver.deadline })
}

/// The last part of the path that this program was started by.
public func programName() -> String {
  CommandLine.arguments.first?.split(separator: "/").last.map { String($0) } ?? "node"
}

/// Apart from its callers, because what touches C can't be specialized in another module.
@usableFromInline @inline(never)
func endProcess(_ status: Int32) -> Never { exit(status) }

@usableFromInline @inline(never)
func readOptions(
  _ arguments: [String], _ options: [Option], _ program: String
) -> [String: Option.Value] {
  do {
    switch try Arguments(arguments, options: options) {
    case .values(let values): return values
    case .help:
      print(Arguments.help(program: program, options: options))
      exit(0)
    }
  } catch {
    logLine("\(program): \(error.message)")
    logLine("Try '\(program) --help'.")
    exit(2)
  }
}

/// The generic part of a node's process: a host between two codecs. Knows neither C nor the loop, so that a
/// release build can specialize all of it for its node.
@usableFromInline
final class Driver<N: Node> where N.Message: WireMessage {
  @usableFromInline var host: Host<N>
  @usableFromInline let codec = Codec<N>()
  @usableFromInline let output: Output

  @inlinable
  init(options: [String: Option.Value], output: Output) {
    host = Host(options: options, random: Random(seed: .random(in: .min ... .max)))
    self.output = output
  }

  @inlinable
  var deadline: Instant? { host.deadline }

  @inlinable
  func receive(_ line: UnsafeRawBufferPointer, at now: Instant) {
    switch codec.decode(line, isAsk: { host.isAsk($0) }) {
    case .envelope(let envelope):
      host.receive(envelope, at: now)
    case .rejected(let wreck):
      host.reject(
        wreck.error, from: wreck.source, to: wreck.destination, id: wreck.id, isReply: wreck.isReply, at: now)
    }
    drain()
  }

  /// Carries out one thing that is due, if there is one.
  @inlinable
  func advance(to now: Instant) -> Bool {
    guard host.advance(to: now) else { return false }
    drain()
    return true
  }

  @inlinable
  func drain() {
    var isStoring: Bool
    repeat {
      isStoring = false
      host.drain { effect in
        switch effect {
        case .send(let envelope):
          codec.encode(envelope, into: &output.writer)
          output.writer.newline()
        case .store:
          // Without a data directory storing is immediate, and forgets.
          isStoring = true
        case .log(let line):
          logLine(line)
        }
      }
      if isStoring { host.stored() }
    } while isStoring
  }
}
