public import Glomers

/// Something that must not be, and what shows it.
public struct Anomaly: Equatable, Sendable {
  public enum Severity: String, Sendable {
    /// The nodes are wrong: the whole result is invalid.
    case invalid
    /// Worth knowing; the verdict stays.
    case warning
  }

  /// What kind it is, in kebab case: `lost-value`.
  public let name: String
  /// One sentence for people.
  public let detail: String
  /// Indices into the history: the fewest operations that show it; empty where it was seen outside of operations.
  public let operations: [Int]
  /// The node at which it was seen, where it was one.
  public let node: NodeID?
  public let severity: Severity

  public init(
    _ name: String, _ detail: String, operations: [Int] = [], node: NodeID? = nil,
    severity: Severity = .invalid
  ) {
    self.name = name
    self.detail = detail
    self.operations = operations
    self.node = node
    self.severity = severity
  }
}
