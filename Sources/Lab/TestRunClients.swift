internal import Glomers
internal import HeapModule
internal import Wire
import History
import Checkers

/// What clients do: ask, wait, and write down how it ended.
extension TestRun {
  /// A new client of a node. Returns its number.
  mutating func openClient(_ node: NodeID, for part: Client.Part) -> Int {
    clients.append(Client(name: NodeID("c\(clients.count)"), node: node, part: part))
    return clients.count - 1
  }

  mutating func closeClient(_ client: Int) { clients[client].closed = clock }

  /// The number of a client, which is in its name; nil if there has been none of that name.
  func client(named name: NodeID) -> Int? {
    guard let number = name.number, number < clients.count, clients[number].name == name else { return nil }
    return number
  }

  /// Sends a question to the client's node; the members of its body are `write`'s.
  mutating func ask(
    _ client: Int, _ purpose: Client.Purpose, patience wait: Duration, _ write: (inout JSONWriter) -> Void
  ) {
    let id = clients[client].ask(purpose)
    let name = clients[client].name
    let node = clients[client].node
    patience.insert(Patience(due: clock + wait, client: client, question: id))
    let number = takeMessageID()
    let line = desk.request(from: name, to: node, number: number, messageID: id, write)
    noteSent(line.span.extracting(droppingLast: 1), involvesClient: true)
    var operation: Int?
    if case .operation(_, _, let begun) = purpose { operation = begun }
    record?.sent(line, number, from: name, to: node, operation: operation, at: clock)
    var parcel = Parcel(id: number, source: name, destination: node, line: line, isFromClient: true)
    parcel.sent = clock
    network.send(parcel, due: clock)
  }

  // MARK: Operations

  /// The next operation, by a worker that is free.
  mutating func beginOperation() {
    if let worker = player?.nextRequest(of: freeWorkers)?.client {
      let request = player!.takeRequest(of: worker)
      freeWorkers.removeAll { $0 == worker }
      return begin(Invocation(function: request.function, value: request.value), by: worker)
    }
    arrivals.advance(from: max(arrivals.next, latestRelease))
    let place = Int.random(in: freeWorkers.indices, using: &choices)
    freeWorkers.swapAt(place, freeWorkers.count - 1)
    let worker = freeWorkers.removeLast()
    begin(load.next(for: workers[worker], at: time), by: worker)
  }

  mutating func begin(_ invocation: Invocation, by worker: Int) {
    // Jepsen opens a new client with the first operation of a process, and not before.
    if !load.reusesClients, let client = workers[worker].client,
      workers[worker].clientProcess != workers[worker].process
    {
      closeClient(client)
      workers[worker].client = nil
    }
    let one = workers[worker]
    let begun: Int
    if load.hasNotes || record != nil {
      var operation = Operation(
        time: time, kind: .invoke, process: .client(one.process), function: invocation.function,
        value: invocation.value, node: one.node, isFinal: invocation.isFinal)
      operation.notes = load.notes(on: operation, by: one)
      begun = history.append(operation)
      record?.operation(operation, index: begun, at: clock)
    } else {
      begun = history.begin(
        .client(one.process), invocation.function, .tree(invocation.value), at: time, node: one.node,
        isFinal: invocation.isFinal)
    }
    if !invocation.isFinal { noting { $0.asked(invocation, by: worker, at: $1, begun: begun) } }
    counts.operationCount += 1
    carryOut(load.begin(invocation, by: one), of: invocation, by: worker, begun: begun)
  }

  private mutating func carryOut(_ step: Step, of invocation: Invocation, by worker: Int, begun: Int) {
    switch step {
    case .ask(let message):
      let client = workers[worker].client ?? openClient(workers[worker].node, for: .load)
      workers[worker].client = client
      workers[worker].clientProcess = workers[worker].process
      workers[worker].tellings = tellings(by: workers[worker].node)
      let purpose = Client.Purpose.operation(invocation, worker: worker, begun: begun)
      ask(client, purpose, patience: load.patience) { message.write(to: &$0) }
    case .complete(let value): end(begun, worker: worker, .ok, value: .tree(value))
    case .completeRead(let shown): end(begun, worker: worker, .ok, value: .integers(shown))
    case .fail(let error): end(begun, worker: worker, .fail, error: error)
    case .crash: end(begun, worker: worker, .info)
    }
  }

  /// Writes down how an operation ended; its worker is free again.
  mutating func end(
    _ begun: Int, worker: Int, _ kind: Operation.Kind, value: Operation.Content? = nil, error: JSON? = nil
  ) {
    if load.hasNotes || load.followsOperations || record != nil {
      let one = workers[worker]
      var operation = history[begun]
      operation.time = time
      operation.kind = kind
      operation.error = error
      if let value { operation.content = value }
      operation.notes = load.notes(on: operation, by: one)
      operation.index = history.append(operation)
      record?.operation(operation, index: operation.index, at: clock)
      load.ended(operation, by: one)
    } else {
      history.end(begun, kind, value, at: time, error: error)
    }
    switch kind {
    case .ok: counts.okCount += 1
    case .fail: counts.failCount += 1
    case .info, .invoke: counts.infoCount += 1
    }
    if kind == .info { workers[worker].process += workers.count }
    if freeWorkers.isEmpty { latestRelease = clock }
    freeWorkers.append(worker)
  }

  /// Gives up on questions that have waited long enough.
  mutating func giveUpDue() {
    while let first = patience.min, first.due <= clock {
      patience.removeMin()
      guard let purpose = clients[first.client].giveUp(first.question) else { continue }
      switch purpose {
      case .initialize: failSetUp("init-failed", first.client, unanswered("init", first.client))
      case .initializeAgain:
        // It may have been paused or killed meanwhile. As long as it is there, it is asked.
        let node = clients[first.client].node
        closeClient(first.client)
        if states.isRunning(node) { initializeAgain(node) }
      case .setUp(let type): failSetUp("setup-failed", first.client, unanswered(type, first.client))
      case .change(let change): changed(change, .timeout("no answer"), by: first.client)
      case .operation(let invocation, let worker, let begun):
        let kind: Operation.Kind = load.isIdempotent(invocation.function) ? .fail : .info
        end(begun, worker: worker, kind, error: "net-timeout")
      }
    }
    dropStalePatience()
  }

  /// Most questions are answered: their patience is not worth waking up for.
  mutating func dropStalePatience() {
    while let first = patience.min, clients[first.client].question?.id != first.question {
      patience.removeMin()
    }
  }

  // MARK: Answers

  /// A node has sent something to a client.
  mutating func receive(_ reply: Reply) {
    let client = reply.client
    if clients[client].hasLeft(by: clock) {
      return wroteToDeparted("answered \(name(client))", client, reply.excerpt, reply.node)
    }
    // Asked only where something is amiss: a question is large.
    if reply.inReplyTo == nil, let question = clients[client].question,
      let reason = LineWords.mismatch(reply, asked: question.id)
    {
      return malformed(reply, reason)
    }
    switch clients[client].receive(inReplyTo: reply.inReplyTo) {
    case .late: break
    case .repeated: drop(reply, "answered \(name(client)) a second time")
    case .unasked:
      let told = reply.inReplyTo.map {
        "an answer to \($0), and its last request is \(clients[client].lastID)"
      }
      drop(reply, "wrote \(name(client)) \(told ?? "what it had not asked for")")
    case .answer(.initialize): initialized(reply)
    case .answer(.initializeAgain):
      closeClient(reply.client)
      if reply.type != "init_ok" { malformed(reply, "a node that was started again must say init_ok") }
    case .answer(.setUp(let type)):
      if reply.type == "\(type)_ok" {
        if let problem = problem(with: reply) { malformed(reply, problem) }
        prepared(reply.client)
      } else {
        failSetUp(
          "setup-failed", reply.client,
          "answered \(type) with \(reply.excerpt); the answer has type \(type)_ok")
      }
    case .answer(.change(let change)):
      let error = reply.type == "error" ? try? RPCError(type: reply.type, body: reply.body) : nil
      changed(change, error, by: client)
      if reply.type != "error", reply.type != "\(change.type)_ok" {
        malformed(reply, "the answer to \(change.type) has type \(change.type)_ok")
      }
    case .answer(.operation(let invocation, let worker, let begun)):
      complete(invocation, worker: worker, begun: begun, with: reply)
    }
    dropStalePatience()
    settlePhase()
  }

  private mutating func drop(_ reply: Reply, _ what: String) {
    anomalyLog.add(
      Anomaly(
        "unasked-reply", "\(reply.node) \(what), which is dropped: \(reply.excerpt)", node: reply.node,
        breaking: .singleReplies))
  }

  /// A node has written to a client that is no more, or in its name.
  mutating func wroteToDeparted(_ what: String, _ client: Int, _ excerpt: String, _ node: NodeID) {
    let isInitial = clients[client].part == .initialization
    let what = "\(what), which had \(isInitial ? "its answer to init" : "given up") and gone"
    let advice =
      isInitial
      ? "Answer init once, and write nothing else to its client"
      : "A client waits \(load.patience.words): leave requests unanswered that are older"
    guard scenario.lateReplies == .silence else {
      report("late-reply", "\(node) \(what), which is dropped: \(excerpt)", node, severity: .warning)
      return
    }
    states.silence(node)
    orderCuts()
    report(
      "late-reply",
      "\(node) \(what): like Maelstrom, this bench hears nothing more of that node (--late-replies drop would go on). "
        + "\(advice): \(excerpt)", node)
    actions.append(.note("\(node) \(what): nothing more is heard of it"))
  }

  /// In words, what a node has done instead of answering.
  private func unanswered(_ type: String, _ client: Int) -> String {
    let wait = type == "init" ? Self.initializationPatience : load.patience
    let example =
      #"{"src": "\#(clients[client].node)", "dest": "\#(name(client))", "body": {"type": "\#(type)_ok", "in_reply_to": 1}}"#
    let opening = openings[clients[client].node] ?? Opening()
    return "did not answer \(type) within \(wait.words)\(opening.words(type, example))"
  }

  private func name(_ client: Int) -> NodeID { clients[client].name }

  private mutating func initialized(_ reply: Reply) {
    if reply.type == "init_ok" {
      prepared(reply.client)
    } else {
      failSetUp(
        "init-failed", reply.client, "answered init with \(reply.excerpt); the answer has type init_ok")
    }
  }

  private mutating func complete(_ invocation: Invocation, worker: Int, begun: Int, with reply: Reply) {
    if reply.type == "error" {
      let error: RPCError
      do throws(WireError) {
        error = try RPCError(type: reply.type, body: reply.body)
      } catch let wrong {
        return spoiled(reply, wrong.rpcError.text, worker: worker, begun: begun)
      }
      let failed = error.isDefinite || load.isIdempotent(invocation.function)
      var words: [JSON] = [.string(error.name), .string(error.text)]
      // The name of all codes that Maelstrom does not define is one.
      if RPCError.code(named: error.name) == nil { words.append(.integer(error.code)) }
      end(begun, worker: worker, failed ? .fail : .info, error: .array(words))
      return
    }
    if let problem = problem(with: reply) {
      return spoiled(reply, wrongType(reply, invocation, worker) ?? problem, worker: worker, begun: begun)
    }
    do throws(WireError) {
      let step = try load.advance(invocation, by: workers[worker], type: reply.type, reply.body)
      guard let step else {
        return spoiled(reply, noAnswer(reply, invocation), worker: worker, begun: begun)
      }
      switch step {
      case .complete(let value):
        observe(invocation, value, at: reply.node)
        if !load.isIdempotent(invocation.function) { noteAcknowledgement(to: worker) }
      case .completeRead(let shown): visibility.observed(reply.node, integers: shown, at: clock)
      case .ask, .fail, .crash: break
      }
      carryOut(step, of: invocation, by: worker, begun: begun)
    } catch .unknownType {
      spoiled(reply, noAnswer(reply, invocation), worker: worker, begun: begun)
    } catch .tooLarge(let reason) {
      report(
        "oversized-integer",
        "\(reply.node) answered \(name(reply.client)) with \(reply.excerpt): \(reason.excerpt) for this bench to "
          + "judge it, though Maelstrom takes any", reply.node, operations: [begun], severity: .unknown)
      end(begun, worker: worker, .info, error: "indeterminate: an integer beyond 64 bits")
    } catch {
      spoiled(reply, LineWords.nullOrMissing(error.rpcError.text, reply.body), worker: worker, begun: begun)
    }
  }

  /// What is wrong with the type of a reply whose members are wrong; nil if nothing is.
  private func wrongType(_ reply: Reply, _ invocation: Invocation, _ worker: Int) -> String? {
    var load = load
    do throws(WireError) {
      let step = try load.advance(invocation, by: workers[worker], type: reply.type, reply.body)
      return step == nil ? noAnswer(reply, invocation) : nil
    } catch .unknownType {
      return noAnswer(reply, invocation)
    } catch {
      return nil
    }
  }

  private func noAnswer(_ reply: Reply, _ invocation: Invocation) -> String {
    // An operation on logs takes requests of several types, and other loads have names of their own.
    let isNamedSo = load.hasSchema && scenario.workload != .kafka
    let expected = isNamedSo ? "; the answer has type \(invocation.function)_ok" : ""
    guard reply.type.isEmpty else {
      return "\(reply.type.excerpt.debugDescription) is no answer to \(invocation.function)\(expected)"
    }
    return (reply.body.optionalElement("type") == nil ? "it has no type" : "its type is no name") + expected
  }

  /// What Maelstrom's schema would find wrong with a reply that is no error: members that it does not know, or lacks.
  private func problem(with reply: Reply) -> String? {
    load.hasSchema ? LineWords.problem(with: reply, member: replyMembers[reply.type]) : nil
  }

  private mutating func spoiled(_ reply: Reply, _ reason: String, worker: Int, begun: Int) {
    malformed(reply, reason, operations: [begun])
    end(begun, worker: worker, .info, error: "indeterminate: Malformed RPC response")
  }

  private mutating func malformed(_ reply: Reply, _ reason: String, operations: [Int] = []) {
    report(
      "malformed-reply",
      "\(reply.node) answered \(name(reply.client)) with \(reply.excerpt): \(reason.excerpt)",
      reply.node,
      operations: operations)
  }

  /// The test can't go on without this node.
  mutating func failSetUp(_ name: String, _ client: Int, _ detail: String) {
    let node = clients[client].node
    report(name, "\(node) \(detail)", node)
    abandon("\(node) \(detail)", at: clock)
  }

  mutating func report(
    _ name: String, _ detail: String, _ node: NodeID?, operations: [Int] = [],
    severity: Anomaly.Severity = .invalid
  ) {
    anomalyLog.add(Anomaly(name, detail, operations: operations, node: node, severity: severity))
  }
}
