public import Replication
internal import Glomers

/// What a scatter says that the hub holds.
///
/// A version vector has an entry for every origin, and a scatter goes to every node: of a thousand nodes that would be
/// most of what is sent. What a hub holds is what its spokes know of it already, and what the scatter brings. So in a
/// large cluster it says no more than a digest, by which a spoke finds whether it has missed something.
public enum Holding: Equatable, Sendable {
  case version(VersionVector)
  /// ``VersionVector/digest``
  case digest(Int)
}

extension BroadcastNode {
  /// In clusters up to this size the vector is sent: it is short, and heals whatever was missed.
  static let vectorNodesMax = 32

  /// What this node says of itself with a scatter.
  var holding: Holding {
    // Where nodes mail each other, spokes don't know which letters the hub has.
    let isWhole = cluster.nodes.count <= Self.vectorNodesMax || spoke.mailPeriod != nil
    return isWhole ? .version(store.version) : .digest(store.version.digest)
  }

  /// What the sender of a scatter holds, if that can be told.
  private func version(of peer: NodeID, _ holding: Holding, bringing brought: VersionVector) -> VersionVector?
  {
    switch holding {
    case .version(let version): return version
    case .digest(let digest):
      // A new hub begins where the last one ended.
      for before in [known[peer, default: .init()], hubState.scattered] {
        var version = before
        version.merge(brought)
        if version.digest == digest { return version }
      }
      return nil
    }
  }

  mutating func takeScatter(
    _ deltas: [Delta<JSON>], _ holding: Holding, _ rhythm: Rhythm, echo: Duration?, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    let brought = VersionVector(origins: deltas.map(\.origin), counts: deltas.map(\.end))
    let version = version(of: peer, holding, bringing: brought)
    let isNews = learn(deltas, version ?? brought, from: peer, &context)
    if version == nil {
      // A scatter was missed, or this is another hub, or another life of it: what it holds is not known.
      known[peer] = nil
      ask(peer, &context)
    }
    keepStep(with: peer, version ?? brought, rhythm, echo: echo, isNews: isNews, &context)
  }
}
