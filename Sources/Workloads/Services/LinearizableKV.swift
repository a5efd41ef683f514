public import Glomers

/// A key-value store in one piece: each request takes place at the moment when it is handled (Herlihy & Wing:
/// *Linearizability*, TOPLAS 1990).
public struct LinearizableKV: ServiceModel {
  private var values: [JSON: JSON] = [:]

  public init() {}

  public mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV> {
    guard let key = request.key else { return .failure(request.refusal("a key-value store")) }
    return request.apply(to: &values[key])
  }
}

/// Gives out 0, 1, 2, …: each number once, and later ones later.
public struct TimestampOracle: ServiceModel {
  private var next = 0

  public init() {}

  public mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV> {
    guard request == .ts else { return .failure(request.refusal("a timestamp oracle")) }
    defer { next += 1 }
    return .success(.tsOk(ts: next))
  }
}
