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

/// What a node is told at the start: who it is, who its peers are, and how it was set up.
public struct Cluster: Equatable, Sendable {
  /// This node's name.
  public let me: NodeID
  /// Every node, this one included, in the order of the `init` message: the same at every node.
  public let nodes: [NodeID]
  private let options: [String: Option.Value]

  /// - Parameter options: values for options of the node, by name; the rest have their fallbacks.
  public init(me: NodeID, nodes: [NodeID], options: [String: Option.Value] = [:]) {
    self.me = me
    self.nodes = nodes
    self.options = options
  }

  /// Every node but this one.
  public var peers: [NodeID] { nodes.filter { $0 != me } }

  /// The value that an option was given, or its fallback.
  public subscript(option: Option) -> Option.Value { options[option.name] ?? option.fallback }

  /// The value of an option whose kind is ``Option/Value/duration(_:in:)``. Any other option is a mistake in
  /// the node, and ends the program.
  public func duration(_ option: Option) -> Duration {
    guard case .duration(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no duration")
    }
    return value
  }

  /// The value of an option whose kind is ``Option/Value/limit(_:in:)``; nil for `never`. Any other option is
  /// a mistake in the node, and ends the program.
  public func limit(_ option: Option) -> Duration? {
    guard case .limit(let value, _) = self[option] else { preconditionFailure("--\(option.name): no limit") }
    return value
  }

  /// The value of an option whose kind is ``Option/Value/integer(_:in:)``. Any other option is a mistake in
  /// the node, and ends the program.
  public func integer(_ option: Option) -> Int {
    guard case .integer(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no integer")
    }
    return value
  }

  /// The value of an option whose kind is ``Option/Value/choice(_:of:)``: one of its words. Any other option
  /// is a mistake in the node, and ends the program.
  public func choice(_ option: Option) -> String {
    guard case .choice(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no choice")
    }
    return value
  }

  /// The value of an option whose kind is ``Option/Value/text(_:as:)``; empty if none was given. Any other
  /// option is a mistake in the node, and ends the program.
  public func text(_ option: Option) -> String {
    guard case .text(let value, _) = self[option] else { preconditionFailure("--\(option.name): no text") }
    return value
  }

  /// The value of an option whose kind is ``Option/Value/flag(_:)``. Any other option is a mistake in the
  /// node, and ends the program.
  public func flag(_ option: Option) -> Bool {
    guard case .flag(let value) = self[option] else { preconditionFailure("--\(option.name): no flag") }
    return value
  }
}
