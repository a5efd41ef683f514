import Glomers
import History

/// What becomes of committed offsets, which Maelstrom's checker does not look at.
///
/// An offset that is listed has been committed, or is the one after that, where a consumer goes on: Maelstrom lets a
/// consumer start at the committed offset or lower, and not where nobody has been. So a node may list too little, and a
/// consumer then reads again what others have processed; who demands ``Demand/sharedCommits`` wants that a committed
/// offset only rises: at one node it is never again below what that node has acknowledged or shown, and in the end at no
/// node below what any has acknowledged.
struct KafkaCommits {
  /// Offsets in the order in which they came up, each higher than the one before.
  private struct Rise {
    struct Step {
      let offset: Int
      /// The end of the operation that shows it.
      let operation: Int
      /// Since when it counts: an index into the history.
      let since: Int
    }

    private var steps: [Step] = []

    mutating func note(_ offset: Int, _ operation: Int, since: Int) {
      let place = steps.firstIndex { $0.since > since } ?? steps.endIndex
      guard offset > (place > 0 ? steps[place - 1].offset : -1) else { return }
      steps.removeSubrange(place..<(steps[place...].firstIndex { $0.offset > offset } ?? steps.endIndex))
      steps.insert(Step(offset: offset, operation: operation, since: since), at: place)
    }

    func highest(before index: Int) -> Step? { steps.last { $0.since < index } }
  }

  /// What is known of a key.
  private struct Known {
    var attempts = Rise()
    var anywhere = Rise()
    /// Nodes are few.
    private var atNodes: [(node: NodeID?, rise: Rise)] = []

    subscript(node: NodeID?) -> Rise? { atNodes.first { $0.node == node }?.rise }

    mutating func note(_ offset: Int, at node: NodeID?, _ operation: Int) {
      var place = 0
      while place < atNodes.count, atNodes[place].node != node { place += 1 }
      if place == atNodes.count { atNodes.append((node, Rise())) }
      atNodes[place].rise.note(offset, operation, since: operation)
    }
  }

  let history: History
  /// By key, the offsets that are known to have messages, in their order.
  let offsets: [JSONName: [Int]]

  var anomalies: [Anomaly] {
    var anomalies: [Anomaly] = []
    var keys: [JSONName: Int] = [:]
    var known: [Known] = []
    func number(of key: JSONName) -> Int {
      if let number = keys[key] { return number }
      keys[key] = known.count
      known.append(Known())
      return known.count - 1
    }
    for index in 0..<history.count where history.isClient(index) && history.kind(of: index) != .invoke {
      guard history.function(of: index) == "poll", let begun = history.invocationIndex(of: index) else {
        continue
      }
      let operation = history[index]
      for (key, offset) in Self.commits(operation) {
        let key = number(of: key)
        known[key].attempts.note(offset, index, since: begun)
        guard operation.kind == .ok else { continue }
        known[key].note(offset, at: operation.node, index)
        known[key].anywhere.note(offset, index, since: index)
      }
    }
    let finals = (0..<history.count).first { history.isFinal($0) }
    for index in 0..<history.count
    where history.kind(of: index) == .ok && history.function(of: index) == "assign" {
      let operation = history[index]
      guard case .object(let listed)? = operation.notes["committed"] else { continue }
      let begun = history.invocationIndex(of: index)!
      for key in KafkaOperation.keys(operation.value) {
        let offset = listed[key]?.integer ?? -1
        let number = number(of: key)
        var highest = known[number][operation.node]?.highest(before: begun)
        if let finals, operation.isFinal, let final = known[number].anywhere.highest(before: finals),
          final.offset > highest?.offset ?? -1
        {
          highest = final
        }
        if let highest, offset < highest.offset {
          anomalies.append(lost(key, offset, highest, operation, begun))
        }
        let attempt = known[number].attempts.highest(before: index)
        if let ahead = ahead(key, offset, attempt, operation, begun) { anomalies.append(ahead) }
        // What a node has shown, it has to go on showing.
        if offset >= 0 { known[number].note(offset, at: operation.node, index) }
      }
    }
    return anomalies
  }

  private func lost(
    _ key: JSONName, _ offset: Int, _ known: Rise.Step, _ operation: Operation, _ begun: Int
  ) -> Anomaly {
    let shown = offset < 0 ? "no committed offset" : "offset \(offset) committed"
    return Anomaly(
      "lost-commit",
      "\(name(operation.node)) shows \(shown) of key \(key), after \(known.offset) was: consumers read again what "
        + "was processed", operations: [known.operation, begun, operation.index], node: operation.node,
      breaking: .sharedCommits)
  }

  /// Whether an offset that is listed lies beyond the one after the highest that anybody has tried to commit.
  private func ahead(
    _ key: JSONName, _ offset: Int, _ highest: Rise.Step?, _ operation: Operation, _ begun: Int
  ) -> Anomaly? {
    let committed = highest?.offset ?? -1
    let missed = offsets[key]?.first { $0 > committed }.flatMap { $0 < offset ? $0 : nil }
    guard offset >= 0, missed != nil || offset - 1 > committed else { return nil }
    let words = highest == nil ? "nothing" : "no more than \(committed)"
    let cost = missed.map { "offset \($0) would be left out" } ?? "what comes before it would be left out"
    return Anomaly(
      "runaway-commit",
      "\(name(operation.node)) shows offset \(offset) of key \(key) committed, though \(words) was: \(cost)",
      operations: ((highest.map { [$0.operation] } ?? []) + [begun, operation.index]).sorted(),
      node: operation.node)
  }

  private func name(_ node: NodeID?) -> String { node?.name ?? "a node" }

  /// The offsets that a poll has committed, or tried to.
  private static func commits(_ operation: Operation) -> [(key: JSONName, offset: Int)] {
    if operation.kind == .ok {
      var ends: [(key: JSONName, offset: Int)] = []
      KafkaOperation.eachEndOfPolls(operation) { ends.append(($0, $1)) }
      return ends
    }
    guard case .object(let committing)? = operation.notes["committing"] else { return [] }
    return committing.compactMap { key, offset in offset.integer.map { (key, $0) } }
  }
}
