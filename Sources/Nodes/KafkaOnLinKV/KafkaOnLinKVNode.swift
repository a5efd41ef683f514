public import Glomers
internal import Replication
internal import Wire
public import Workloads

/// Gossip Glomers 5 as the challenge is written: nodes without state of their own that keep everything in `lin-kv`,
/// where compare-and-set gives out offsets. The figure to compare ``KafkaNode`` with.
///
/// A read that is not answered is repeated every second, which is harmless, for as long as a client waits for what depends
/// on it: five seconds. A compare-and-set that is not answered may have happened, so it is followed by a read.
///
/// There is nothing to store: a node that was killed finds the end of a log anew, one segment a question. An append in
/// flight at a crash may or may not have happened; it is never retried, so it can't be there twice.
public struct KafkaOnLinKVNode: Node {
  public typealias Message = Kafka

  public enum Ask: Equatable, Sendable {
    /// Whether the messages on their way to a log were appended.
    case append(key: JSONName)
    case reread(key: JSONName)
    /// Of a request: what is in the log of a key from an offset on, for a poll or to see whether it ends before.
    case poll(Int, Kafka.Position)
    case verify(Int, Kafka.Position)
    /// Of a request: whether a committed offset was raised, or how high it is.
    case raise(Int, Kafka.Position)
    case compare(Int, Kafka.Position)
    case list(Int, key: JSONName)
  }

  /// A request that takes several questions.
  struct Job: Sendable {
    let request: Request
    var openCount: Int
    /// Grows as answers come.
    var answer: Kafka
    /// What is to be committed once all of it is known to be there.
    var commits: [Kafka.Position] = []
  }

  public static let options = KafkaNode.options

  static let patience = Duration.seconds(1)

  let origin: Incarnation
  var tails: [JSONName: StoredTail] = [:]
  var committed: [JSONName: Int] = [:]
  var jobs: [Int: Job] = [:]
  /// The highest offsets that are known to be there.
  var ends: [JSONName: Int] = [:]
  var count = 0

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<KafkaOnLinKVNode>) {
    origin = Incarnation(of: cluster.me, &context.random)
  }

  public mutating func receive(
    _ message: Kafka, _ request: Request, _ context: inout Context<KafkaOnLinKVNode>
  ) {
    count += 1
    switch message {
    case .send(let key, let message):
      let sent = StoredTail.Sent(message: message, tag: "\(origin).\(count)", request: request)
      let next = tails[key, default: StoredTail(key)].append(sent)
      append(next, to: key, &context)
    case .poll(let positions):
      guard isSound(positions, request, &context) else { return }
      begin(Job(request: request, openCount: positions.count, answer: .pollOk([])), &context)
      for position in positions { read(segmentOf: position, .poll(count, position), &context) }
    case .commitOffsets(let positions):
      guard isSound(positions, request, &context) else { return }
      let unknown = positions.filter { $0.offset > ends[$0.key] ?? -1 }
      // One question more than there are, so that all of it is committed after the last answer.
      let job = Job(
        request: request, openCount: unknown.count + 1, answer: .commitOffsetsOk, commits: positions)
      begin(job, &context)
      for position in unknown { read(segmentOf: position, .verify(count, position), &context) }
      finish(count, &context)
    case .listCommittedOffsets(let keys):
      begin(Job(request: request, openCount: keys.count, answer: .listCommittedOffsetsOk([])), &context)
      for key in keys { read(commitName(key), .list(count, key: key), &context) }
    default:
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }

  public mutating func complete(
    _ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<KafkaOnLinKVNode>
  ) {
    if case .failure(let error) = outcome, error.code == 0 { return askAgain(ask, &context) }
    // Nothing there is as good as nothing in it; other errors of the store don't happen.
    let value: JSON? = if case .success(.readOk(let value)) = outcome { value } else { nil }
    switch ask {
    case .append(let key):
      guard case .success(.casOk) = outcome else {
        return read(tails[key]!.name, .reread(key: key), &context)
      }
      tell(tails[key]!.appended(), &context)
      append(tails[key]!.next(), to: key, &context)
    case .reread(let key):
      tell(tails[key]!.found(value?.array ?? []), &context)
      append(tails[key]!.next(), to: key, &context)
    case .poll(let job, let position):
      let batch = batch(from: position, value?.array ?? [])
      if let last = batch.entries.last { ends[position.key] = max(ends[position.key] ?? -1, last.offset) }
      finish(job, &context) { answer in
        guard case .pollOk(let batches) = answer, !batch.entries.isEmpty else { return }
        answer = .pollOk(batches + [batch])
      }
    case .verify(let job, let position):
      if batch(from: position, value?.array ?? []).entries.first?.offset == position.offset {
        finish(job, &context)
      } else if let job = jobs.removeValue(forKey: job) {
        let error = RPCError.preconditionFailed("\(position.key) ends before offset \(position.offset)")
        context.fail(error, to: job.request)
      }
    case .raise(let job, let position):
      guard case .success(.casOk) = outcome else {
        return read(commitName(position.key), .compare(job, position), &context)
      }
      committed[position.key] = position.offset
      finish(job, &context)
    case .compare(let job, let position):
      committed[position.key] = value?.integer
      raise(job, position, &context)
    case .list(let job, let key):
      finish(job, &context) { answer in
        guard case .listCommittedOffsetsOk(let positions) = answer, let offset = value?.integer else {
          return
        }
        answer = .listCommittedOffsetsOk(positions + [Kafka.Position(key, offset)])
      }
    }
  }
}

/// What the node asks of its store, and how several answers become one.
extension KafkaOnLinKVNode {
  func commitName(_ key: JSONName) -> JSON { .string("commit/\(key.stored)") }

  func append(_ next: KV?, to key: JSONName, _ context: inout Context<KafkaOnLinKVNode>) {
    guard let next else { return }
    context.ask(.linKV, next, then: .append(key: key), .giveUp(after: Self.patience))
  }

  func tell(
    _ placed: [(sent: StoredTail.Sent, offset: Int)], _ context: inout Context<KafkaOnLinKVNode>
  ) {
    for (sent, offset) in placed { context.reply(.sendOk(offset: offset), to: sent.request) }
  }

  func read(_ name: JSON, _ ask: Ask, _ context: inout Context<KafkaOnLinKVNode>) {
    context.ask(.linKV, .read(key: name), then: ask, .giveUp(after: Self.patience))
  }

  /// Asks again what the store has not answered, as long as a client waits for it.
  mutating func askAgain(_ ask: Ask, _ context: inout Context<KafkaOnLinKVNode>) {
    switch ask {
    case .append(let key), .reread(let key):
      guard let tail = tails[key] else { return }
      if tail.isAwaited(at: context.now) {
        read(tail.name, .reread(key: key), &context)
      } else {
        // The next send begins at the first segment, and finds the end.
        tails[key] = nil
      }
    case .poll(let job, let position), .verify(let job, let position):
      if isAwaited(job, at: context.now) { read(segmentOf: position, ask, &context) }
    case .raise(let job, let position), .compare(let job, let position):
      if isAwaited(job, at: context.now) { read(commitName(position.key), .compare(job, position), &context) }
    case .list(let job, let key):
      if isAwaited(job, at: context.now) { read(commitName(key), ask, &context) }
    }
  }

  /// Whether the client of a request still waits; if not, the request is forgotten.
  private mutating func isAwaited(_ number: Int, at now: Instant) -> Bool {
    guard let job = jobs[number] else { return false }
    if job.request.isAwaited(at: now) { return true }
    jobs[number] = nil
    return false
  }

  func read(
    segmentOf position: Kafka.Position, _ ask: Ask, _ context: inout Context<KafkaOnLinKVNode>
  ) {
    read(StoredTail.name(position.key, position.offset / StoredTail.segmentSize), ask, &context)
  }

  func batch(from position: Kafka.Position, _ segment: [JSON]) -> Kafka.Batch {
    let start = position.offset - position.offset % StoredTail.segmentSize
    let entries = segment.enumerated().dropFirst(position.offset - start).map { place, entry in
      Kafka.Entry(start + place, JSONText(StoredTail.message(entry)))
    }
    return Kafka.Batch(position.key, entries[...])
  }

  /// Raises a committed offset to this one, unless it is as high already: it never falls.
  mutating func raise(
    _ job: Int, _ position: Kafka.Position, _ context: inout Context<KafkaOnLinKVNode>
  ) {
    if let known = committed[position.key], known >= position.offset { return finish(job, &context) }
    let cas = KV.cas(
      key: commitName(position.key), from: .integer(committed[position.key] ?? -1),
      to: .integer(position.offset), createIfNotExists: true)
    context.ask(.linKV, cas, then: .raise(job, position), .giveUp(after: Self.patience))
  }

  mutating func begin(_ job: Job, _ context: inout Context<KafkaOnLinKVNode>) {
    guard job.openCount > 0 else { return context.reply(job.answer, to: job.request) }
    jobs[count] = job
  }

  /// One question of a request is answered; after the last, so is the request.
  mutating func finish(
    _ number: Int, _ context: inout Context<KafkaOnLinKVNode>, _ take: (inout Kafka) -> Void = { _ in }
  ) {
    guard jobs[number] != nil else { return }
    take(&jobs[number]!.answer)
    jobs[number]!.openCount -= 1
    guard jobs[number]!.openCount == 0, var job = jobs.removeValue(forKey: number) else { return }
    if job.commits.isEmpty { return context.reply(job.answer, to: job.request) }
    let commits = job.commits
    job.commits = []
    job.openCount = commits.count
    jobs[number] = job
    for position in commits { raise(number, position, &context) }
  }

  func isSound(
    _ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaOnLinKVNode>
  ) -> Bool {
    guard let wrong = positions.first(where: { $0.offset < 0 }) else { return true }
    context.fail(.malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)"), to: request)
    return false
  }
}
