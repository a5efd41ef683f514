/// What a node is told at the start: who it is, who its peers are, and how it was set up.
public struct Cluster: Equatable, Sendable {
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

  public subscript(option: Option) -> Option.Value { options[option.name] ?? option.fallback }

  public func duration(_ option: Option) -> Duration {
    guard case .duration(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no duration")
    }
    return value
  }

  /// Nil for `never`.
  public func limit(_ option: Option) -> Duration? {
    guard case .limit(let value, _) = self[option] else { preconditionFailure("--\(option.name): no limit") }
    return value
  }

  public func integer(_ option: Option) -> Int {
    guard case .integer(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no integer")
    }
    return value
  }

  public func choice(_ option: Option) -> String {
    guard case .choice(let value, _) = self[option] else {
      preconditionFailure("--\(option.name): no choice")
    }
    return value
  }

  public func text(_ option: Option) -> String {
    guard case .text(let value, _) = self[option] else { preconditionFailure("--\(option.name): no text") }
    return value
  }

  public func flag(_ option: Option) -> Bool {
    guard case .flag(let value) = self[option] else { preconditionFailure("--\(option.name): no flag") }
    return value
  }
}
