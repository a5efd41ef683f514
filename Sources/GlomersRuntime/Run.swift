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
/// With `--data-dir DIRECTORY` the node's records are kept in a directory of its name there, and an answer waits until
/// the records before it are stored. Without it they are forgotten.
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
  let process = NodeProcess(
    options: readOptions(arguments, N.options, storesRecords, program), clientPatience: Host<N>.clientPatience
  )
  let storage = NodeStorage.find(process.options, storesRecords: storesRecords)
  let driver = Driver<N>(
    options: process.options, clientPatience: process.clientPatience, output: process.output, storage: storage
  )
  return process.run(
    receive: { line, now in driver.receive(line, at: now) },
    resumed: { since, now in driver.host.resumed(since: since, at: now) },
    caughtUp: {
      driver.host.caughtUp()
      driver.drain()
    },
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
    let hidden = NodeStorage.options + [NodeProcess.clientPatienceOption]
    switch try Arguments(arguments, options: offered, hidden: hidden) {
    case .values(let values):
      return storesRecords ? try NodeStorage.addingEnvironment(to: values) : values
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
  // Each line would cost a check at run time that nobody else uses the host: nobody does.
  @exclusivity(unchecked) @usableFromInline var host: Host<N>
  @usableFromInline let codec = Codec<N>()
  @usableFromInline let output: Output
  @usableFromInline let storage: NodeStorage?

  @inlinable
  init(
    options: [String: Option.Value], clientPatience: Duration, output: Output, storage: NodeStorage?
  ) {
    host = Host(
      options: options, random: Random(seed: .random(in: .min ... .max)), keepsRecords: storage != nil,
      lastCallID: .random(in: 0..<1 << 32), clientPatience: clientPatience)
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
    if !codec.pass(line, to: &host, at: now) { receiveOther(line, at: now) }
    drain()
    // One turn's records are bounded, and so is what waits for them.
    if let storage, storage.pendingBytes >= NodeStorage.pendingBytesMax { settle(now, false) }
  }

  /// A line that the codec has not passed on: an answer, the message that initializes the node, or no message.
  @inlinable @inline(never)
  func receiveOther(_ line: UnsafeRawBufferPointer, at now: Instant) {
    switch codec.decode(unpassed: line, isAsk: { host.isAsk($0) }) {
    case .envelope(let envelope):
      if let storage, !storage.isOpen, let objection = open(storage, envelope) {
        host.reject(
          objection, from: envelope.source, to: envelope.destination, id: envelope.id, isReply: false, at: now
        )
        logLine(objection.text)
        output.failure = 1
      } else {
        host.receive(envelope, at: now)
      }
    case .rejected(let wreck):
      host.reject(
        wreck.error, from: wreck.source, to: wreck.destination, id: wreck.id, isReply: wreck.isReply, at: now)
    }
  }

  /// Reads what an earlier life of the node stored, when a message tells who it is. Returns why that can't be.
  @inlinable
  func open(_ storage: NodeStorage, _ envelope: Envelope<N>) -> RPCError? {
    guard case .initialize(let me, let nodes) = envelope.body, Host<N>.objection(to: me, among: nodes) == nil
    else { return nil }
    var records: [N.Record] = []
    let document = JSONDocument()
    let objection = storage.open(as: me, kind: N.kind) { Self.take($0, document, &records) }
    host.recover(records)
    return objection
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
    case .stored: host.stored(at: storage.now)
    case .failing:
      host.storingFailed(at: storage.now, patience: isLast ? .zero : Host<N>.storingPatience) {
        isLast ? nil : records(in: storage)
      }
    }
    drain()
    if storage.wantsCheckpoint { replaceLog(of: storage) }
  }

  /// What is stored, while no more can be.
  @inlinable
  func records(in storage: NodeStorage) -> [N.Record]? {
    var records: [N.Record] = []
    let document = JSONDocument()
    return storage.read { Self.take($0, document, &records) } ? records : nil
  }

  /// Reads a record. Returns what is wrong with it.
  @inlinable
  static func take(_ text: Span<UInt8>, _ document: JSONDocument, _ records: inout [N.Record]) -> String? {
    do throws(WireError) {
      records.append(try N.Record(record: document.parse(text)))
      return nil
    } catch {
      return "\(error)"
    }
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
      records[position].write(asObjectTo: &storage.writer)
      position += 1
      return true
    }
  }

  @inlinable
  func drain() {
    host.drain(
      sending: { message, source, destination, id, inReplyTo in
        output.writer.envelope(from: source, to: destination, id: id, inReplyTo: inReplyTo, message)
        output.writer.newline()
      }, { carryOut($0) })
  }

  @inlinable
  func carryOut(_ effect: Host<N>.Output) {
    switch effect {
    case .send(let envelope):
      codec.encode(envelope, into: &output.writer)
      output.writer.newline()
    case .store(let record):
      record.write(asObjectTo: &storage!.writer)
      storage!.append()
    case .log(let line):
      logLine(line)
    }
  }
}
