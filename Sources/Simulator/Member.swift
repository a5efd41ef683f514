public import Glomers
public import Lab
public import Wire

/// A simulated process: a host, its clock, and its log.
@usableFromInline
struct Member<N: Node> where N.Message: WireMessage, N.Record: StorableRecord {
  /// What messages and records are read with. One of each serves all members.
  @usableFromInline
  final class Tools {
    @usableFromInline let codec = Codec<N>()
    @usableFromInline let document = JSONDocument()

    @inlinable
    init() {}
  }

  @usableFromInline let name: NodeID
  @usableFromInline var host: Host<N>
  @usableFromInline let pen = Pen()
  /// How many nanoseconds the node's clock is ahead of the test's.
  @usableFromInline var lead: Int64
  @usableFromInline var isRunning = false
  /// Since when it is paused, by its own clock; nil while it goes on.
  @usableFromInline var pauseStart: Instant?
  /// What a paused node finds when it goes on.
  @usableFromInline var inbox: [[UInt8]] = []
  /// Nil for a node that keeps nothing.
  @usableFromInline var log: SimulatedLog?

  @inlinable
  init(_ name: NodeID, _ scenario: Scenario, lead: Duration) {
    self.name = name
    self.lead = lead.nanoseconds
    host = Host(random: Random(seed: 0))
    log =
      scenario.keepsRecords
      ? SimulatedLog(of: name, kind: N.kind, losesPower: scenario.faults.contains(.disk)) : nil
  }

  /// When something happens in it by itself. Mutating, since an element of an array that is asked something is copied
  /// otherwise.
  @inlinable
  var deadline: Instant? {
    mutating get {
      guard isRunning, pauseStart == nil else { return nil }
      let due = host.deadline.map { Instant(nanoseconds: $0.nanoseconds - lead) }
      guard let storing = log?.storing else { return due }
      return due.map { min($0, storing) } ?? storing
    }
  }

  /// What the node's clock shows.
  @inlinable
  func clock(at now: Instant) -> Instant { Instant(nanoseconds: now.nanoseconds + lead) }

  // MARK: Its life

  /// Starts the node, for the first time or after a kill, with what its log has. Returns what is wrong with that.
  @inlinable
  mutating func start(
    options: [String: Option.Value], _ tools: Tools, _ random: inout Random
  ) -> String? {
    pauseStart = nil
    inbox = []
    host = Host(
      options: options, random: random.split(), keepsRecords: log != nil,
      lastCallID: log == nil ? 0 : Int.random(in: 0..<1 << 32, using: &random))
    var records: [N.Record] = []
    let problem = log?.open { Self.take($0, tools, &records) }
    isRunning = problem == nil
    if isRunning, log != nil { host.recover(records) }
    return problem
  }

  /// Reads a record. Returns what is wrong with it.
  @inlinable
  static func take(_ text: Span<UInt8>, _ tools: Tools, _ records: inout [N.Record]) -> String? {
    do throws(WireError) {
      records.append(try N.Record(record: tools.document.parse(text)))
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Ends the node at once. Of what it was just writing, some part is on the disk.
  @inlinable
  mutating func kill(_ random: inout Random) {
    isRunning = false
    log?.kill(&random)
  }

  /// The clock jumps. Nothing sets the monotonic clock of a host that runs back; while the node is down, its host may be
  /// started again, and its clock with it.
  @inlinable
  mutating func skew(by jump: Duration) { lead += isRunning ? abs(jump.nanoseconds) : jump.nanoseconds }

  @inlinable
  mutating func pause(at now: Instant) { pauseStart = pauseStart ?? clock(at: now) }

  /// Goes on. Returns what it finds that came meanwhile, to be delivered before ``caughtUp()``.
  @inlinable
  mutating func resume(at now: Instant) -> [[UInt8]] {
    guard isRunning, let since = pauseStart else { return [] }
    pauseStart = nil
    host.resumed(since: since, at: clock(at: now))
    defer { inbox = [] }
    return inbox
  }

  /// All that came during a pause has been delivered.
  @inlinable
  mutating func caughtUp() { host.caughtUp() }

  /// Changes the state of the disk.
  @inlinable
  mutating func setDisk(_ condition: DiskCondition, _ random: inout Random) {
    log?.setDisk(condition, &random)
  }

  // MARK: Events

  /// Takes a line. Returns whether the node is there to do something about it.
  @inlinable
  mutating func receive(_ line: [UInt8], at now: Instant, _ tools: Tools) -> Bool {
    guard isRunning else { return false }
    guard pauseStart == nil else {
      inbox.append(line)
      return false
    }
    let time = clock(at: now)
    let other: Decoded<N>? = unsafe line.withUnsafeBytes { line in
      if unsafe tools.codec.pass(line, to: &host, at: time) { return nil }
      return unsafe tools.codec.decode(unpassed: line) { host.isAsk($0) }
    }
    switch other {
    case nil: break
    case .envelope(let envelope): host.receive(envelope, at: time)
    case .rejected(let rejection):
      host.reject(
        rejection.error, from: rejection.source, to: rejection.destination, id: rejection.id,
        isReply: rejection.isReply, at: time)
    }
    return true
  }

  /// Does one thing that is due, if there is one.
  @inlinable
  mutating func advance(to now: Instant, _ tools: Tools) -> Bool {
    guard isRunning, pauseStart == nil else { return false }
    if let storing = log?.storing, storing <= now {
      switch log!.commit(at: now) {
      case .idle: break
      case .stored: host.stored(at: clock(at: now))
      case .failing:
        host.storingFailed(at: clock(at: now)) {
          var records: [N.Record] = []
          return log!.read { Self.take($0, tools, &records) } ? records : nil
        }
      }
      return true
    }
    return host.advance(to: clock(at: now))
  }

  /// Takes what the host wants done, and prints what the node would.
  @inlinable
  mutating func drain(_ tools: Tools, _ random: inout Random, _ stage: inout Stage) {
    host.drain(
      sending: { [name, pen] message, _, destination, id, inReplyTo in
        pen.writer.envelope(from: name, to: destination, id: id, inReplyTo: inReplyTo, message)
        pen.writer.withSpan { stage.receive($0, from: name, to: destination) }
        pen.writer.removeAll()
      },
      { [name, pen] output in
        switch output {
        case .send(let envelope):
          tools.codec.encode(envelope, into: &pen.writer)
          pen.writer.withSpan { stage.receive($0, from: name, to: envelope.destination) }
          pen.writer.removeAll()
        case .store(let record):
          record.write(asObjectTo: &pen.writer)
          pen.writer.withSpan { log!.append($0) }
          pen.writer.removeAll()
        case .log(let line): stage.log(line, by: name)
        }
      })
    if log?.settle(at: stage.now, &random) == .wantsCheckpoint { replaceLog() }
  }

  @inlinable
  mutating func replaceLog() {
    guard let records = host.checkpoint else {
      log!.postponeCheckpoint()
      return
    }
    var rest = records[...]
    log!.replace { [pen] in
      rest.popFirst().map { record in
        record.write(asObjectTo: &pen.writer)
        defer { pen.writer.removeAll() }
        return pen.writer.bytes
      }
    }
  }
}

/// What a member writes with: one for each, since a writer remembers how its last envelope began.
@usableFromInline
final class Pen {
  @usableFromInline var writer = JSONWriter()

  @usableFromInline
  init() {}
}
