internal import Replication
public import Glomers
public import Workloads

/// Gossip Glomers 5 as the challenge is written: nodes without state of their own that keep everything in `lin-kv`,
/// where compare-and-set gives out offsets. The figure to compare ``KafkaNode`` with.
///
/// Reads are asked until they are answered: the service is never cut off from its nodes, and reading twice is
/// harmless. A compare-and-set that is not answered may have happened, so it is followed by a read.
///
/// There is nothing to store: a node that was killed finds the end of a log anew, a segment a question. What it was just
/// appending may be there or not, and nobody was told; its next life does not try again, so nothing is there twice.
public struct KafkaServiceNode: Node {
  public typealias Message = Kafka

  public enum Ask: Equatable, Sendable {
    /// Whether the messages on their way to a log were appended.
    case append(key: String)
    case reread(key: String)
    /// Of a request: what is in the log of a key from an offset on, for a poll or to see whether it ends before.
    case poll(Int, Kafka.Position)
    case verify(Int, Kafka.Position)
    /// Of a request: whether a committed offset was raised, or how high it is.
    case raise(Int, Kafka.Position)
    case compare(Int, Kafka.Position)
    case list(Int, key: String)
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

  let origin: Origin
  var tails: [String: StoredTail] = [:]
  var committed: [String: Int] = [:]
  var jobs: [Int: Job] = [:]
  /// The highest offsets that are known to be there.
  var ends: [String: Int] = [:]
  var count = 0

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<KafkaServiceNode>) {
    origin = Origin(of: cluster.me, &context.random)
  }

  public mutating func receive(
    _ message: Kafka, _ request: Request, _ context: inout Context<KafkaServiceNode>
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
    _ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<KafkaServiceNode>
  ) {
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
