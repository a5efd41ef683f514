import Glomers
import History

extension History {
  /// Nodes of which nobody knows what they have in the end, though it was asked: whether they have kept their promises
  /// is unknown. Maelstrom does not mind.
  func unreadNodes(of nodes: [NodeID]) -> [Anomaly] {
    let tried = operations.filter { $0.isFinal && $0.isClient && $0.kind == .invoke }
    guard !tried.isEmpty else { return [] }
    let read = Set(tried.lazy.filter { completion(of: $0.index)?.kind == .ok }.map(\.node))
    return nodes.filter { !read.contains($0) }.map { node in
      let attempt = tried.first { $0.node == node }?.index
      let operations = attempt.map { [$0, completion(of: $0)?.index].compactMap(\.self) }
      return Anomaly(
        "unread-node", "no final read of \(node) succeeded: nobody knows what it has in the end",
        operations: operations ?? [], node: node, severity: .unknown, breaking: .finalReads)
    }
  }
}
