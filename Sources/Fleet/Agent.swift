import Foundation
internal import Glomers
internal import GlomersRuntime

/// Runs nodes on this host for a bench elsewhere: its own program and arguments, and nothing that the network names. Or runs a
/// NATS server, which a bench may kill and have started again, and no other.
///
/// It works for one run at a time. Everything belongs to the loop's thread.
public final class Agent {
  public struct Settings: Sendable {
    public let name: String
    /// The program that runs one node, or the server, as an absolute path.
    public let executable: String
    public let arguments: [String]
    /// Gets a directory for each run, with the nodes' logs and what they keep; an absolute path.
    public let directory: String
    /// Of the workbench.
    public let version: String
    /// Whether the program is a NATS server.
    public let isServer: Bool

    public init(
      name: String, executable: String, arguments: [String], directory: String, version: String,
      isServer: Bool = false
    ) {
      self.name = name
      self.executable = executable
      self.arguments = arguments
      self.directory = directory
      self.version = version
      self.isServer = isServer
    }

    /// What is wrong with a name for an agent; nil if nothing is.
    public static func problem(withName name: String) -> String? {
      Protocol.isToken(name)
        ? nil : "'\(name)' can't be an agent's name: it takes letters, digits, - and _, 64 at most"
    }
  }

  private final class Run {
    let id: String
    var link = Link()
    var nodes: [String: AgentNode] = [:]
    /// Where nodes talk to each other past the bench.
    var crossing: Crossing?
    var isLinked = false
    var lastHeard: Instant
    var isEnding = false

    init(_ id: String, at now: Instant) {
      self.id = id
      lastHeard = now
    }
  }

  private let settings: Settings
  private let say: (String) -> Void
  private let loop = EventLoop()
  private var connection: Connection!
  private let instance = UUID().uuidString
  private var established: Instant?
  private var isEstablished = false
  private var run: Run?
  private var nextBeat: Instant = .zero
  private var nextSample: Instant = .zero
  private var failure: FleetError?
  private var interruption: Int32?
  private var server: ServerChild?

  private static let sampleInterval: Duration = .seconds(2)

  /// Connects.
  ///
  /// - Parameter say: gets a line for people.
  public init(_ settings: Settings, _ address: ServerAddress, say: @escaping (String) -> Void)
    throws(FleetError)
  {
    self.settings = settings
    self.say = say
    if settings.isServer {
      server = try ServerChild(loop, settings) { [unowned self] error in
        failure = error
        loop.stop()
      }
    }
    connection = try settings.isServer ? openOnceServed(address) : open(address)
    for subject in [
      Protocol.naming(settings.name), Protocol.hello, "glomers.run.*.\(settings.name).down.>",
      "glomers.run.*.\(settings.name).across.>",
    ] {
      try connection.subscribe(subject)
    }
  }

  /// A server that has just been started takes a moment before it lets anybody in. Runs the loop meanwhile.
  private func openOnceServed(_ address: ServerAddress) throws(FleetError) -> Connection {
    let deadline = loop.now + .seconds(10)
    while true {
      do throws(FleetError) {
        return try open(address)
      } catch {
        let next = loop.now + .milliseconds(100)
        loop.run { [unowned self] now in
          if now >= next || failure != nil { loop.stop() }
          return next
        }
        if let failure { throw failure }
        guard loop.now < deadline else { throw error }
      }
    }
  }

  private func open(_ address: ServerAddress) throws(FleetError) -> Connection {
    try Connection(
      loop, address, name: "agent \(settings.name)",
      .init(
        message: { [unowned self] in take($0) },
        away: { [unowned self] isAway in
          self.say(isAway ? "the NATS server has gone; looking for it" : "the NATS server is back")
        },
        complaint: { [unowned self] in self.say("NATS: \($0)") }))
  }

  /// Serves until SIGINT, SIGTERM or SIGHUP, whose number it returns. Throws if another agent has the name.
  public func serve() throws(FleetError) -> Int32 {
    EventLoop.raiseFileLimit()
    for signal in [SIGINT, SIGTERM] + (EventLoop.ignores(SIGHUP) ? [] : [SIGHUP]) {
      loop.onSignal(signal) { [unowned self] in
        interruption = signal
        loop.stop()
      }
    }
    announce()
    loop.run { [unowned self] now in turn(now) }
    // The loop ends the nodes, with all that they have started.
    connection.close()
    if let failure { throw failure }
    return interruption ?? 0
  }

  private func turn(_ now: Instant) -> Instant? {
    if established == nil { established = now + Protocol.namingTime }
    if !isEstablished, let due = established {
      guard now >= due else { return due }
      isEstablished = true
      say("agent \(settings.name) is ready on \(connection.address.shown), for \(settings.executable)")
    }
    guard let run else { return nil }
    let due = cross(run, at: now)
    for node in run.nodes.values { flush(node, of: run) }
    if now >= nextSample {
      nextSample = now + Self.sampleInterval
      for node in run.nodes.values { sample(node, of: run) }
    }
    if now >= nextBeat {
      nextBeat = now + Protocol.beatInterval
      publish(.beat, of: run, run.link.beat.bytes)
      run.crossing?.beat()
      publishCrossing(run)
    }
    if now - run.lastHeard > Protocol.silenceMax { end("nothing was heard of its bench for 10 s") }
    if run.link.waitingBytes > Protocol.waitingBytesMax { end("its bench takes nothing: 64 MiB wait for it") }
    let holds = run.link.waitingBytes > Protocol.pausingBytes
    for node in run.nodes.values { node.hold(holds) }
    return min(nextBeat, nextSample, due ?? nextBeat)
  }

  /// Carries what nodes say to each other, and tells the bench of it. Returns when the next line is due.
  private func cross(_ run: Run, at now: Instant) -> Instant? {
    guard run.crossing != nil else { return nil }
    run.crossing!.flush(payloadBytesMax: connection.payloadBytesMax)
    publishCrossing(run)
    run.crossing!.deliver(at: now) { line, name in
      guard let node = run.nodes[name] else { return false }
      return give(line, to: node, of: run)
    }
    for chunk in chunks(of: run.crossing!.takeSent(), bytes: connection.payloadBytesMax) where !chunk.isEmpty
    {
      send(.sent, of: run, chunk)
    }
    for fates in run.crossing!.takeFates() {
      for chunk in fates.chunks(bytes: connection.payloadBytesMax) { send(.fates, of: run, chunk) }
    }
    if !run.isLinked, run.crossing!.isLinked {
      run.isLinked = true
      send(.linked, of: run)
    }
    return run.crossing!.deadline
  }

  private func publishCrossing(_ run: Run) {
    for message in run.crossing?.takeMessages() ?? [] {
      connection.publish(message.subject, reply: message.reply, message.bytes)
    }
  }

  // MARK: What comes in

  private func take(_ message: Connection.Message) {
    if message.subject == Protocol.hello { return answer(message) }
    if message.subject == Protocol.naming(settings.name) { return meet(message) }
    guard isEstablished, let subject = Subject(message.subject), subject.agent == settings.name,
      subject.direction != .up
    else { return }
    if subject.direction == .across {
      guard let run, run.id == subject.run else { return }
      run.crossing?.receive(subject, reply: message.reply, message.bytes, at: loop.now)
      return
    }
    if let run, run.id == subject.run, subject.verb == .beat {
      guard let beat = Beat(bytes: message.bytes), let again = run.link.heard(beat) else { return }
      run.lastHeard = loop.now
      for entry in again { connection.publish(entry.subject, reply: "\(entry.number)", entry.bytes) }
      return
    }
    guard let number = Int(message.reply) else { return }
    if subject.verb == .reserve, number == 1, run == nil { begin(subject.run) }
    guard let run, run.id == subject.run else {
      let reason = run == nil ? "it knows no such run: was it started again?" : "it works for another run"
      return publish(.refused, subject.run, Array(reason.utf8))
    }
    guard run.link.receive(number) else { return }
    run.lastHeard = loop.now
    carryOut(subject.verb, subject.node, message.bytes, run)
  }

  private func answer(_ message: Connection.Message) {
    guard isEstablished, let hello = Hello(bytes: message.bytes), Protocol.isToken(hello.run) else { return }
    let here = Here(
      agent: settings.name, instance: instance, protocol: Protocol.number, version: settings.version,
      isBusy: run != nil && run?.id != hello.run, isServer: settings.isServer)
    publish(.here, hello.run, here.bytes)
  }

  private func announce() {
    let naming = Naming(instance: instance, isEstablished: isEstablished)
    connection.publish(Protocol.naming(settings.name), naming.bytes)
  }

  /// Of two agents of one name the one that came later goes; of two that came together, the one with the greater
  /// instance.
  private func meet(_ message: Connection.Message) {
    guard let other = Naming(bytes: message.bytes), other.instance != instance else { return }
    if isEstablished {
      // Two that are established were kept apart by the network; the bench refuses both.
      if !other.isEstablished { announce() }
    } else if other.isEstablished || other.instance < instance {
      failure = FleetError(
        "there is an agent called \(settings.name) already: choose another --name for this one")
      loop.stop()
    } else {
      announce()
    }
  }

  private func carryOut(_ verb: Verb, _ node: String, _ bytes: [UInt8], _ run: Run) {
    switch verb {
    case .reserve: send(.reserved, of: run)
    case .release: end("it is over")
    case .start where settings.isServer, .signal where settings.isServer:
      say(verb == .start ? "starts its server again" : "kills its server")
      server?.want(verb == .start)
    case .roster:
      guard let roster = Roster(bytes: bytes) else { return }
      run.crossing = Crossing(run: run.id, agent: settings.name, roster)
    case .cut:
      if let deafness = [Deafness](bytes: bytes) { run.crossing?.impose(deafness) }
    case .start: start(node, Start(bytes: bytes)?.keepsRecords ?? false, run)
    case .input:
      guard let child = run.nodes[node] else { return }
      give(bytes, to: child, of: run)
      run.crossing?.wasTold(node)
    case .signal:
      guard let child = run.nodes[node] else { return }
      if bytes == Array("kill".utf8) {
        sample(child, of: run)
        run.crossing?.ended(node)
      }
      child.signal(String(decoding: bytes, as: UTF8.self))
    default: break
    }
  }

  /// Hands bytes to a node. Returns false, once the bench knows, if it leaves so much unread that they are dropped.
  @discardableResult
  private func give(_ bytes: [UInt8], to node: AgentNode, of run: Run) -> Bool {
    guard let waiting = node.deliver(bytes) else { return true }
    if !node.isOverflowing {
      node.isOverflowing = true
      send(.overflow, node.name, of: run, Array("\(waiting)".utf8))
    }
    return false
  }

  // MARK: Runs and nodes

  private func begin(_ id: String) {
    run = Run(id, at: loop.now)
    nextBeat = .zero
    say("run \(id) begins")
  }

  private func end(_ reason: String) {
    guard let run, !run.isEnding else { return }
    run.isEnding = true
    say("run \(run.id) ends: \(reason)")
    for node in run.nodes.values { node.signal("kill") }
    run.crossing = nil
    server?.want(true)
    finishIfEmpty(run)
  }

  private func finishIfEmpty(_ run: Run) {
    guard run.isEnding, run.nodes.isEmpty else { return }
    self.run = nil
  }

  private func start(_ name: String, _ keepsRecords: Bool, _ run: Run) {
    func fail(_ reason: String) { send(.failed, name, of: run, Array(reason.utf8)) }
    guard !run.isEnding, !name.isEmpty, !settings.isServer else { return }
    guard run.nodes[name] == nil else { return fail("it runs already") }
    guard run.nodes.count < Protocol.nodesMax else {
      return fail("\(Protocol.nodesMax) nodes run there already")
    }
    let directory = "\(settings.directory)/\(run.id)"
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      run.nodes[name] = try AgentNode(
        loop, name, settings, directory: directory, keepsRecords: keepsRecords,
        .init(
          isTaken: { [unowned self, unowned run] line in
            run.crossing?.take(line, from: name, at: loop.now) ?? false
          },
          errorLine: { [unowned self, unowned run] in send(.log, name, of: run, $0) },
          oversized: { [unowned self, unowned run] node, bytes in
            flush(node, of: run)
            send(.oversized, name, of: run, Array("\(bytes)".utf8))
          },
          exit: { [unowned self, unowned run] node, ended in
            flush(node, of: run)
            run.nodes[name] = nil
            run.crossing?.ended(name)
            send(.exit, name, of: run, ended.bytes)
            finishIfEmpty(run)
          }))
      run.crossing?.started(name)
    } catch {
      fail("\(error)")
    }
  }

  private func sample(_ node: AgentNode, of run: Run) {
    if let usage = node.usage { send(.usage, node.name, of: run, usage.bytes) }
  }

  // MARK: What goes out

  private func flush(_ node: AgentNode, of run: Run) {
    for chunk in node.takeOutput(chunkBytes: connection.payloadBytesMax) {
      send(.output, node.name, of: run, chunk)
    }
  }

  /// Sends what must arrive.
  private func send(_ verb: Verb, _ node: String = "", of run: Run, _ bytes: [UInt8] = []) {
    let entry = run.link.send(Subject(run.id, settings.name, .up, verb, node: node).text, bytes)
    connection.publish(entry.subject, reply: "\(entry.number)", entry.bytes)
  }

  /// Sends what will be said again, or is an answer.
  private func publish(_ verb: Verb, of run: Run, _ bytes: [UInt8]) { publish(verb, run.id, bytes) }

  private func publish(_ verb: Verb, _ run: String, _ bytes: [UInt8]) {
    connection.publish(Subject(run, settings.name, .up, verb).text, bytes)
  }
}
