public import Glomers
public import Wire

/// A key-value store in one piece: each request takes place at the moment when it is handled (Herlihy & Wing:
/// *Linearizability*, TOPLAS 1990).
public struct LinearizableKV: ServiceModel {
  private var values: [JSON: JSON] = [:]

  public init() {}

  public mutating func handle(_ request: KV, from caller: NodeID, _ random: inout Random) -> Outcome<KV> {
    guard let key = request.key else { return .failure(request.refusal("a key-value store")) }
    return request.apply(to: &values[key])
  }

  public static func record(of request: KV, answered outcome: Outcome<KV>) -> KV? {
    switch (request, outcome) {
    case (.write, .success): request
    case (.cas(let key, _, let to, _), .success): .write(key: key, value: to)
    default: nil
    }
  }

  public mutating func restore(_ record: KV) {
    if case .write(let key, let value) = record { values[key] = value }
  }

  public var records: [KV] {
    values.map { (text: $0.text, record: KV.write(key: $0, value: $1)) }
      .sorted { $0.text.precedesByBytes($1.text) }
      .map(\.record)
  }
}

/// A write can be kept as it was asked for.
extension KV: StorableRecord {}

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
