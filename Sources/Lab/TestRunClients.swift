internal import Glomers
internal import HeapModule
internal import Wire

/// What clients do: ask, wait, and write down how it ended.
extension TestRun {
  mutating func openClient(_ node: NodeID) -> NodeID {
    let name = NodeID("c\(clientCount)")
    clientCount += 1
    clients[name] = Client(name: name, node: node)
    return name
  }

  mutating func closeClient(_ name: NodeID) { clients[name]!.isOpen = false }

  /// Sends a question to the client's node; the members of its body are `write`'s.
  mutating func ask(
    _ name: NodeID, _ purpose: Client.Purpose, patience wait: Duration, _ write: (inout JSONWriter) -> Void
  ) {
    let id = clients[name]!.ask(purpose)
    let node = clients[name]!.node
    patience.insert(Patience(due: clock + wait, client: name, question: id))
    let number = takeMessageID()
    let line = desk.request(from: name, to: node, number: number, messageID: id, write)
    if case .initialize = purpose {} else { noteSent(line.dropLast(), involvesClient: true) }
    network.send(Parcel(id: number, source: name, destination: node, line: line), due: clock)
  }

  // MARK: Operations

  /// The next operation, by a worker that is free.
  mutating func beginOperation() {
    arrivals.advance(from: max(arrivals.next, latestRelease))
    let place = Int.random(in: freeWorkers.indices, using: &choices)
    freeWorkers.swapAt(place, freeWorkers.count - 1)
    begin(operations.next(), by: freeWorkers.removeLast())
  }

  mutating func begin(_ invocation: Invocation, by worker: Int) {
    let begun = history.append(
      Operation(
        time: time, kind: .invoke, process: .client(workers[worker].process), function: invocation.function,
        value: invocation.value, node: workers[worker].node, isFinal: invocation.isFinal))
    counts.operationCount += 1
    let client = workers[worker].client ?? openClient(workers[worker].node)
    workers[worker].client = client
    ask(
      client, .operation(invocation, worker: worker, begun: begun), patience: Self.operationPatience
    ) { [workload = scenario.workload] in workload.write(invocation, to: &$0) }
  }

  /// Writes down how an operation ended; its worker is free again.
  mutating func end(
    _ begun: Int, worker: Int, _ kind: Operation.Kind, value: JSON? = nil, error: JSON? = nil
  ) {
    var operation = history[begun]
    operation.time = time
    operation.kind = kind
    operation.error = error
    if let value { operation.value = value }
    history.append(operation)
    switch kind {
    case .ok: counts.okCount += 1
    case .fail: counts.failCount += 1
    case .info, .invoke: counts.infoCount += 1
    }
    if kind == .info {
      workers[worker].process += workers.count
      if !scenario.workload.reusesClients, let client = workers[worker].client {
        closeClient(client)
        workers[worker].client = nil
      }
    }
    if freeWorkers.isEmpty { latestRelease = clock }
    freeWorkers.append(worker)
  }

  /// Gives up on questions that have waited long enough.
  mutating func giveUpDue() {
    while let first = patience.min, first.due <= clock {
      patience.removeMin()
      guard let purpose = clients[first.client]!.giveUp(first.question) else { continue }
      switch purpose {
      case .initialize: failSetUp("init-failed", first.client, "did not answer init in time")
      case .setUp: failSetUp("setup-failed", first.client, "did not answer topology in time")
      case .operation(let invocation, let worker, let begun):
        let kind: Operation.Kind = scenario.workload.isIdempotent(invocation.function) ? .fail : .info
        end(begun, worker: worker, kind, error: "net-timeout")
      }
    }
    dropStalePatience()
  }

  /// Most questions are answered: their patience is not worth waking up for.
  mutating func dropStalePatience() {
    while let first = patience.min, clients[first.client]?.question?.id != first.question {
      patience.removeMin()
    }
  }

  // MARK: Answers

  /// A node has sent something to a client.
  mutating func receive(_ reply: Reply) {
    guard var client = clients[reply.client] else { preconditionFailure("\(reply.client) is no client") }
    let fit = client.receive(inReplyTo: reply.inReplyTo, from: reply.node)
    clients[reply.client] = client
    switch fit {
    case .unasked:
      report("unasked-reply", "sent \(client.name) what it had not asked for: \(reply.excerpt)", reply.node)
    case .late where !client.isOpen:
      report(
        "late-reply", "answered \(client.name), which had given up and gone: \(reply.excerpt)", reply.node,
        severity: .warning)
    case .late: break
    case .answer(.initialize): initialized(reply)
    case .answer(.setUp):
      if reply.type == "topology_ok" {
        if reply.memberCount > 0 { malformed(reply, "it has members that a topology_ok has not") }
        prepared(reply.client)
      } else {
        failSetUp("setup-failed", reply.client, "answered topology with \(reply.excerpt)")
      }
    case .answer(.operation(let invocation, let worker, let begun)):
      complete(invocation, worker: worker, begun: begun, with: reply)
    }
    dropStalePatience()
    settlePhase()
  }

  private mutating func initialized(_ reply: Reply) {
    if reply.type == "init_ok" {
      prepared(reply.client)
    } else {
      failSetUp("init-failed", reply.client, "answered init with \(reply.excerpt)")
    }
  }

  private mutating func complete(_ invocation: Invocation, worker: Int, begun: Int, with reply: Reply) {
    if reply.type == "error" {
      let error: RPCError
      do throws(WireError) {
        error = try RPCError(type: reply.type, body: reply.body)
      } catch let wrong {
        return spoiled(reply, "\(wrong)", worker: worker, begun: begun)
      }
      let failed = error.isDefinite || scenario.workload.isIdempotent(invocation.function)
      end(begun, worker: worker, failed ? .fail : .info, error: [.string(error.name), .string(error.text)])
      return
    }
    do throws(WireError) {
      guard let value = try scenario.workload.answer(to: invocation, type: reply.type, reply.body) else {
        return spoiled(reply, "it does not answer \(invocation.function)", worker: worker, begun: begun)
      }
      // Maelstrom takes members that it does not know for a mistake.
      guard reply.memberCount == scenario.workload.replyMemberCount(invocation.function) else {
        return spoiled(reply, "it has members that it should not have", worker: worker, begun: begun)
      }
      observe(invocation, value, at: reply.node)
      end(begun, worker: worker, .ok, value: value)
    } catch {
      spoiled(reply, "\(error)", worker: worker, begun: begun)
    }
  }

  private mutating func spoiled(_ reply: Reply, _ reason: String, worker: Int, begun: Int) {
    malformed(reply, reason, operations: [begun])
    end(begun, worker: worker, .info, error: "indeterminate: Malformed RPC response")
  }

  private mutating func malformed(_ reply: Reply, _ reason: String, operations: [Int] = []) {
    report(
      "malformed-reply", "answered \(reply.client) with \(reply.excerpt): \(reason)", reply.node,
      operations: operations)
  }

  /// The test can't go on without this node.
  mutating func failSetUp(_ name: String, _ client: NodeID, _ detail: String) {
    let node = clients[client]!.node
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
