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
