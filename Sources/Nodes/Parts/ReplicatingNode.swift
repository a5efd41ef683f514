public import Glomers
public import Replication

/// A node that stands on the replication core, so that the core's invariants can be looked at.
public protocol ReplicatingNode: Node, EntryHolder where Entry: Equatable & Sendable {
  var dissemination: Dissemination { get }
  /// How many entries of each stream it holds.
  var held: VersionVector { get }
}

/// The invariants of a node that has none beside those of the replication core.
public struct ReplicaInvariants<Member: ReplicatingNode>: ClusterInvariants {
  private var core = ReplicationInvariants<Member.Entry>()

  public init() {}

  public mutating func look(at node: Member, isStored: Bool, keepsRecords: Bool) -> Breach? {
    core.look(
      at: node.dissemination, holding: node.held, isStored: isStored, keepsRecords: keepsRecords,
      entriesOf: node)
  }
}
