public import Glomers

extension Script {
  /// Something that somebody does to a run while it goes on.
  public enum Act: Equatable, Sendable {
    /// A client asks for something, or will as soon as it is free. ``Request/time`` has no meaning.
    case request(Request)
    /// A fault starts.
    case begin(Harm)
    /// Ends a fault, by its place in ``Script/faults``.
    case end(Int)
    /// Something becomes of a message that is under way.
    case strike(Strike)
    /// A message that is under way is delivered before all others.
    case deliver(MessageID)
  }
}

/// A message on its way, as people see it.
public struct Flight: Sendable {
  /// The message.
  public let parcel: Parcel
  /// When it is to be delivered, unless a fault holds it back.
  public let due: Instant

  /// How scripts name it; nil for one of a client.
  public var message: Script.MessageID? { parcel.number > 0 ? parcel.message : nil }
}

/// Acts: events that are put into a script while it is played. The script then makes the same run.
extension TestRun {
  /// The script as it is played, acts included; nil where everything is drawn.
  public var script: Script? { player?.script }

  /// Why nothing can be done to the run now; nil if something can.
  public var objectionToActs: String? {
    guard player != nil else { return "only a script can be played" }
    switch phase {
    case .idle, .starting, .settingUp: return "the nodes are not initialized yet"
    case .running: return nil
    case .draining, .recovering, .finalOperations, .finished:
      return "the run is at its end, where all faults are over and final operations are done: go back first"
    }
  }

  /// What is under way.
  public var flights: [Flight] { network.flights }

  /// Nodes that were killed and have not been started again, nodes that are paused, and nodes that have ended by themselves.
  public var downNodes: Set<NodeID> { states.down }
  /// Nodes that are paused, and may be killed as well.
  public var pausedNodes: Set<NodeID> { states.paused }
  /// Nodes that have ended by themselves.
  public var deadNodes: Set<NodeID> { states.dead }

  /// Faults of the script that are in force, by their places.
  public var activeFaults: [Int] { player?.activeFaults ?? [] }

  /// Does something to the run.
  ///
  /// - Parameter due: when, after all that has happened; it comes to pass as time gets there.
  /// - Throws: in words, why it can't be done.
  public mutating func add(_ act: Script.Act, at due: Instant) throws(ScriptError) {
    precondition(due > clock, "an act comes after what has happened")
    if let objection = objectionToActs { throw ScriptError(objection) }
    let time = due - origin
    let isCalm = player!.script.calm.map { time > $0 } ?? false
    switch act {
    case .request(var request):
      request.time = time
      guard workers.indices.contains(request.client) else {
        throw ScriptError("there is no client \(request.client): they count from 0 to \(workers.count - 1)")
      }
      if let problem = scenario.workload.problem(with: request.function, request.value) {
        throw ScriptError(problem)
      }
      player!.add(request)
    case .begin(let harm):
      guard !isCalm else { throw ScriptError("all faults are over (calm): go back first") }
      for node in harm.nodes where !nodes.contains(node) { throw ScriptError("there is no node '\(node)'") }
      guard !harm.isEmpty else { throw ScriptError("the fault hits nobody") }
      player!.add(Script.Fault(harm, from: time))
    case .end(let place):
      guard player!.activeFaults.contains(place) else { throw ScriptError("there is no such fault now") }
      player!.end(place, at: time)
    case .strike(let strike):
      guard !isCalm else { throw ScriptError("all faults are over (calm): go back first") }
      _ = try flight(strike.message)
      player!.add(strike)
      network.impose(player!.rule!, isFirst: true)
    case .deliver(let message):
      guard scenario.delivery == .independent else {
        throw ScriptError(
          "with --delivery in-order a message waits for those before it: play with independent")
      }
      let flight = try flight(message)
      network.hasten(flight.parcel.id, to: due)
      player!.add(Script.Delay(message, due - flight.parcel.sent))
    }
  }

  /// A message of a link that is under way, and that nothing has become of yet.
  private func flight(_ message: Script.MessageID) throws(ScriptError) -> Flight {
    guard let flight = network.flights.first(where: { $0.message == message && !$0.parcel.isDelayed }) else {
      throw ScriptError(
        "message \(message.number) of \(message.link) is not under way, or was held up already")
    }
    guard !(player?.script.strikes.contains { $0.message == message } ?? false) else {
      throw ScriptError("something becomes of message \(message.number) of \(message.link) already")
    }
    return flight
  }
}

extension ScriptPlayer {
  /// Faults in force, by their places.
  var activeFaults: [Int] { active.sorted() }

  mutating func add(_ request: Script.Request) {
    let client = request.client
    let behind = queues[client].firstIndex { script.requests[$0].time <= request.time }
    queues[client].insert(script.requests.count, at: behind ?? queues[client].count)
    script.requests.append(request)
    requestsLeft += 1
  }

  mutating func add(_ fault: Script.Fault) {
    script.faults.append(fault)
    insert(Edge(time: fault.start, fault: script.faults.count - 1, isStart: true))
  }

  /// Ends a fault that is in force.
  mutating func end(_ place: Int, at time: Duration) {
    edges.removeAll { $0.fault == place }
    script.faults[place].end = time
    insert(Edge(time: time, fault: place, isStart: false))
  }

  mutating func add(_ strike: Script.Strike) { script.strikes.append(strike) }

  mutating func add(_ delay: Script.Delay) {
    script.delays.removeAll { $0.message == delay.message }
    let place = script.delays.firstIndex { $0.message > delay.message }
    script.delays.insert(delay, at: place ?? script.delays.count)
  }

  private mutating func insert(_ edge: Edge) {
    edges.insert(edge, at: edges.firstIndex { $0.time < edge.time } ?? edges.count)
  }
}
