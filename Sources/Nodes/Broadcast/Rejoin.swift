internal import Glomers
internal import Replication

/// A node that has recovered holds all that it ever showed to anybody. It may have missed much, and may hold what
/// nobody else does; so a spoke asks the hub, and whoever finds itself the hub asks all (`Hub.swift`).
///
/// A node that has recovered nothing says nothing: nobody relies on it for anything, and whoever holds what it lacks
/// will offer that.
extension BroadcastNode {
  mutating func rejoin(_ context: inout Context<BroadcastNode>) {
    // Most of it the others hold: who lacks some of it shows when asked.
    hubState.scattered = store.version
    askHub(&context)
  }

  /// Asks the hub what it holds, and so shows it what this node holds.
  mutating func askHub(_ context: inout Context<BroadcastNode>) {
    guard hub != cluster.me else {
      hubState.promised = store.version
      return beacon(&context)
    }
    ask(hub, &context)
    awaitAnswer(of: hub, &context)
  }

  mutating func awaitAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    asked = hub
    context.wake(.answer(hub: hub), at: context.now + patience)
  }

  /// A hub that does not answer is suspected, and the next in order is asked.
  mutating func missAnswer(of hub: NodeID, _ context: inout Context<BroadcastNode>) {
    guard asked == hub else { return }
    asked = nil
    guard hub == self.hub else { return }
    suspect(hub, &context)
    askHub(&context)
  }
}
