public import Glomers
public import Wire
public import Workloads

/// Gossip Glomers 2: gives out ids that no other node, and no other life of this node, ever gives out.
///
/// An id is *node* `-` *life* `-` *counter*. Node names differ within a cluster; the counter differs within a
/// life. No clock takes part, so it does not matter whether clocks agree, jump or run back, and no message is sent, so
/// partitions don't matter.
///
/// A life is 64 random bits drawn at its start, after the number of the life. With `--data-dir` lives are numbered, and
/// a number is stored before its first id is let out: so no id is ever repeated, for one short record a life. Without
/// it, or on a disk that forgets, the random bits remain: of a million lives of one node, two share theirs with
/// probability 3 × 10⁻⁸ (birthday bound: k² / 2⁶⁵), if `context.random` is seeded with fresh entropy at each start.
public struct UniqueIDNode: Node {
  public typealias Message = UniqueIDs

  /// How many lives this node has had.
  public struct Record: Equatable, Sendable {
    public let lifeCount: Int

    public init(lifeCount: Int) { self.lifeCount = lifeCount }
  }

  private let life: Record
  /// What stands before the counter.
  private let prefix: String
  private var counter = 0

  public init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<UniqueIDNode>) {
    let life = Record(lifeCount: (records.last?.lifeCount ?? 0) + 1)
    context.persist(life)
    self.life = life
    prefix = "\(cluster.me)-\(life.lifeCount).\(String(context.random.next(), radix: 36))-"
  }

  public var checkpoint: [Record]? { [life] }

  public mutating func receive(
    _ message: UniqueIDs, _ request: Request, _ context: inout Context<UniqueIDNode>
  ) {
    switch message {
    case .generate:
      counter += 1
      context.reply(.generateCounted(prefix: prefix, counter), to: request)
    case .generateOk, .generateCounted:
      context.fail(.notSupported("generate_ok is an answer, not a request"), to: request)
    }
  }
}

extension UniqueIDNode.Record: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    self.init(lifeCount: try record.integer("life"))
  }

  public func write(to record: inout JSONWriter) { record.member("life", lifeCount) }
}
