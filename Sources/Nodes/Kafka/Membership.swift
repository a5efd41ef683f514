public import Glomers
public import Replication

/// A node's promise to take in nothing of another node any more, beyond what it held then, unless the survivors agree on
/// more. What it says that it held is of all nodes that it has fenced off by then.
public struct Fence: Equatable, Sendable {
  public let node: NodeID
  public let held: VersionVector

  public init(node: NodeID, held: VersionVector) {
    self.node = node
    self.held = held
  }
}

/// What the survivors have agreed on: the nodes that they go on without, and all that there will ever be of those.
public struct Closing: Equatable, Sendable {
  public let nodes: [NodeID]
  public let final: VersionVector

  public init(nodes: [NodeID], final: VersionVector) {
    self.nodes = nodes
    self.final = final
  }
}

/// How the others go on without nodes that are lost for good.
///
/// The watermark waits for what a lost node might still assign. When all nodes but some, at least a quorum, have fenced
/// off just those, then what they held is all that there will ever be: a message that a quorum has acknowledged is among
/// it, for two quorums meet, and none can be acknowledged any more. Nodes only ever fence off more, and two different
/// sets of survivors would have a node in common, so one set at most is agreed on at a time. A fence is never taken back,
/// so who hears of one joins it: with one node that waits for the lost one, and one that does not, nobody would ever see
/// more.
///
/// This is no consensus, which could tell the lost from the late and let them back in. A node that was fenced off by
/// mistake refuses all requests from when it hears of it, and loses nothing that it has acknowledged before. If nodes cut
/// off from each other by turns have fenced off so many that no quorum is left, all of them do so for good: what was
/// acknowledged is stored, and shown to nobody. So it is relied on that no node is silent for longer than the option says
/// unless it is lost for good, and the option has to be longer than any fault that ends.
extension ReplicatedLogs {
  /// Takes note of whom a node has fenced off.
  mutating func note(_ fence: Fence, by node: NodeID) {
    fences[node, default: [:]][fence.node] = fence.held
    let fenced = Set(fences.values.joined().map(\.key))
    isFenced = isFenced || fence.node == me && node != me || nodes.count - fenced.count < nodes.count / 2 + 1
  }

  /// Fences off nodes that have long been silent, if that leaves a quorum. Returns what is to be stored.
  mutating func fence(_ silent: [NodeID]) -> [LogRecord] {
    let new = silent.filter { fences[me]?[$0] == nil }.sorted()
    let count = new.count + (fences[me]?.count ?? 0)
    guard !new.isEmpty, !isFenced, nodes.count - count >= nodes.count / 2 + 1 else { return [] }
    var records: [LogRecord] = []
    for node in new {
      var held = VersionVector()
      for number in streams.indices {
        // Of those that were fenced off before it may hold more by now than it said then, and others may count on that.
        let source = streams[number].origin.node
        guard source == node || fences[me]?[source] != nil else { continue }
        held[streams[number].origin] = streams[number].count
        streams[number].limit = streams[number].count
      }
      let fence = LogGossip.Record.fence(Fence(node: node, held: held))
      _ = append(fence, to: own)
      records.append(.own(ownCount, fence))
    }
    return records + (closeFence().map { [$0] } ?? [])
  }

  /// Those that another node has fenced off for good, and this one has not: nobody can go on unless all do alike.
  var fencedByOthers: [NodeID] {
    guard fences.count > 0 else { return [] }
    let mine = fences[me] ?? [:]
    let others = fences.filter { $0.key != me && mine[$0.key] == nil }
    return Set(others.values.joined().map(\.key)).filter { mine[$0] == nil }.sorted()
  }

  /// Goes on without the nodes that all others have fenced off, once everything that any of those held is here. Returns
  /// what is to be stored, if that is now.
  mutating func closeFence() -> LogRecord? {
    guard let fenced = fences[me], fenced.count > closed?.nodes.count ?? 0, !isFenced else { return nil }
    let survivors = nodes.filter { fenced[$0] == nil }
    guard survivors.allSatisfy({ fences[$0].map { Set($0.keys) == Set(fenced.keys) } ?? false }) else {
      return nil
    }
    var final = VersionVector()
    for survivor in survivors { for held in fences[survivor]!.values { final.merge(held) } }
    for (origin, count) in final.sorted { streams[streamNumber(of: origin)].limit = count }
    guard version.covers(final) else { return nil }
    let closing = Closing(nodes: nodes.filter { fenced[$0] != nil }, final: final)
    close(closing)
    for log in logs.indices { show(log) }
    return .closed(closing)
  }

  /// These nodes have no say any more, and there will never be more of them than this.
  mutating func close(_ closing: Closing) {
    closed = closing
    for (origin, count) in closing.final.sorted { streams[streamNumber(of: origin)].limit = count }
    for (peer, node) in nodes.filter({ $0 != me }).enumerated() where closing.nodes.contains(node) {
      promises.fence(peer)
    }
  }
}
