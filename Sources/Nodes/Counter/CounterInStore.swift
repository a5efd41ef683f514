public import Glomers
internal import Workloads

/// A counter in `seq-kv`, as the sum of components, one for each node, which that node alone changes.
///
/// *Unknown outcomes.* A compare-and-set that had no answer, or was sent twice, may have happened, or may yet. No value
/// ever comes back, so it can happen at most once, and not at all once the component has become something else. So
/// it may be repeated as it is, and an answer that says that it failed is not believed: the component is read, and
/// only if it is neither the old value nor the new one are the adds put into another change.
///
/// *Stale reads.* The service may answer from an old state, though not from one older than what this node has seen; a
/// write that changes something it carries out on the newest. So a node writes something new before it reads.
extension CounterNode {
  /// How long the service may take before it is asked again. All that it is asked may be asked twice.
  var retry: Retry { .untilAnswered(every: .seconds(1)) }

  // MARK: Adding

  mutating func addToStore(_ delta: Int, _ request: Request, _ context: inout Context<Self>) {
    stored!.waitingAdds.append(.init(request: request, delta: delta))
    change(&context)
  }

  /// Begins the next change of this node's component, if there is something to change and no other under way.
  private mutating func change(_ context: inout Context<Self>) {
    guard !stored!.isBusy, !stored!.waitingAdds.isEmpty else { return }
    guard stored!.isOwnKnown else { return catchUp(&context) }
    let (swap, refused) = stored!.nextSwap()
    for add in refused { refuse(add.delta, add.request, &context) }
    guard let swap else { return }
    stored!.swap = swap
    send(swap, &context)
  }

  private mutating func send(_ swap: StoredCounter.Swap, _ context: inout Context<Self>) {
    stored!.isBusy = true
    context.ask(
      .seqKV,
      .cas(
        key: stored!.key(of: stored!.cluster.me), from: swap.from?.json ?? .null, to: swap.to.json,
        createIfNotExists: swap.from == nil), then: .swap, retry)
  }

  private mutating func catchUp(_ context: inout Context<Self>) {
    stored!.isBusy = true
    context.ask(.seqKV, stored!.freshWrite(), then: .catchUp, retry)
  }

  /// This node's component has become what the change under way was to make of it.
  private mutating func swapped(_ swap: StoredCounter.Swap, _ context: inout Context<Self>) {
    stored!.own = swap.to
    stored!.swap = nil
    for add in swap.adds { context.reply(.client(.addOk), to: add.request) }
  }

  private mutating func found(_ own: CounterComponent?, _ context: inout Context<Self>) {
    stored!.own = own
    stored!.isOwnKnown = true
    stored!.isBusy = false
    if let swap = stored!.swap {
      if own == swap.to {
        swapped(swap, &context)
      } else if own == swap.from {
        return send(swap, &context)
      } else {
        stored!.waitingAdds = swap.adds + stored!.waitingAdds
        stored!.swap = nil
      }
    }
    change(&context)
  }

  /// The service will not say what this node's component is. A change under way may yet happen; nothing is lost by
  /// forgetting it, for the component will be read before the next.
  private mutating func despair(_ error: RPCError, _ context: inout Context<Self>) {
    for add in stored!.swap?.adds ?? [] {
      context.fail(.crash("nobody knows whether this was added: \(error)"), to: add.request)
    }
    for add in stored!.waitingAdds {
      context.fail(.temporarilyUnavailable("seq-kv: \(error)"), to: add.request)
    }
    stored!.swap = nil
    stored!.waitingAdds = []
    stored!.isOwnKnown = false
    stored!.isBusy = false
  }

  // MARK: Answers of the service

  public mutating func complete(_ ask: CounterAsk, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    switch (ask, outcome) {
    case (.swap, .success(.casOk)):
      stored!.isBusy = false
      swapped(stored!.swap!, &context)
      change(&context)
    case (.swap, _):
      catchUp(&context)
    case (.catchUp, .success):
      context.ask(.seqKV, .read(key: stored!.key(of: stored!.cluster.me)), then: .own, retry)
    case (.catchUp, .failure(let error)):
      despair(error, &context)
    case (.own, let outcome):
      switch component(outcome) {
      case .success(let own): found(own, &context)
      case .failure(let error): despair(error, &context)
      }
    case (.freshen, .success):
      for node in stored!.cluster.nodes {
        context.ask(.seqKV, .read(key: stored!.key(of: node)), then: .component(node), retry)
      }
    case (.freshen, .failure(let error)):
      stored!.round!.error = error
      endRound(&context)
    case (.component, let outcome):
      count(component(outcome), &context)
    }
  }
}
