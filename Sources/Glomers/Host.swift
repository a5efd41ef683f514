/// Carries a node: the handshake, message ids, the correlation of answers with calls, deadlines, retries, and the
/// holding back of effects until what they rest on is stored. Sans-IO: time and envelopes come in as arguments.
///
/// After every mutation the driver drains the host completely; between events it sleeps until ``deadline``.
public struct Host<N: Node>: Sendable {
  /// What the driver is to carry out, in this order.
  public enum Output: Equatable, Sendable {
    case send(Envelope<N>)
    /// Append to the log; when all that was asked for is stored, call ``Host/stored()``.
    case store(N.Record)
    /// One line for the people who read stderr.
    case log(String)
  }

  /// Maelstrom's clients wait 5 s for an answer and are then gone; it stops listening to a node that answers a
  /// client that has gone. Later answers to clients are dropped.
  public static var clientPatience: Duration { .seconds(5) }

  /// How long a request waits for its records to be stored, once that has failed, before it is told that
  /// nobody knows.
  public static var storingPatience: Duration { .seconds(1) }

  private enum Alarm: Hashable, Sendable {
    case timer(N.Timer)
    case answer(Int)
  }

  private var node: N?
  private var cluster: Cluster?
  private var context: Context<N>
  /// The driver's clock when it last spoke, and by how many nanoseconds the node's is ahead of it.
  private var driverTime = Instant.zero
  private var lead: Int64 = 0
  private var pending = PendingCalls<N>()
  private var alarms = Deadlines<Alarm>()
  private let options: [String: Option.Value]
  /// Until the node has them.
  private var records: [N.Record]
  /// What the host itself says, ahead of the node's effects.
  private var outputs: [Output] = []
  /// Effects that wait until the records before them are stored; nil when nothing is being stored.
  private var held: [Effect<N>]?
  private var isStoringFailing = false

  /// - Parameters:
  ///   - options: values for `N.options`, by name.
  ///   - records: what an earlier life persisted, oldest first.
  ///   - random: the node's dice.
  public init(options: [String: Option.Value] = [:], recovering records: [N.Record] = [], random: Random) {
    self.options = options
    self.records = records
    context = Context(random: random)
  }

  /// The node's name, once it has been initialized.
  public var me: NodeID? { cluster?.me }

  /// Records that stand for all that were handed out to be stored; nil if the node has none to give.
  public var checkpoint: [N.Record]? { node?.checkpoint }

  /// When ``advance(to:)`` is next needed; nil while nothing is awaited.
  public var deadline: Instant? { alarms.earliest.map { Instant(nanoseconds: $0.nanoseconds - lead) } }

  /// Whether an answer with this id is a service's, and not a peer's: the codec has to know which to expect.
  public func isAsk(_ id: Int) -> Bool {
    if case .ask? = pending[id]?.purpose { true } else { false }
  }

  // MARK: Events

  public mutating func receive(_ envelope: Envelope<N>, at now: Instant) {
    observe(now)
    if let id = envelope.inReplyTo {
      settle(id, envelope)
      return
    }
    let request = Request(from: envelope.source, id: envelope.id, received: context.now)
    switch envelope.body {
    case .initialize(let me, let nodes):
      initialize(me, nodes, envelope)
    case .message(let message):
      guard let cluster else {
        refuse(envelope, .temporarilyUnavailable("not initialized yet: the first message must be init"))
        return
      }
      guard envelope.destination == cluster.me else {
        refuse(envelope, .nodeNotFound("this is \(cluster.me), not \(envelope.destination)"))
        return
      }
      guard !isStoringFailing else {
        // Nothing has happened yet, and what the node would do could not be made to last.
        if envelope.id != nil {
          refuse(envelope, .temporarilyUnavailable("records can't be stored for now"))
        }
        return
      }
      node!.receive(message, request, &context)
    case .initializeOk, .service, .error:
      note("an answer without in_reply_to from \(envelope.source)")
    }
  }

  /// Takes note of a line that is not a message for this node. Its sender is told, where that is possible: where
  /// the line has a source and a message id, and is not itself an answer.
  public mutating func reject(
    _ error: RPCError, from source: NodeID?, to destination: NodeID?, id: Int?, isReply: Bool, at now: Instant
  ) {
    observe(now)
    tell(error, from: source, to: destination, id: id, isReply: isReply)
  }

  private mutating func tell(
    _ error: RPCError, from source: NodeID?, to destination: NodeID?, id: Int?, isReply: Bool
  ) {
    guard let source, let id, !isReply, source != cluster?.me else {
      note("ignored a message from \(source?.name ?? "nobody"): \(error)")
      return
    }
    let me = cluster?.me ?? destination ?? NodeID("")
    outputs.append(.send(Envelope(from: me, to: source, inReplyTo: id, .error(error))))
  }

  /// Carries out the earliest thing that is due by `now`, if any. Call until false, draining after each.
  public mutating func advance(to now: Instant) -> Bool {
    observe(now)
    guard let alarm = alarms.popDue(by: context.now) else { return false }
    switch alarm {
    case .timer(let timer): node?.wake(timer, &context)
    case .answer(let id): missed(id)
    }
    return true
  }

  /// Every record that was asked for so far is stored: what was held goes on.
  public mutating func stored() {
    isStoringFailing = false
    guard var waiting = held else { return }
    held = nil
    waiting += context.effects
    context.effects = waiting
  }

  /// Records that were asked for can't be stored for now; the driver goes on trying, and says so each time.
  ///
  /// Until ``stored()``, new requests are refused, which is definite: they have not reached the node.
  /// Answers that have waited for `patience` since their request came become error 13, which is not: the
  /// records may yet be stored. Everything else stays held.
  public mutating func storingFailed(at now: Instant, patience: Duration = Host.storingPatience) {
    observe(now)
    isStoringFailing = true
    var waiting: [Effect<N>] = []
    for effect in held ?? [] {
      guard let request = effect.answered, request.received.duration(to: context.now) >= patience else {
        waiting.append(effect)
        continue
      }
      var answers: [Output] = []
      answer(request, .error(.crash("its records can't be stored for now, and may be later"))) {
        answers.append($0)
      }
      outputs += answers
    }
    held = waiting
  }

  /// Hands out all that is to be done.
  public mutating func drain(_ carryOut: (Output) -> Void) {
    if !outputs.isEmpty {
      for output in outputs { carryOut(output) }
      outputs.removeAll(keepingCapacity: true)
    }
    if held != nil || context.hasRecords {
      hold(carryOut)
    } else if !context.effects.isEmpty {
      // The buffer is taken out and put back, so that its memory is used again. To take an effect off its end costs
      // no copy of what is in it.
      var effects: [Effect<N>] = []
      swap(&effects, &context.effects)
      effects.reverse()
      while let effect = effects.popLast() { perform(effect, carryOut) }
      swap(&effects, &context.effects)
    }
  }

  // MARK: Parts of events

  private mutating func initialize(_ me: NodeID, _ nodes: [NodeID], _ envelope: Envelope<N>) {
    if let cluster {
      guard cluster.me == me, cluster.nodes == nodes else {
        refuse(envelope, .preconditionFailed("already initialized as \(cluster.me)"))
        return
      }
    } else {
      guard nodes.contains(me), Set(nodes).count == nodes.count else {
        refuse(envelope, .malformedRequest("node_ids must name each node once, \(me) among them"))
        return
      }
      let cluster = Cluster(me: me, nodes: nodes, options: options)
      self.cluster = cluster
      node = N(cluster, recovering: records, &context)
      records = []
    }
    guard let id = envelope.id else { return }
    outputs.append(.send(Envelope(from: me, to: envelope.source, inReplyTo: id, .initializeOk)))
  }

  private mutating func settle(_ id: Int, _ envelope: Envelope<N>) {
    // No entry: the answer came late, or twice, or was never asked for. All three are ordinary.
    guard let purpose = pending.settle(id, from: envelope.source) else { return }
    alarms.cancel(.answer(id))
    switch (purpose, envelope.body) {
    case (.call(let call), .message(let message)): node!.complete(call, .success(message), &context)
    case (.call(let call), .error(let error)): node!.complete(call, .failure(error), &context)
    case (.ask(let ask), .service(let answer)): node!.complete(ask, .success(answer), &context)
    case (.ask(let ask), .error(let error)): node!.complete(ask, .failure(error), &context)
    case (.call(let call), _): node!.complete(call, .failure(.crash("not an answer to this call")), &context)
    case (.ask(let ask), _): node!.complete(ask, .failure(.crash("not an answer to this ask")), &context)
    }
  }

  /// An answer did not come in time.
  private mutating func missed(_ id: Int) {
    guard let entry = pending[id], let me = cluster?.me else { return }
    switch (entry.retry, entry.purpose) {
    case (.untilAnswered(let interval), _):
      outputs.append(.send(Envelope(from: me, to: entry.destination, id: id, entry.body)))
      alarms.set(.answer(id), at: context.now + interval)
    case (.giveUp(let patience), let purpose):
      pending.remove(id)
      let error = RPCError.timeout("no answer from \(entry.destination) in \(patience)")
      switch purpose {
      case .call(let call): node!.complete(call, .failure(error), &context)
      case .ask(let ask): node!.complete(ask, .failure(error), &context)
      }
    }
  }

  private mutating func refuse(_ envelope: Envelope<N>, _ error: RPCError) {
    tell(error, from: envelope.source, to: envelope.destination, id: envelope.id, isReply: false)
  }

  /// Time goes on from where it was when the driver's clock is set back: nothing that waits has to wait for the clock
  /// to catch up.
  private mutating func observe(_ now: Instant) {
    if now < driverTime { lead += (driverTime - now).nanoseconds }
    driverTime = now
    context.now = Instant(nanoseconds: now.nanoseconds + lead)
  }

  private mutating func note(_ line: String) { outputs.append(.log(line)) }

  // MARK: Effects

  private mutating func hold(_ carryOut: (Output) -> Void) {
    // Taken out and put back: a second owner would make the first append copy it all.
    var waiting = held.take() ?? []
    for effect in context.effects {
      if case .persist(let record) = effect { carryOut(.store(record)) } else { waiting.append(effect) }
    }
    context.effects.removeAll(keepingCapacity: true)
    context.hasRecords = false
    held = waiting
  }

  private mutating func perform(_ effect: Effect<N>, _ carryOut: (Output) -> Void) {
    guard let me = cluster?.me else { preconditionFailure("an effect of a node that was never initialized") }
    switch effect {
    case .send(let message, let node):
      carryOut(.send(Envelope(from: me, to: node, .message(message))))
    case .reply(let message, let request):
      answer(request, .message(message), carryOut)
    case .fail(let error, let request):
      answer(request, .error(error), carryOut)
    case .call(let node, let message, let call, let retry):
      ask(node, .message(message), .call(call), retry, carryOut)
    case .ask(let service, let request, let ask, let retry):
      self.ask(service.id, .service(request), .ask(ask), retry, carryOut)
    case .wake(let timer, let instant):
      alarms.set(.timer(timer), at: instant)
    case .cancel(let timer):
      alarms.cancel(.timer(timer))
    case .persist:
      preconditionFailure("persist is carried out by hold")
    }
  }

  private func answer(_ request: Request, _ body: Envelope<N>.Body, _ carryOut: (Output) -> Void) {
    guard let cluster, let id = request.id else { return }
    guard
      request.received.duration(to: context.now) < Self.clientPatience
        || cluster.nodes.contains(request.source)
    else {
      carryOut(.log("dropped an answer to \(request.source): its client has stopped waiting"))
      return
    }
    carryOut(.send(Envelope(from: cluster.me, to: request.source, inReplyTo: id, body)))
  }

  private mutating func ask(
    _ destination: NodeID, _ body: Envelope<N>.Body, _ purpose: PendingCalls<N>.Purpose, _ retry: Retry,
    _ carryOut: (Output) -> Void
  ) {
    let id = pending.add(.init(destination: destination, body: body, purpose: purpose, retry: retry))
    switch retry {
    case .giveUp(let patience): alarms.set(.answer(id), at: context.now + patience)
    case .untilAnswered(let interval): alarms.set(.answer(id), at: context.now + interval)
    }
    carryOut(.send(Envelope(from: cluster!.me, to: destination, id: id, body)))
  }
}

extension Effect {
  /// The request that this answers, if it is an answer.
  fileprivate var answered: Request? {
    switch self {
    case .reply(_, let request), .fail(_, let request): request
    default: nil
    }
  }
}
