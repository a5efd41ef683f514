internal import Glomers

/// A fault of the network: looks at each parcel at the moment of its delivery and says what becomes of it.
public struct Rule: Sendable {
  /// What becomes of a parcel.
  public enum Decision: Equatable, Sendable {
    /// It is delivered.
    case pass
    /// Later, on top of the delay that it had. It is looked at again then.
    case deliver(after: Duration)
    /// Now, and a copy later.
    case deliverTwice(after: Duration)
    /// It is lost.
    case drop
  }

  /// What people call it in progress lines.
  public let name: String
  /// Decides about one parcel; the same one may come again.
  public let decide: @Sendable (Parcel) -> Decision

  /// - Parameters:
  ///   - name: what people call it.
  ///   - decide: decides about one parcel.
  public init(_ name: String, _ decide: @escaping @Sendable (Parcel) -> Decision) {
    self.name = name
    self.decide = decide
  }

  /// Drops what a receiver would get from a source it is cut off from.
  public static func partition(_ grudge: Grudge, name: String = "partition") -> Rule {
    Rule(name) { grudge.separates(receiver: $0.destination, from: $0.source) ? .drop : .pass }
  }
}

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
