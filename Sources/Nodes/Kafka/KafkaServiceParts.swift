internal import Glomers
internal import Wire
internal import Workloads

/// What the node asks of its store, and how several answers become one.
extension KafkaServiceNode {
  func commitName(_ key: String) -> JSON { .string("commit/\(key)") }

  func append(_ next: KV?, to key: String, _ context: inout Context<KafkaServiceNode>) {
    guard let next else { return }
    context.ask(.linKV, next, then: .append(key: key), .giveUp(after: Self.patience))
  }

  func tell(
    _ placed: [(sent: StoredTail.Sent, offset: Int)], _ context: inout Context<KafkaServiceNode>
  ) {
    for (sent, offset) in placed { context.reply(.sendOk(offset: offset), to: sent.request) }
  }

  func read(_ name: JSON, _ ask: Ask, _ context: inout Context<KafkaServiceNode>) {
    context.ask(.linKV, .read(key: name), then: ask, .untilAnswered(every: Self.patience))
  }

  func read(
    segmentOf position: Kafka.Position, _ ask: Ask, _ context: inout Context<KafkaServiceNode>
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
    _ job: Int, _ position: Kafka.Position, _ context: inout Context<KafkaServiceNode>
  ) {
    if let known = committed[position.key], known >= position.offset { return finish(job, &context) }
    let cas = KV.cas(
      key: commitName(position.key), from: .integer(committed[position.key] ?? -1),
      to: .integer(position.offset), createIfNotExists: true)
    context.ask(.linKV, cas, then: .raise(job, position), .giveUp(after: Self.patience))
  }

  mutating func begin(_ job: Job, _ context: inout Context<KafkaServiceNode>) {
    guard job.openCount > 0 else { return context.reply(job.answer, to: job.request) }
    jobs[count] = job
  }

  /// One question of a request is answered; after the last, so is the request.
  mutating func finish(
    _ number: Int, _ context: inout Context<KafkaServiceNode>, _ take: (inout Kafka) -> Void = { _ in }
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
    _ positions: [Kafka.Position], _ request: Request, _ context: inout Context<KafkaServiceNode>
  ) -> Bool {
    guard let wrong = positions.first(where: { $0.offset < 0 }) else { return true }
    context.fail(.malformedRequest("there is no offset \(wrong.offset) of \(wrong.key)"), to: request)
    return false
  }
}
