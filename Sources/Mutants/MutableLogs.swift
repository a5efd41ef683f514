import Glomers
import Workloads

/// Logs at the first node, to which the others pass on what they are asked. Messages and commits are stored.
struct MutableLogs: MutableNode {
  typealias Message = Kafka
  typealias Record = Kept<Kafka>
  enum Mutation: String {
    case countsForItself = "counts-for-itself"
    case showsGaps = "shows-gaps"
    case keepsToItself = "keeps-to-itself"
    case losesSome = "loses-some"
    case dealsOutOfOrder = "deals-out-of-order"
    case mixesKeys = "mixes-keys"
    case pollsBehind = "polls-behind"
    case pollsTheNewest = "polls-the-newest"
    case pollsBackwards = "polls-backwards"
    case dropsTheOldest = "drops-the-oldest"
    case sendsAgain = "sends-again"
    case refusesWhatItTakes = "refuses-what-it-takes"
    case commitsGoBack = "commits-go-back"
    case commitsStay = "commits-stay"
    case commitsTheEnd = "commits-the-end"
    case forgetsMessages = "forgets-messages"
    case forgetsCommits = "forgets-commits"
    case forgetsTheEnd = "forgets-the-end"
  }
  enum Call: Equatable { case passedOn(Request), placed }

  private let mutation: Mutation?
  private let cluster: Cluster
  private let number: Int
  private var logs: [JSONName: [Int: Kafka.Entry]] = [:]
  /// The offset behind the last message, by key.
  private var ends: [JSONName: Int] = [:]
  private var committed: [JSONName: Int] = [:]

  init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
    number = cluster.nodes.firstIndex(of: cluster.me)!
    for record in records {
      switch record.message {
      case .pollOk(let batches): place(batches)
      case .commitOffsets(let positions): for position in positions { commit(position) }
      default: break
      }
    }
    if mutation == .forgetsTheEnd { ends = [:] }
  }

  mutating func receive(_ message: Kafka, _ request: Request, _ context: inout Context<Self>) {
    if case .pollOk(let news) = message {
      place(news)
      context.reply(.commitOffsetsOk, to: request)
    } else if number == 0 || answersItself(message) {
      answer(message, request, &context)
    } else {
      let isRepeated = if case .send = message { mutation == .sendsAgain } else { false }
      let retry: Retry =
        isRepeated ? .untilAnswered(every: .milliseconds(500)) : .giveUp(after: .seconds(2))
      context.call(cluster.nodes[0], message, then: .passedOn(request), retry)
    }
  }

  private func answersItself(_ question: Kafka) -> Bool {
    switch (mutation, question) {
    case (.countsForItself, _), (.showsGaps, _), (.keepsToItself, _): true
    case (.commitsStay, .commitOffsets), (.commitsStay, .listCommittedOffsets): true
    default: false
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Kafka>, _ context: inout Context<Self>) {
    guard case .passedOn(let request) = call else { return }
    switch outcome {
    case .success(let answer): context.reply(answer, to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }

  private mutating func answer(_ question: Kafka, _ request: Request, _ context: inout Context<Self>) {
    switch question {
    case .send(let key, let message):
      let offset = nextOffset(key)
      if mutation != .losesSome || offset % 10 != 5 {
        take(Kafka.Batch(log(of: key), [Kafka.Entry(offset, message)]), &context)
      }
      if mutation == .refusesWhatItTakes, offset % 10 == 9 {
        return context.fail(.temporarilyUnavailable("too busy"), to: request)
      }
      context.reply(.sendOk(offset: offset), to: request)
    case .poll(let positions):
      let batches = positions.sorted { $0.key < $1.key }.map { Kafka.Batch($0.key, entries($0)[...]) }
      context.reply(.pollOk(batches.filter { !$0.entries.isEmpty }), to: request)
    case .commitOffsets(let positions):
      for position in positions { commit(position) }
      if mutation != .forgetsCommits { context.persist(Kept(question)) }
      context.reply(.commitOffsetsOk, to: request)
    case .listCommittedOffsets(let keys):
      let positions = keys.compactMap { key in committed[key].map { Kafka.Position(key, $0) } }
      context.reply(.listCommittedOffsetsOk(positions), to: request)
    default: break
    }
  }

  // MARK: Messages

  /// Which log the messages of a key are in.
  private func log(of key: JSONName) -> JSONName {
    mutation == .mixesKeys ? JSONName(String(key.description.suffix(1))) : key
  }

  private func nextOffset(_ key: JSONName) -> Int {
    let end = ends[log(of: key)] ?? 0
    switch mutation {
    case .showsGaps, .keepsToItself:
      // Offsets of nodes differ in what is left when divided by their number.
      return (end / cluster.nodes.count + 1) * cluster.nodes.count + number
    case .dealsOutOfOrder: return (logs[key]?.count ?? 0) ^ 1
    default: return end
    }
  }

  private mutating func take(_ news: Kafka.Batch, _ context: inout Context<Self>) {
    place([news])
    if mutation != .forgetsMessages { context.persist(Kept(.pollOk([news]))) }
    guard mutation == .countsForItself || mutation == .showsGaps else { return }
    for peer in cluster.peers {
      context.call(peer, .pollOk([news]), then: .placed, .untilAnswered(every: .milliseconds(500)))
    }
  }

  private mutating func place(_ batches: [Kafka.Batch]) {
    for batch in batches {
      for entry in batch.entries {
        logs[batch.key, default: [:]][entry.offset] = entry
        ends[batch.key] = max(ends[batch.key] ?? 0, entry.offset + 1)
        if mutation == .dropsTheOldest { logs[batch.key]![entry.offset - 10] = nil }
      }
    }
  }

  private func entries(_ position: Kafka.Position) -> [Kafka.Entry] {
    let first = mutation == .pollsBehind ? position.offset + 1 : position.offset
    let found = (logs[log(of: position.key)] ?? [:]).filter { $0.key >= first }.sorted { $0.key < $1.key }
      .map(\.value)
    return switch mutation {
    case .pollsTheNewest: found.suffix(2)
    case .pollsBackwards: found.reversed()
    default: Array(found.prefix(100))
    }
  }

  // MARK: Committed offsets

  private mutating func commit(_ position: Kafka.Position) {
    let known = committed[position.key] ?? -1
    committed[position.key] =
      switch mutation {
      case .commitsGoBack: position.offset
      case .commitsTheEnd: max(known, nextOffset(position.key) - 1)
      default: max(known, position.offset)
      }
  }
}
