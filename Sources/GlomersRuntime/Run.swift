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
/// With `--data-dir DIRECTORY` the node's records are kept there, and an answer waits until the records before it
/// are stored. Without it they are forgotten.
///
/// Exit status: 0 at the end of stdin, on SIGTERM or SIGINT, and when nobody reads stdout any more; 1 when stdin
/// or stdout fails, or the data directory can't be used; 2 when the command line can't be used.
///
/// - Parameters:
///   - arguments: values for `N.options`, as `--name VALUE` or `--name=VALUE`; `--help` describes them.
///   - program: what the program is called in messages.
@inlinable
public func run<N: Node>(
  _ node: N.Type, arguments: [String] = Array(CommandLine.arguments.dropFirst()),
  program: String = programName()
) -> Never where N.Message: WireMessage, N.Record: StorableRecord {
  endProcess(carry(node, arguments, program))
}

/// Runs a node and returns the exit status.
///
/// Everything generic here is inlinable, and what it calls is not: so it is specialized for the node in the node's
/// own module, which the optimizer by itself refuses for code from which C can be reached by inlining.
@inlinable
func carry<N: Node>(_ node: N.Type, _ arguments: [String], _ program: String) -> Int32
where N.Message: WireMessage, N.Record: StorableRecord {
  let storesRecords = N.Record.self != Never.self
  let process = NodeProcess(options: readOptions(arguments, N.options, storesRecords, program))
  var records: [N.Record] = []
  let document = JSONDocument()
  let storage = NodeStorage.open(process.options, storesRecords: storesRecords) { text in
    do throws(WireError) {
      records.append(try N.Record(record: document.parse(text)))
      return nil
    } catch {
      return "\(error)"
    }
  }
  let driver = Driver<N>(
    options: process.options, recovering: records, output: process.output, storage: storage)
  records = []
  return process.run(
    receive: { line, now in driver.receive(line, at: now) },
    advance: { now in driver.advance(to: now) },
    settle: { now, isLast in driver.settle(now, isLast) },
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
  _ arguments: [String], _ options: [Option], _ storesRecords: Bool, _ program: String
) -> [String: Option.Value] {
  let offered = storesRecords ? options + NodeStorage.options : options
  do {
    switch try Arguments(arguments, options: offered, hidden: NodeStorage.options) {
    case .values(let values): return values
    case .help:
      print(Arguments.help(program: program, options: offered))
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
final class Driver<N: Node> where N.Message: WireMessage, N.Record: StorableRecord {
  @usableFromInline var host: Host<N>
  @usableFromInline let codec = Codec<N>()
  @usableFromInline let output: Output
  @usableFromInline let storage: NodeStorage?

  @inlinable
  init(
    options: [String: Option.Value], recovering records: [N.Record], output: Output, storage: NodeStorage?
  ) {
    host = Host(
      options: options, recovering: records, random: Random(seed: .random(in: .min ... .max)))
    self.output = output
    self.storage = storage
  }

  @inlinable
  var deadline: Instant? {
    guard let retry = storage?.deadline else { return host.deadline }
    return host.deadline.map { min($0, retry) } ?? retry
  }

  @inlinable
  func receive(_ line: UnsafeRawBufferPointer, at now: Instant) {
    switch codec.decode(line, isAsk: { host.isAsk($0) }) {
    case .envelope(let envelope):
      if let storage, !storage.hasBegun {
        begin(storage, envelope, now)
      } else {
        host.receive(envelope, at: now)
      }
    case .rejected(let wreck):
      host.reject(
        wreck.error, from: wreck.source, to: wreck.destination, id: wreck.id, isReply: wreck.isReply, at: now)
    }
    drain()
    // One turn's records are bounded, and so is what waits for them.
    if let storage, storage.pendingBytes >= NodeStorage.pendingBytesMax { settle(now, false) }
  }

  /// Takes a message before it is known whose records these are.
  @inlinable
  func begin(_ storage: NodeStorage, _ envelope: Envelope<N>, _ now: Instant) {
    if case .initialize(let me, _) = envelope.body, let objection = storage.objection(to: me) {
      host.reject(
        objection, from: envelope.source, to: envelope.destination, id: envelope.id, isReply: false, at: now)
      logLine(objection.text)
      output.failure = 1
      return
    }
    host.receive(envelope, at: now)
    if let me = host.me { storage.begin(as: me) }
  }

  /// Carries out one thing that is due, if there is one.
  @inlinable
  func advance(to now: Instant) -> Bool {
    guard host.advance(to: now) else { return false }
    drain()
    return true
  }

  /// Stores the records of this turn in one write, and lets go what waited for them.
  @inlinable
  func settle(_ now: Instant, _ isLast: Bool) {
    guard let storage else { return }
    switch storage.commit(at: now, isLast: isLast) {
    case .idle: return
    case .stored: host.stored()
    case .failing: host.storingFailed(at: now, patience: isLast ? .zero : Host<N>.storingPatience)
    }
    drain()
    if storage.wantsCheckpoint { replaceLog(of: storage) }
  }

  @inlinable
  func replaceLog(of storage: NodeStorage) {
    guard let records = host.checkpoint else {
      storage.postponeCheckpoint()
      return
    }
    var position = 0
    storage.replaceLog {
      guard position < records.count else { return false }
      storage.write(records[position])
      position += 1
      return true
    }
  }

  @inlinable
  func drain() {
    var forgets: Bool
    repeat {
      forgets = false
      host.drain { effect in
        switch effect {
        case .send(let envelope):
          codec.encode(envelope, into: &output.writer)
          output.writer.newline()
        case .store(let record):
          if let storage {
            storage.write(record)
            storage.append()
          } else {
            // Without a data directory storing is immediate, and forgets.
            forgets = true
          }
        case .log(let line):
          logLine(line)
        }
      }
      if forgets { host.stored() }
    } while forgets
  }
}

extension NodeStorage {
  /// Writes a record to ``writer``.
  @inlinable
  func write<Record: StorableRecord>(_ record: Record) {
    writer.beginObject()
    record.write(to: &writer)
    writer.endObject()
  }
}
