/// What must hold among all nodes of a cluster at every moment. The simulator looks at each node after each of its events,
/// and ends the run where something does not hold.
public protocol ClusterInvariants<Member>: Sendable {
  /// The kind of node that is looked at.
  associatedtype Member: Node

  /// Begins with a cluster of which nothing has been seen.
  init()

  /// Looks at a node.
  ///
  /// - Parameters:
  ///   - isStored: whether all that it has persisted is stored: if not, nobody has heard of its last events, and a kill
  ///     would take them back.
  ///   - keepsRecords: whether anything is stored at all: if not, nobody has to wait for that, and a kill takes all.
  /// - Returns: what does not hold; nil if all does.
  mutating func look(at node: Member, isStored: Bool, keepsRecords: Bool) -> Breach?
}

/// An invariant that does not hold.
public struct Breach: Equatable, Sendable {
  /// What kind it is, in kebab case: `election-safety`.
  public let name: String
  /// One sentence for people.
  public let detail: String

  /// - Parameters:
  ///   - name: what kind it is, in kebab case.
  ///   - detail: one sentence for people.
  public init(_ name: String, _ detail: String) {
    self.name = name
    self.detail = detail
  }
}

/// Those of a node that has none.
public struct NoInvariants<Member: Node>: ClusterInvariants {
  /// Begins with nothing to look at.
  public init() {}

  /// Finds nothing, ever.
  public mutating func look(at node: Member, isStored: Bool, keepsRecords: Bool) -> Breach? { nil }
}
