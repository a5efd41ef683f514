public import Glomers

/// A key-value store that is no more than sequentially consistent (Lamport: *How to make a multiprocessor computer
/// that correctly executes multiprocess programs*, 1979): a request that changes nothing may be answered from any
/// of the last 32 states that is not older than what its caller has seen. One that would change the state it met is
/// carried out on the newest, and that is what its caller has seen then. As Maelstrom's.
public struct SequentialKV: ServiceModel {
  /// How many states there are to answer from.
  public static let stateCount = 32

  private struct Change: Sendable {
    let key: JSON
    let before: JSON?
  }

  /// The newest state, and the changes that led to it from the oldest one that is kept.
  private var values: [JSON: JSON] = [:]
  private var changes: [Change] = []
  /// States are numbered from 0.
  private var newest = 0
  /// The state that each caller has seen last.
  private var seen: [NodeID: Int] = [:]

  public init() {}

  public mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV> {
    guard let key = request.key else { return .failure(request.refusal("a key-value store")) }
    let oldest = max(seen[caller] ?? 0, newest - changes.count)
    let state = Int.random(in: oldest...newest, using: &random)
    let before = value(of: key, at: state)
    var after = before
    let outcome = request.apply(to: &after)
    if after == before {
      seen[caller] = state
      return outcome
    }
    // Even if it changes nothing there: Maelstrom counts a state of its own.
    changes.append(Change(key: key, before: values[key]))
    if changes.count == Self.stateCount { changes.removeFirst() }
    newest += 1
    seen[caller] = newest
    return request.apply(to: &values[key])
  }

  private func value(of key: JSON, at state: Int) -> JSON? {
    let later = changes.suffix(newest - state)
    if let change = later.first(where: { $0.key == key }) { return change.before }
    return values[key]
  }
}
