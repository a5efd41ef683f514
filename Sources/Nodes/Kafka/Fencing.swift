public import Glomers

/// A node's promise to take in nothing of another node any more, beyond what it held then.
public struct Fence: Equatable, Sendable {
  public let node: NodeID
  public let held: VersionVector

  public init(node: NodeID, held: VersionVector) {
    self.node = node
    self.held = held
  }
}

/// How the others go on without nodes that are lost for good.
///
/// The watermark waits for what a lost node might still assign. When all nodes but some, at least a quorum, have fenced
/// off just those, then what they held is all that there will ever be: a message that a quorum has acknowledged is among
/// it, for two quorums meet, and none can be acknowledged any more. Nodes only ever fence off more, and two different
/// sets of survivors would have a node in common, so one set at most is agreed on at a time. A node that was fenced off
/// by mistake takes no messages any more, until all are started anew.
extension ReplicatedLogs {
  /// Whether this node was fenced off by another.
  var isFenced: Bool { fences.contains { $0.key != me && $0.value[me] != nil } }

  /// Fences off nodes that have long been silent, if that leaves a quorum.
  mutating func fence(_ silent: [NodeID]) {
    let new = silent.filter { fences[me]?[$0] == nil }.sorted()
    let count = new.count + (fences[me]?.count ?? 0)
    guard !new.isEmpty, !isFenced, nodes.count - count >= nodes.count / 2 + 1 else { return }
    for node in new {
      var held = VersionVector()
      for number in streams.indices where streams[number].origin.node == node {
        held[streams[number].origin] = streams[number].count
        streams[number].limit = streams[number].count
      }
      streams[0].append(.fence(Fence(node: node, held: held)))
      fences[me, default: [:]][node] = held
    }
    closeFence()
  }

  /// Goes on without the nodes that all others have fenced off, once everything that any of those held is here.
  mutating func closeFence() {
    guard let fenced = fences[me], fenced.count > closedCount, !isFenced else { return }
    let survivors = nodes.filter { fenced[$0] == nil }
    guard survivors.allSatisfy({ fences[$0].map { Set($0.keys) == Set(fenced.keys) } ?? false }) else {
      return
    }
    var final = VersionVector()
    for survivor in survivors { for held in fences[survivor]!.values { final.merge(held) } }
    for (origin, count) in final.sorted { streams[streamNumber(of: origin)].limit = count }
    guard version.covers(final) else { return }
    closedCount = fenced.count
    for (peer, node) in nodes.filter({ $0 != me }).enumerated() where fenced[node] != nil {
      promises.fence(peer)
    }
    for log in logs.indices { show(log) }
  }
}

extension Origin {
  /// The node whose life it is.
  var node: NodeID { NodeID(String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])) }
}
