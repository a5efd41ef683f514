public import Glomers

extension Workload {
  /// What a history of this workload must hold.
  public func checker(nodes: [NodeID]) -> any Checker {
    switch self {
    case .echo: EchoChecker()
    case .uniqueIDs: UniqueIDsChecker()
    case .broadcast: BroadcastChecker(nodes: nodes)
    }
  }
}
