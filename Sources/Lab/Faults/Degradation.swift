internal import Glomers

/// What a bad network does to messages between nodes, short of cutting it. Clients and services are spared.
public enum Degradation: String, CaseIterable, Sendable {
  /// Some messages never arrive.
  case loss
  /// Some arrive twice.
  case duplicate
  /// Some are overtaken by later ones.
  case reorder
  /// All take longer.
  case slow

  /// A rule of a strength that is drawn. What becomes of a message depends on its number alone, so that the same seed
  /// gives the same run.
  func rule(between nodes: Set<NodeID>, _ random: inout Random) -> Rule {
    let seed = random.next()
    let share = Double.random(in: 0.01...0.4, using: &random)
    let delayMaxMilliseconds = Int.random(in: 1...500, using: &random)
    return Rule(rawValue) { parcel in
      // What was held back once is let through, or it might never arrive.
      guard !parcel.isDelayed, nodes.contains(parcel.source), nodes.contains(parcel.destination) else {
        return .pass
      }
      var dice = Random(seed: seed &+ UInt64(parcel.id))
      let isHit = self == .slow || Double.random(in: 0..<1, using: &dice) < share
      guard isHit else { return .pass }
      let delay = Duration.milliseconds(Int.random(in: 0...delayMaxMilliseconds, using: &dice))
      return switch self {
      case .loss: .drop
      case .duplicate: .deliverTwice(after: delay)
      case .reorder: .deliver(after: delay)
      case .slow: .deliver(after: .milliseconds(delayMaxMilliseconds))
      }
    }
  }
}
