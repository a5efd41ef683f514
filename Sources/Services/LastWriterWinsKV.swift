public import Glomers

/// An eventually consistent key-value store: two replicas, each request at one of them, and before each request one
/// may be merged into the other. Of two values the one with the higher Lamport timestamp wins (Lamport: *Time,
/// clocks, and the ordering of events in a distributed system*, 1978). As Maelstrom's, which does not know
/// `create_if_not_exists` here: a compare-and-set of a key that is missing fails.
public struct LastWriterWinsKV: ServiceModel {
  private struct Stamped: Sendable {
    let timestamp: Int
    let value: JSON
  }

  private struct Replica: Sendable {
    var clock = 0
    var entries: [JSON: Stamped] = [:]
  }

  private var replicas = [Replica(), Replica()]
  /// The keys that the replicas may not agree on: only these are looked at in a merge.
  private var differing: Set<JSON> = []

  public init() {}

  public mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV> {
    guard let key = request.key else { return .failure(request.refusal("a key-value store")) }
    var request = request
    if case .cas(_, let from, let to, true) = request {
      request = .cas(key: key, from: from, to: to, createIfNotExists: false)
    }
    let source = replicas.indices.randomElement(using: &random)!
    let target = replicas.indices.randomElement(using: &random)!
    if source != target { merge(source, into: target) }

    let place = replicas.indices.randomElement(using: &random)!
    var value = replicas[place].entries[key]?.value
    let outcome = request.apply(to: &value)
    switch outcome {
    case .success(.writeOk), .success(.casOk):
      replicas[place].entries[key] = Stamped(timestamp: replicas[place].clock, value: value!)
      replicas[place].clock += 1
      differing.insert(key)
    default: break
    }
    return outcome
  }

  /// Of equal timestamps the source's wins, as in Maelstrom.
  private mutating func merge(_ source: Int, into target: Int) {
    replicas[target].clock = max(replicas[target].clock, replicas[source].clock)
    differing = differing.filter { key in
      guard let entry = replicas[source].entries[key] else { return true }
      if let other = replicas[target].entries[key], other.timestamp > entry.timestamp { return true }
      replicas[target].entries[key] = entry
      return false
    }
  }
}
