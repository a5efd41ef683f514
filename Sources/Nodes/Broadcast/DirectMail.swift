internal import Replication
internal import Glomers

/// Where the budget is below three hops, a period's wait, a batch and a scatter, every node mails what its clients
/// broadcast straight to all peers: one hop. Demers et al. call this *direct mail*.
///
/// The hub decides by the round trip, and its scatters tell. It goes on seeing to it that all arrives: it takes what is
/// mailed for scattered, confirms it to the sender, hears the confirmations of all others, and asks those that do not
/// confirm. So what one letter or one sender fails to do is repaired as ever (`AntiEntropy.swift`).
///
/// Either way a single value costs some N messages for N nodes. The difference is in what can share them: in a period
/// P a hub needs N − 1 scatters and as many batches, whatever the load; direct mail needs N − 1 messages for every node
/// that has something to say, and so up to N / 2 times as many. It therefore serves only where the hub can't: the
/// hub's period is what the budget leaves after two hops, the mail's what it leaves after one.
extension BroadcastNode {
  /// The budget, less a reserve for machines that are late.
  var punctual: Duration { budget - budget / 60 }

  /// For how long to gather what is mailed; nil where a hub is in time, or it is not known how long a hop takes.
  ///
  /// A hub at its shortest period takes three hops. One that is late by the slack is still worth more than N / 2 times
  /// the messages. It is the shortest round trip that counts: a network or a machine that is late now and then, or a
  /// latency that varies, makes a hub late, but mail as well.
  var mailPeriodNeeded: Duration? {
    guard let roundTrip = spoke.roundTrip.shortest else { return nil }
    let hop = roundTrip / 2
    return budget + HubState.slack < roundTrip + hop ? max(punctual - hop, HubState.slack) : nil
  }

  /// When what is new now is to be mailed; nil while the hub scatters.
  func mailDue(_ now: Instant) -> Instant? { spoke.mailPeriod.map { now + $0 } }

  /// Sends this node's news to all peers. Only the hub is told of all that this node holds: of a thousand origins, that
  /// is the most of a letter.
  mutating func mail(_ delta: Delta<JSON>, _ context: inout Context<BroadcastNode>) {
    let own = VersionVector(origins: [origin], counts: [store.version[origin]])
    for peer in peers {
      let letter = Gossip.mail(
        delta, version: peer == hub ? store.version : own, stamp: context.now - Instant.zero,
        lead: spoke.roundTrip.lead)
      context.send(.peer(letter), to: peer)
    }
  }

  mutating func takeMail(
    _ delta: Delta<JSON>, _ version: VersionVector, stamp: Duration, lead: Duration?, from peer: NodeID,
    _ context: inout Context<BroadcastNode>
  ) {
    var said = version
    // It adds to what this life of the peer has said before; another life may have held more.
    if let before = known[peer], before[delta.origin] > 0 { said.merge(before) }
    _ = learn([delta], said, from: peer, &context)
    let period = spoke.mailPeriod ?? budget
    guard hub == cluster.me else { return context.wake(.confirm(to: hub), at: context.now + period) }
    hubState.stamps[peer] = (stamp, context.now)
    hubState.leads[peer] = lead
    let (origin, count) = (delta.origin, store.version[delta.origin])
    hubState.scattered[origin] = max(hubState.scattered[origin], count)
    hubState.promised[origin] = max(hubState.promised[origin], count)
    context.wake(.confirm(to: peer), at: context.now + period)
    context.wake(.beacon, at: context.now + period * 2 + (lead ?? budget))
  }
}
