internal import Glomers
internal import Raft

/// Clients' requests that a node has not answered yet: which were passed on, and when.
struct PendingRequests<Machine: StateMachine>: Sendable {
  /// A request that no leader was there for is refused after this: some of Maelstrom's clients wait for one second.
  static var unsentPatience: Duration { .milliseconds(900) }
  /// Of a command that was passed on, nobody knows after this. Clients wait 5 s at most.
  static var sentPatience: Duration { .seconds(4) }
  /// More are refused at once.
  static var countMax: Int { 4096 }

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

  private var commands: [Int: Command] = [:]
  /// Numbers of commands to be passed on, and how many of these have been.
  private var queue: [Int] = []
  private var queueStart = 0
  private var lastNumber = 0
  /// Queries that no batch has yet.
  private var gathered: [(query: Machine.Message, request: Request)] = []
  private var batches: [Int: Batch] = [:]
  /// A batch to be asked for again.
  private var repeated: [Int] = []
  private var lastBatch = 0
  private var queryCount = 0

  var isWaiting: Bool { !commands.isEmpty || queryCount > 0 }
  var hasUnsent: Bool { queueStart < queue.count || !gathered.isEmpty || !repeated.isEmpty }

  /// False if there are too many.
  mutating func add(_ command: Machine.Message, _ request: Request, at now: Instant) -> Bool {
    guard commands.count < Self.countMax else { return false }
    lastNumber += 1
    commands[lastNumber] = Command(command: command, request: request)
    queue.append(lastNumber)
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
      guard let place = commands.index(forKey: number) else { continue }
      commands.values[place].sentAt = now
      commands.values[place].sentCount += 1
      commands.values[place].isQueued = false
      return (number, commands.values[place].command)
    }
    queue.removeAll(keepingCapacity: true)
    queueStart = 0
    return nil
  }

  /// The command was not taken, and will be tried again. If it was passed on before, it may have happened even so.
  mutating func refused(_ number: Int) { commands[number]?.sentCount -= 1 }

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
    queue = commands.keys.sorted()
    queueStart = 0
    for number in queue { commands[number]!.isQueued = true }
    repeated = batches.keys.sorted()
  }

  /// Takes out a command that is to be answered; nil if it has been.
  mutating func settle(_ number: Int) -> Request? { commands.removeValue(forKey: number)?.request }

  /// Takes out queries that are to be answered.
  mutating func settle(batch: Int) -> [(query: Machine.Message, request: Request)] {
    guard let batch = batches.removeValue(forKey: batch) else { return [] }
    queryCount -= batch.queries.count
    return batch.queries
  }

  /// Gives up what has waited too long, and queues what may have got lost.
  mutating func check(at now: Instant, resendAfter: Duration, _ fail: (RPCError, Request) -> Void) {
    for number in commands.keys.sorted() {
      let waiting = commands[number]!
      let age = waiting.request.received.duration(to: now)
      if waiting.sentCount == 0, age >= Self.unsentPatience {
        commands[number] = nil
        fail(Self.noLeader, waiting.request)
      } else if age >= Self.sentPatience {
        commands[number] = nil
        fail(.timeout("it was not seen to be committed: it may be yet"), waiting.request)
      } else if !waiting.isQueued, now - waiting.sentAt >= resendAfter {
        commands[number]!.isQueued = true
        queue.append(number)
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
    for number in commands.keys.sorted() where commands[number]!.sentCount > 0 {
      fail(commands.removeValue(forKey: number)!.request)
    }
  }

  /// Takes out what certainly did not happen.
  mutating func refuseUnsent(_ fail: (Request) -> Void) {
    for number in commands.keys.sorted() where commands[number]!.sentCount == 0 {
      fail(commands.removeValue(forKey: number)!.request)
    }
    for (_, request) in gathered { fail(request) }
    queryCount -= gathered.count
    gathered = []
    for number in batches.keys.sorted() { for (_, request) in settle(batch: number) { fail(request) } }
  }

  private static var noLeader: RPCError {
    .temporarilyUnavailable("no leader answers: a majority of the nodes may be out of reach")
  }
}
