internal import Glomers
internal import Raft

/// Clients' requests that a node has not answered yet: which were passed on, and when.
struct PendingRequests<Machine: StateMachine>: Sendable {
  /// A request that no leader was there for is refused after this: some of Maelstrom's clients wait for one second.
  static var unsentPatience: Duration { .milliseconds(900) }
  /// Of a command that was passed on, nobody knows after this. Clients wait 5 s at most.
  static var sentPatience: Duration { .seconds(4) }
  /// More are refused at once; so are those that so many later ones than a waiting one have overtaken.
  static var countMax: Int { 4096 }
  static var overtakingMax: Int { 4 * countMax }

  private struct Command: Sendable {
    let command: Machine.Message
    let request: Request
    /// When it was passed on, or could not be, last.
    var sentAt = Instant.zero
    /// How often it was passed on: 0 means that it certainly has not happened.
    var sentCount = 0
    var isQueued = true
  }

  private struct Batch: Sendable {
    let queries: [(query: Machine.Message, request: Request)]
    var sentAt: Instant
  }

  /// Those that wait are among the latest numbers: in their order, nil for what is settled.
  private var commands: [Command?] = []
  /// The number of the first of ``commands``, and how many of these are settled at its beginning: they are taken out many
  /// at a time.
  private var firstNumber = 1
  private var settledCount = 0
  private var commandCount = 0
  /// Numbers of commands to be passed on, and how many of these have been.
  private var queue: [Int] = []
  private var queueStart = 0
  /// Queries that no batch has yet.
  private var gathered: [(query: Machine.Message, request: Request)] = []
  private var batches: [Int: Batch] = [:]
  /// A batch to be asked for again.
  private var repeated: [Int] = []
  private var lastBatch = 0
  private var queryCount = 0

  var isWaiting: Bool { commandCount > 0 || queryCount > 0 }
  var hasUnsent: Bool { queueStart < queue.count || !gathered.isEmpty || !repeated.isEmpty }

  /// False if there are too many.
  mutating func add(_ command: Machine.Message, _ request: Request, at now: Instant) -> Bool {
    dropSettled()
    guard commandCount < Self.countMax, commands.count - settledCount < Self.overtakingMax else {
      return false
    }
    queue.append(firstNumber + commands.count)
    commands.append(Command(command: command, request: request))
    commandCount += 1
    return true
  }

  mutating func ask(_ query: Machine.Message, _ request: Request, at now: Instant) -> Bool {
    guard queryCount < Self.countMax else { return false }
    queryCount += 1
    gathered.append((query, request))
    return true
  }

  /// The next command to be passed on, now.
  mutating func nextToSend(at now: Instant) -> (number: Int, command: Machine.Message)? {
    while queueStart < queue.count {
      let number = queue[queueStart]
      queueStart += 1
      guard let place = place(of: number) else { continue }
      commands[place]!.sentAt = now
      commands[place]!.sentCount += 1
      commands[place]!.isQueued = false
      return (number, commands[place]!.command)
    }
    queue.removeAll(keepingCapacity: true)
    queueStart = 0
    return nil
  }

  /// The command was not taken, and will be tried again. If it was passed on before, it may have happened even so.
  mutating func refused(_ number: Int) {
    if let place = place(of: number) { commands[place]!.sentCount -= 1 }
  }

  /// The next batch of queries to ask an index for. Queries that come later are not in it.
  mutating func nextBatch(at now: Instant) -> Int? {
    if let batch = repeated.popLast() {
      batches[batch]?.sentAt = now
      return batch
    }
    guard !gathered.isEmpty else { return nil }
    lastBatch += 1
    batches[lastBatch] = Batch(queries: gathered, sentAt: now)
    gathered = []
    return lastBatch
  }

  /// All that was passed on goes to another leader.
  mutating func sendAll() {
    queue = []
    queueStart = 0
    for place in commands.indices where commands[place] != nil {
      commands[place]!.isQueued = true
      queue.append(firstNumber + place)
    }
    repeated = batches.keys.sorted()
  }

  /// Takes out a command that is to be answered; nil if it has been.
  mutating func settle(_ number: Int) -> Request? {
    guard let place = place(of: number) else { return nil }
    return take(at: place).request
  }

  /// Where a command is that waits.
  private func place(of number: Int) -> Int? {
    let place = number - firstNumber
    return commands.indices.contains(place) && commands[place] != nil ? place : nil
  }

  private mutating func take(at place: Int) -> Command {
    commandCount -= 1
    return commands[place].take()!
  }

  /// Amortized: each time as many are taken out as are moved, or more. Places change.
  private mutating func dropSettled() {
    while settledCount < commands.count, commands[settledCount] == nil { settledCount += 1 }
    guard settledCount > 0, 2 * settledCount >= commands.count else { return }
    commands.removeFirst(settledCount)
    firstNumber += settledCount
    settledCount = 0
  }

  /// Takes out queries that are to be answered.
  mutating func settle(batch: Int) -> [(query: Machine.Message, request: Request)] {
    guard let batch = batches.removeValue(forKey: batch) else { return [] }
    queryCount -= batch.queries.count
    return batch.queries
  }

  /// Gives up what has waited too long, and queues what may have got lost.
  mutating func check(at now: Instant, resendAfter: Duration, _ fail: (RPCError, Request) -> Void) {
    for place in commands.indices {
      guard let waiting = commands[place] else { continue }
      let age = waiting.request.received.duration(to: now)
      if waiting.sentCount == 0, age >= Self.unsentPatience {
        fail(Self.noLeader, take(at: place).request)
      } else if age >= Self.sentPatience {
        fail(.timeout("it was not seen to be committed: it may be yet"), take(at: place).request)
      } else if !waiting.isQueued, now - waiting.sentAt >= resendAfter {
        commands[place]!.isQueued = true
        queue.append(firstNumber + place)
      }
    }
    gathered.removeAll { _, request in
      guard request.received.duration(to: now) >= Self.unsentPatience else { return false }
      queryCount -= 1
      fail(Self.noLeader, request)
      return true
    }
    for number in batches.keys.sorted() {
      let batch = batches[number]!
      if batch.queries.allSatisfy({ $0.request.received.duration(to: now) >= Self.sentPatience }) {
        // A query changes nothing: that it did not happen is certain.
        for (_, request) in settle(batch: number) { fail(Self.noLeader, request) }
      } else if now - batch.sentAt >= resendAfter, !repeated.contains(number) {
        repeated.append(number)
      }
    }
  }

  /// Takes out the commands of which it is not known whether they happened.
  mutating func failSent(_ fail: (Request) -> Void) {
    for place in commands.indices where (commands[place]?.sentCount ?? 0) > 0 {
      fail(take(at: place).request)
    }
  }

  /// Takes out what certainly did not happen.
  mutating func refuseUnsent(_ fail: (Request) -> Void) {
    for place in commands.indices where commands[place]?.sentCount == 0 { fail(take(at: place).request) }
    for (_, request) in gathered { fail(request) }
    queryCount -= gathered.count
    gathered = []
    for number in batches.keys.sorted() { for (_, request) in settle(batch: number) { fail(request) } }
  }

  private static var noLeader: RPCError {
    .temporarilyUnavailable("no leader answers: a majority of the nodes may be out of reach")
  }
}
