import Glomers
public import History

/// Jepsen's unique-ids: no two acknowledged ids are the same.
public struct UniqueIDsChecker: Checker {
  private static let shownMax = 48

  /// It has no settings.
  public init() {}

  public func check(_ history: History) -> Finding {
    var attempts = 0
    var acknowledged = 0
    var first: [JSON: Int] = [:]
    var second: [JSON: Int] = [:]
    var counts: [JSON: Int] = [:]
    var range: (low: JSON, high: JSON)?
    for operation in history.operations where operation.isClient && operation.function == "generate" {
      if operation.kind == .invoke { attempts += 1 }
      guard operation.kind == .ok else { continue }
      let id = operation.value
      acknowledged += 1
      if range == nil || JSON.precedes(id, range!.low) { range = (id, range?.high ?? id) }
      if JSON.precedes(range!.high, id) { range!.high = id }
      guard first[id] != nil else {
        first[id] = operation.index
        continue
      }
      if second[id] == nil { second[id] = operation.index }
      counts[id, default: 1] += 1
    }

    let duplicates = counts.sorted { JSON.precedes($0.key, $1.key) }
    let worst = duplicates.enumerated()
      .sorted { ($0.element.value, $0.offset) > ($1.element.value, $1.offset) }
      .prefix(Self.shownMax).map(\.element).sorted { JSON.precedes($0.key, $1.key) }
    let anomalies = duplicates.map { id, count in
      Anomaly(
        "duplicate-id", "the id \(EDN(id).shown) was given \(count) times",
        operations: [first[id]!, second[id]!], node: history[second[id]!].node)
    }
    return Finding(
      duplicates.isEmpty ? .valid : .invalid,
      [
        "attempted-count": .integer(attempts), "acknowledged-count": .integer(acknowledged),
        "duplicated-count": .integer(duplicates.count),
        "duplicated": .map(worst.map { .init(EDN($0.key), .integer($0.value)) }),
        "range": range.map { [EDN($0.low), EDN($0.high)] } ?? [nil, nil],
      ], anomalies: anomalies)
  }
}
