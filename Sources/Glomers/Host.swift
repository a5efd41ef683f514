/// Carries a node: the handshake, message ids, the correlation of answers with calls, deadlines, retries, and the
/// holding back of effects until what they rest on is stored. Sans-IO: time and envelopes come in as arguments.
///
/// After every mutation the driver drains the host completely; between events it sleeps until ``deadline``.
///
/// The driver's clock must be monotonic, as CLOCK_MONOTONIC is: nobody sets it, and it never goes back. With a clock that
/// is set back nobody can tell how old a request is. An instant before the last one counts as the last one.
public struct Host<N: Node>: Sendable {
  /// What the driver is to carry out, in this order.
  public enum Output: Equatable, Sendable {
    /// Put this on the network.
    case send(Envelope<N>)
    /// Append to the log; when all that was asked for is stored, call ``Host/stored(at:)``.
    case store(N.Record)
    /// One line for the people who read stderr.
    case log(String)
  }

  /// How long after a client's request its answer may still leave; later answers are dropped.
  ///
  /// Maelstrom's clients wait 5 s and are then gone, and Maelstrom stops listening to a node that answers a client
  /// that has gone. The request and its answer are on the way for a part of these 5 s: hence half a second less.
  public static var clientPatience: Duration { .milliseconds(4500) }

  /// The same for the message that initializes the node, for which Maelstrom's clients wait 10 s.
  static var initializationPatience: Duration { .milliseconds(9500) }

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
  private var pending: PendingCalls<N>
  private var alarms = Deadlines<Alarm>()
  private let options: [String: Option.Value]
  private let clientPatience: Duration
  private let clientPatienceNanoseconds: Int64
  private var backlog = Backlog()
  /// Until the node has them.
  private var records: [N.Record] = []
  /// What the host itself says, ahead of the node's effects.
  private var outputs: [Output] = []
  /// Effects that wait until the records before them are stored; nil when nothing is being stored.
  private var held: [Effect<N>]?
  private var isStoringFailing = false
  /// While storing fails, a node made from what is stored: it answers those who only read. An array of at most one: a
  /// host with room for two nodes would be twice as large.
  private var reader: [N] = []

  /// - Parameters:
  ///   - options: values for `N.options`, by name.
  ///   - random: the node's dice.
  ///   - keepsRecords: whether there is a log for records; if not, the node persists nothing.
  ///   - lastCallID: the ids of calls follow this. Each life of a node needs others, or it takes a late answer to what
  ///     an earlier one has asked for the answer to a question of its own.
  ///   - clientPatience: how long after a client's request its answer may still leave.
  public init(
    options: [String: Option.Value] = [:], random: Random, keepsRecords: Bool = false, lastCallID: Int = 0,
    clientPatience: Duration = Host.clientPatience
  ) {
    self.options = options
    self.clientPatience = clientPatience
    clientPatienceNanoseconds = clientPatience.nanoseconds
    pending = PendingCalls(after: lastCallID)
    context = Context(random: random, keepsRecords: keepsRecords)
  }

  /// The node's name, once it has been initialized.
  public var me: NodeID? { cluster?.me }

  /// Whether the node has been initialized under this name.
  @inline(__always)
  public func isMe(_ name: String) -> Bool { cluster?.me.name == name }

  /// The node's state as it is now, for people to look at; nil until it is initialized.
  public var state: N? { node }

  /// Shows the node to its cluster's invariants. Mutating, since an element of an array that is asked something is copied
  /// otherwise.
  public mutating func show(to invariants: inout N.Invariants) -> Breach? {
    node == nil
      ? nil : invariants.look(at: node!, isStored: held == nil, keepsRecords: context.keepsRecords)
  }

  /// Records that stand for all that were handed out to be stored; nil if the node has none to give.
  public var checkpoint: [N.Record]? { node?.checkpoint }

  /// When ``advance(to:)`` is next needed; nil while nothing is awaited, and between ``resumed(since:at:)`` and
  /// ``caughtUp()``.
  @inline(__always)
  public var deadline: Instant? {
    backlog.start == nil ? alarms.earliest : nil
  }

  /// Whether an answer with this id is a service's, and not a peer's: the codec has to know which to expect.
  public func isAsk(_ id: Int) -> Bool {
    if case .ask? = pending[id]?.purpose { true } else { false }
  }

  // MARK: Events

  /// Hands over what an earlier life persisted, oldest first: before the message that initializes the node.
  public mutating func recover(_ records: [N.Record]) {
    precondition(node == nil, "a node that is running already can't be given a past")
    self.records = records
  }

  /// Takes whatever comes from the network: a request, an answer, or the message that initializes the node.
  public mutating func receive(_ envelope: Envelope<N>, at now: Instant) {
    observe(now)
    if let id = envelope.inReplyTo {
      settle(id, envelope)
      return
    }
    switch envelope.body {
    case .initialize(let me, let nodes):
      initialize(me, nodes, envelope)
    case .message(let message) where envelope.destination == cluster?.me:
      receive(message, from: envelope.source, id: envelope.id, at: now)
    case .message(let message):
      turnAway(message, from: envelope.source, to: envelope.destination, id: envelope.id)
    case .initializeOk, .service, .error:
      note("an answer without in_reply_to from \(envelope.source)")
    }
  }

  /// Takes a message to ``me`` that is no answer, as nearly all are: an envelope round it would have to be made and undone.
  public mutating func receive(_ message: N.Message, from source: NodeID, id: Int?, at now: Instant) {
    observe(now)
    // A method that does not change the host gets a copy of all of it, so it is only called where something is wrong.
    if node == nil || isStoringFailing {
      return turnAway(message, from: source, to: me ?? NodeID(""), id: id)
    }
    if backlog.start != nil, isOutdated(source) { return backlog.countOutdated() }
    node!.receive(message, Request(from: source, id: id, received: backlog.start ?? context.now), &context)
  }

  /// Answers a message that the node can't take now.
  @inline(never)
  private mutating func turnAway(
    _ message: N.Message, from source: NodeID, to destination: NodeID, id: Int?
  ) {
    // A request that can't be stored for now has not reached the node, and nobody waits for an answer to one without
    // an id.
    guard let objection = objection(to: destination), id != nil || !isStoringFailing else { return }
    if let outcome = reader.first?.answer(reading: message), destination == cluster?.me {
      return tell(outcome, to: source, id)
    }
    tell(objection, from: source, to: destination, id: id, isReply: false)
  }

  /// The process was stopped, and goes on now: SIGSTOP and SIGCONT, a machine that slept, a processor that was away.
  ///
  /// The messages that come until ``caughtUp()`` may have waited unread. A client's request counts as received at
  /// `since`; where the client may have given up since then, the request is neither carried out nor answered: to the
  /// client that is a timeout, which promises nothing. Messages of peers, and answers to this node's own calls and
  /// asks, are taken as always. No alarm goes off in between, for what it waits for may be among these messages;
  /// then the earliest one goes off, and the others as long after it as they were set.
  ///
  /// - Parameter since: when the stop began, at the earliest. What was sent before it has been received before it.
  public mutating func resumed(since: Instant, at now: Instant) {
    observe(now)
    backlog.begin(since: since)
    if let due = alarms.earliest, due < context.now { alarms.postpone(by: context.now - due) }
  }

  /// What comes from now on was sent after the node had gone on.
  public mutating func caughtUp() {
    if let line = backlog.end() { note(line) }
  }

  /// Whether what somebody sent has waited while this node was stopped, and its sender may have given up.
  @inline(never)
  private func isOutdated(_ source: NodeID) -> Bool {
    guard backlog.isOutdated(for: clientPatience, at: context.now) else { return false }
    return !(cluster?.nodes.contains(source) ?? false)
  }

  /// Why a message to this destination can't be taken now.
  private func objection(to destination: NodeID) -> RPCError? {
    guard let me = cluster?.me else {
      return .temporarilyUnavailable("not initialized yet: the first message must be init")
    }
    guard destination == me else { return .nodeNotFound("this is \(me), not \(destination)") }
    // Nothing has happened yet, and what the node would do could not be made to last.
    return isStoringFailing ? .temporarilyUnavailable("records can't be stored for now") : nil
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
    if isOutdated(source) { return backlog.countOutdated() }
    let me = cluster?.me ?? destination ?? NodeID("")
    outputs.append(.send(Envelope(from: me, to: source, inReplyTo: id, .error(error))))
  }

  /// Hands a reader what is stored, ahead of all that waits to be.
  private mutating func tell(_ outcome: Outcome<N.Message>, to source: NodeID, _ id: Int?) {
    if isOutdated(source) { return backlog.countOutdated() }
    let body: Envelope<N>.Body =
      switch outcome {
      case .success(let message): .message(message)
      case .failure(let error): .error(error)
      }
    outputs.append(.send(Envelope(from: cluster!.me, to: source, inReplyTo: id, body)))
  }

  /// Carries out the earliest thing that is due by `now`, if any. Call until false, draining after each.
  public mutating func advance(to now: Instant) -> Bool {
    observe(now)
    guard backlog.start == nil, let alarm = alarms.popDue(by: context.now) else { return false }
    switch alarm {
    case .timer(let timer): node?.wake(timer, &context)
    case .answer(let id): missed(id)
    }
    return true
  }

  /// Every record that was asked for so far is stored: what was held goes on, but for answers to clients that may have
  /// given up.
  ///
  /// - Parameter now: read after the disk has answered: that alone may take longer than a client waits.
  public mutating func stored(at now: Instant) {
    observe(now)
    isStoringFailing = false
    reader = []
    guard var waiting = held else { return }
    held = nil
    waiting += context.effects
    (context.answer, context.rest) = (nil, waiting)
  }

  /// Records that were asked for can't be stored for now; the driver goes on trying, and says so each time.
  ///
  /// Until ``stored(at:)``, a request that changes nothing is answered from the records that are stored
  /// (``Node/answer(reading:)``). Every other new request is refused, which is definite: it has not reached the node.
  /// Answers that have waited for `patience` since their request came become error 13, which is not: the
  /// records may yet be stored. Everything else stays held.
  ///
  /// - Parameter stored: reads all that is stored, oldest first; nil where that can't be read either. Asked for once.
  public mutating func storingFailed(
    at now: Instant, patience: Duration = Host.storingPatience, stored: () -> [N.Record]? = { nil }
  ) {
    observe(now)
    isStoringFailing = true
    if reader.isEmpty, let cluster, let records = stored() {
      // What this node would like to do is of no interest: it only answers.
      var unheard = Context<N>(now: context.now, random: context.random)
      reader = [N(cluster, recovering: records, &unheard)]
    }
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
    drain(
      sending: { carryOut(.send(Envelope(from: $1, to: $2, id: $3, inReplyTo: $4, .message($0)))) }, carryOut)
  }

  /// Hands out all that is to be done: the node's messages, which are nearly all of it, without envelopes.
  ///
  /// - Parameter send: gets a message, its source and its destination, its id, and the id that it answers.
  public mutating func drain(
    sending send: (N.Message, NodeID, NodeID, Int?, Int?) -> Void, _ carryOut: (Output) -> Void
  ) {
    if !outputs.isEmpty { drainOutputs(carryOut) }
    if held != nil || context.hasRecords {
      hold(carryOut)
      return
    }
    if let answer = context.answer.take(), let id = context.answered.id,
      !isLate(context.answered) || isAwaited(context.answered, carryOut)
    {
      send(answer, cluster!.me, context.answered.source, nil, id)
    }
    guard !context.rest.isEmpty else { return }
    // The buffer is taken out and put back, so that its memory is used again. To take an effect off its end costs no copy
    // of what is in it.
    var effects: [Effect<N>] = []
    swap(&effects, &context.rest)
    if effects.count > 1 { effects.reverse() }
    while let effect = effects.popLast() { perform(effect, send, carryOut) }
    swap(&effects, &context.rest)
  }

  @inline(never)
  private mutating func drainOutputs(_ carryOut: (Output) -> Void) {
    for output in outputs { carryOut(output) }
    outputs.removeAll(keepingCapacity: true)
  }

  // MARK: Parts of events

  /// What is wrong with a cluster of these nodes.
  public static func objection(to me: NodeID, among nodes: [NodeID]) -> RPCError? {
    nodes.contains(me) && Set(nodes).count == nodes.count
      ? nil : .malformedRequest("node_ids must name each node once, \(me) among them")
  }

  private mutating func initialize(_ me: NodeID, _ nodes: [NodeID], _ envelope: Envelope<N>) {
    if let cluster {
      guard cluster.me == me, cluster.nodes == nodes else {
        refuse(envelope, .preconditionFailed("already initialized as \(cluster.me)"))
        return
      }
    } else {
      if let objection = Self.objection(to: me, among: nodes) {
        refuse(envelope, objection)
        return
      }
      let cluster = Cluster(me: me, nodes: nodes, options: options)
      self.cluster = cluster
      node = N(cluster, recovering: records, &context)
      records = []
    }
    guard let id = envelope.id, !backlog.isOutdated(for: Self.initializationPatience, at: context.now)
    else { return }
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

  private mutating func observe(_ now: Instant) { if now > context.now { context.now = now } }

  private mutating func note(_ line: String) { outputs.append(.log(line)) }

  // MARK: Effects

  @inline(never)
  private mutating func hold(_ carryOut: (Output) -> Void) {
    // Taken out and put back: a second owner would make the first append copy it all.
    var waiting = held.take() ?? []
    if let answer = context.answer.take() { waiting.append(.reply(answer, to: context.answered)) }
    for effect in context.rest {
      if case .persist(let record) = effect { carryOut(.store(record)) } else { waiting.append(effect) }
    }
    context.rest.removeAll(keepingCapacity: true)
    context.hasRecords = false
    held = waiting
  }

  private mutating func perform(
    _ effect: consuming Effect<N>, _ send: (N.Message, NodeID, NodeID, Int?, Int?) -> Void,
    _ carryOut: (Output) -> Void
  ) {
    switch consume effect {
    case .reply(let message, let request):
      guard let id = request.id, !isLate(request) || isAwaited(request, carryOut) else { return }
      send(message, cluster!.me, request.source, nil, id)
    case .send(let message, let node):
      send(message, cluster!.me, node, nil, nil)
    case .fail(let error, let request):
      answer(request, .error(error), carryOut)
    case .call(let node, let message, let call, let retry):
      let id = expect(node, .message(message), .call(call), retry)
      send(message, cluster!.me, node, id, nil)
    case .ask(let service, let request, let ask, let retry):
      let id = expect(service.id, .service(request), .ask(ask), retry)
      carryOut(.send(Envelope(from: cluster!.me, to: service.id, id: id, .service(request))))
    case .wake(let timer, let instant):
      alarms.set(.timer(timer), at: instant)
    case .cancel(let timer):
      alarms.cancel(.timer(timer))
    case .persist:
      preconditionFailure("persist is carried out by hold")
    }
  }

  @inline(never)
  private func answer(_ request: Request, _ body: Envelope<N>.Body, _ carryOut: (Output) -> Void) {
    guard let id = request.id, isAwaited(request, carryOut) else { return }
    carryOut(.send(Envelope(from: cluster!.me, to: request.source, inReplyTo: id, body)))
  }

  /// Whether a client may have stopped waiting for the answer to a request.
  @inline(__always)
  private func isLate(_ request: Request) -> Bool {
    context.now.nanoseconds - request.received.nanoseconds >= clientPatienceNanoseconds
  }

  /// Whether anybody still waits for the answer to a request.
  @inline(never)
  private func isAwaited(_ request: Request, _ carryOut: (Output) -> Void) -> Bool {
    if !isLate(request) { return true }
    if cluster!.nodes.contains(request.source) { return true }
    carryOut(.log("dropped an answer to \(request.source): its client has stopped waiting"))
    return false
  }

  /// Takes note of a call or an ask that is about to be sent. Returns its id.
  @inline(never)
  private mutating func expect(
    _ destination: NodeID, _ body: Envelope<N>.Body, _ purpose: PendingCalls<N>.Purpose, _ retry: Retry
  ) -> Int {
    let id = pending.add(.init(destination: destination, body: body, purpose: purpose, retry: retry))
    switch retry {
    case .giveUp(let patience): alarms.set(.answer(id), at: context.now + patience)
    case .untilAnswered(let interval): alarms.set(.answer(id), at: context.now + interval)
    }
    return id
  }
}
