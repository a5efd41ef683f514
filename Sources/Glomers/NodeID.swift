/// The name of a node, a client or a service: opaque, unique in its network.
public struct NodeID: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The name, as it stands on the wire: `n1`, `c7`, `lin-kv`.
  public let name: String

  /// - Parameter name: as it stands on the wire.
  public init(_ name: String) { self.name = name }
  public init(stringLiteral name: String) { self.name = name }

  public var description: String { name }
  public static func < (a: NodeID, b: NodeID) -> Bool { a.name < b.name }
}
