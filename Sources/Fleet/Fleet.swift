import Foundation
public import Glomers
public import GlomersRuntime

/// The bench's side: agents on other hosts that run its nodes.
///
/// A run begins once so many agents have answered, and each has taken a message that must arrive and been heard again:
/// in a cluster of servers, what is published right after a subscription elsewhere can be lost. Where nodes talk to each other
/// past the bench, every agent has been heard by every other, too.
public final class Fleet {
  private final class Host {
    let here: Here
    var link = Link()
    var lastHeard: Instant
    var isReserved = false
    var isLinked = false
    /// Of lines that nodes have sent to nodes.
    var joiner = LineJoiner(bytesMax: Crossing.lineBytesMax)
    /// The first message, which is said again until it has been answered: before it the agent says no beats.
    var reservation: Link.Entry?

    init(_ here: Here, at now: Instant) {
      self.here = here
      lastHeard = now
    }
  }

  public let run: String
  private let version: String
  private let wanted: Int
  private let wantedServers: Int
  private let loop: EventLoop
  private var connection: Connection!
  private let say: (String) -> Void
  private var found: [String: Here] = [:]
  /// Agents that run nodes, and then those that run servers.
  private var hosts: [Host] = []
  private var homes: [String: Host] = [:]
  /// Said to all agents of nodes, where these talk to each other past the bench.
  private var latency: Duration?
  private var nodes: [String: (host: Host, node: RemoteNode)] = [:]
  private var isGathering = true
  private var failure: FleetError?
  private var nextBeat: Instant = .zero
  /// Called once, when the run can't go on.
  public var onFailure: ((FleetError) -> Void)?
  /// Gets what agents tell of messages that went from node to node past the bench.
  public var onCarried: ((Carried) -> Void)?

  public enum Carried {
    /// With its number, without its newline.
    case sent(line: [UInt8])
    case arrived(Int)
    case lost(Int, reason: String)
  }

  /// Connects.
  ///
  /// - Parameters:
  ///   - agents: how many are wanted.
  ///   - servers: how many agents that run servers are wanted.
  ///   - version: of this workbench.
  ///   - say: gets a line for people.
  public init(
    _ loop: EventLoop, _ address: ServerAddress, agents: Int, servers: Int = 0, version: String,
    say: @escaping (String) -> Void
  ) throws(FleetError) {
    self.loop = loop
    self.version = version
    self.say = say
    wanted = agents
    wantedServers = servers
    run = UUID().uuidString.prefix(8).lowercased()
    connection = try Connection(
      loop, address, name: "bench \(run)",
      .init(
        message: { [unowned self] in take($0) },
        away: { [unowned self] isAway in
          self.say(isAway ? "the NATS server has gone; looking for it" : "the NATS server is back")
        },
        complaint: { [unowned self] in self.say("NATS: \($0)") }))
    // One subscription for all that agents send: order holds within one only.
    try connection.subscribe("glomers.run.\(run).*.up.>")
  }

  /// What is wrong with a name for a node; nil if nothing is.
  public static func problem(withNode name: String) -> String? {
    Protocol.isToken(name)
      ? nil : "over NATS, '\(name)' can't be a node's name: it takes letters, digits, - and _, 64 at most"
  }

  /// Waits until the agents are there and have been reserved. Runs the loop meanwhile.
  ///
  /// - Parameters:
  ///   - nodes: in the order in which they are dealt out.
  ///   - latency: what agents add to the way of messages that nodes send each other past the bench; nil: there are none.
  public func gather(_ nodes: [String], latency: Duration?) throws(FleetError) {
    names = nodes
    self.latency = latency
    let deadline = loop.now + Protocol.gatheringTime
    var nextHello: Instant = .zero
    loop.run { [unowned self] now in
      if failure != nil || isGathered {
        isGathering = false
        loop.stop()
        return nil
      }
      if now >= deadline {
        failure = FleetError(missing)
        loop.stop()
        return nil
      }
      if now >= nextHello {
        nextHello = now + .milliseconds(250)
        if hosts.isEmpty { connection.publish(Protocol.hello, Hello(run: run).bytes) }
        for host in hosts where !host.isReserved {
          if let entry = host.reservation { publish(entry) }
        }
      }
      return min(deadline, turn(now), nextHello)
    }
    if let failure { throw failure }
    let servers = hosts[wanted...].map(\.here.agent).joined(separator: ", ")
    say(
      "agents: \(hosts[..<wanted].map(\.here.agent).joined(separator: ", "))"
        + (servers.isEmpty ? "" : "; servers: \(servers)") + "; run \(run)")
  }

  private var names: [String] = []

  private var isGathered: Bool {
    hosts.count == wanted + wantedServers && hosts.allSatisfy(\.isReserved)
      && (latency == nil || hosts[..<wanted].allSatisfy(\.isLinked))
  }

  /// Those that have been heard and are free, in the order of their names.
  private func free(_ isServer: Bool) -> [Here] {
    found.values.filter { !$0.isBusy && ($0.isServer ?? false) == isServer }.sorted { $0.agent < $1.agent }
  }

  private var missing: String {
    let free = free(false).map(\.agent)
    let busy = found.values.filter(\.isBusy).map(\.agent).sorted()
    var text = "\(free.count) of \(wanted) agents have been heard on \(connection.address.shown)"
    if !free.isEmpty { text += ": \(free.joined(separator: ", "))" }
    if !busy.isEmpty { text += "; at work for another run: \(busy.joined(separator: ", "))" }
    let servers = self.free(true).map(\.agent)
    if free.count >= wanted, servers.count < wantedServers {
      return "\(servers.count) of \(wantedServers) agents that run a NATS server have been heard on "
        + "\(connection.address.shown)\(servers.isEmpty ? "" : ": \(servers.joined(separator: ", "))"). Only such servers "
        + "can be killed: workbench agent --nats \(connection.address.shown) --nats-server <file> -- <its arguments>"
    }
    if !hosts.isEmpty {
      text =
        hosts.allSatisfy(\.isReserved)
        ? "not all agents have heard each other on \(connection.address.shown)"
        : "not all agents have answered that they are ready on \(connection.address.shown)"
    }
    return text
      + ". Start an agent on each host: workbench agent --nats \(connection.address.shown) --bin <file>"
  }

  // MARK: Nodes

  /// Starts a node; each on the next agent in turn, and always on the same.
  public func start(_ name: String, keepsRecords: Bool, _ events: RemoteNode.Events) -> RemoteNode {
    guard let host = homes[name] else { preconditionFailure("there is no node \(name)") }
    let node = RemoteNode(name, events) { [unowned self, unowned host] verb, bytes in
      send(verb, name, to: host, bytes)
    }
    nodes[name] = (host, node)
    send(.start, name, to: host, Start(keepsRecords: keepsRecords).bytes)
    return node
  }

  /// Which nodes do not hear which others from now on, by reasons.
  public func impose(_ cuts: [(name: String, sources: [String: Set<String>])]) {
    let bytes = cuts.map { Deafness(name: $0.name, sources: $0.sources) }.bytes
    for host in hosts[..<wanted] { send(.cut, "", to: host, bytes) }
  }

  /// Ends a server, or has it started again.
  ///
  /// - Parameter place: among the agents that run servers, by their names.
  public func setServer(_ place: Int, isUp: Bool) {
    let host = hosts[wanted + place]
    say("\(isUp ? "starting" : "killing") the server of \(host.here.agent)")
    send(isUp ? .start : .signal, "server", to: host, Array((isUp ? "" : "kill").utf8))
  }

  /// Sends what nodes are given, and a sign of life now and then: to be called at the end of each turn of the loop.
  /// Returns when it is needed again.
  public func turn(_ now: Instant) -> Instant {
    for (host, node) in nodes.values {
      for chunk in node.takeInput(chunkBytes: connection.payloadBytesMax) {
        send(.input, node.name, to: host, chunk)
      }
    }
    if now >= nextBeat {
      nextBeat = now + Protocol.beatInterval
      for host in hosts { connection.publish(subject(.beat, to: host), host.link.beat.bytes) }
    }
    for host in hosts where !isGathering {
      if now - host.lastHeard > Protocol.silenceMax {
        fail(
          connection.isAway
            ? "the NATS server at \(connection.address.shown) has been away for 10 s"
            : "nothing was heard of agent \(host.here.agent) for 10 s: it has died, or its host can't be reached"
        )
      } else if host.link.waitingBytes > Protocol.waitingBytesMax {
        fail("agent \(host.here.agent) takes nothing: 64 MiB wait for it")
      }
    }
    return nextBeat
  }

  /// Lets the agents go.
  public func close() {
    for host in hosts { send(.release, "", to: host) }
    connection.flush()
    connection.close()
  }

  // MARK: Messages

  private func subject(_ verb: Verb, to host: Host, node: String = "") -> String {
    Subject(run, host.here.agent, .down, verb, node: node).text
  }

  private func send(_ verb: Verb, _ node: String, to host: Host, _ bytes: [UInt8] = []) {
    publish(host.link.send(subject(verb, to: host, node: node), bytes))
  }

  private func publish(_ entry: Link.Entry) {
    connection.publish(entry.subject, reply: "\(entry.number)", entry.bytes)
  }

  private func take(_ message: Connection.Message) {
    guard let subject = Subject(message.subject), subject.run == run, subject.direction == .up else { return }
    if subject.verb == .here { return meet(message.bytes) }
    guard let host = hosts.first(where: { $0.here.agent == subject.agent }) else { return }
    switch subject.verb {
    case .beat:
      guard let beat = Beat(bytes: message.bytes), let again = host.link.heard(beat) else { return }
      host.lastHeard = loop.now
      for entry in again { publish(entry) }
    case .refused:
      fail("agent \(subject.agent) refuses: \(String(decoding: message.bytes, as: UTF8.self))")
    default:
      guard let number = Int(message.reply), host.link.receive(number) else { return }
      host.lastHeard = loop.now
      carryOut(subject.verb, subject.node, message.bytes, host)
    }
  }

  private func meet(_ bytes: [UInt8]) {
    guard isGathering, hosts.isEmpty, let here = Here(bytes: bytes), Protocol.isToken(here.agent) else {
      return
    }
    if let known = found[here.agent], known.instance != here.instance {
      return fail("there are two agents called \(here.agent): end one, or start it with another --name")
    }
    guard here.protocol == Protocol.number else {
      return fail(
        "agent \(here.agent) is workbench \(here.version), this one is \(version), and they speak different protocols "
          + "(\(here.protocol), \(Protocol.number)): use one version everywhere")
    }
    if found[here.agent] == nil, here.version != version {
      say("note: agent \(here.agent) is workbench \(here.version), this one is \(version)")
    }
    found[here.agent] = here
    let (free, servers) = (free(false), free(true))
    guard free.count >= wanted, servers.count >= wantedServers else { return }
    hosts = (free.prefix(wanted) + servers.prefix(wantedServers)).map { Host($0, at: loop.now) }
    homes = Dictionary(
      uniqueKeysWithValues: names.enumerated().map { ($1, hosts[$0 % wanted]) })
    for host in hosts {
      host.reservation = host.link.send(subject(.reserve, to: host), [])
      if let entry = host.reservation { publish(entry) }
    }
  }

  private func carryOut(_ verb: Verb, _ name: String, _ bytes: [UInt8], _ host: Host) {
    switch verb {
    case .reserved:
      host.isReserved = true
      if hosts.allSatisfy(\.isReserved) { tellRoster() }
      return
    case .linked:
      host.isLinked = true
      return
    case .sent:
      host.joiner.take(bytes) { onCarried?(.sent(line: $0)) }
      return
    case .fates:
      guard let fates = Fates(bytes: bytes) else { return }
      for number in fates.numbers {
        onCarried?(fates.reason.map { .lost(number, reason: $0) } ?? .arrived(number))
      }
      return
    default: break
    }
    guard let (owner, node) = nodes[name], owner === host else { return }
    if verb == .failed {
      return fail("agent \(host.here.agent) can't start \(name): \(String(decoding: bytes, as: UTF8.self))")
    }
    node.take(verb, bytes)
  }

  private func tellRoster() {
    guard let latency else { return }
    let places = homes.mapValues { home in hosts.firstIndex { $0 === home }! }
    let roster = Roster(
      agents: hosts[..<wanted].map(\.here.agent), places: places, latencyNanoseconds: latency.nanoseconds)
    for host in hosts[..<wanted] { send(.roster, "", to: host, roster.bytes) }
  }

  private func fail(_ reason: String) {
    guard failure == nil else { return }
    failure = FleetError(reason)
    if !isGathering { onFailure?(failure!) }
  }
}
