public import Glomers
internal import Replication
public import Workloads

/// Gossip Glomers 4 as the challenge is written: the counter is in `seq-kv`, and the nodes keep nothing. It is the sum of
/// components, one for each node, which that node alone changes. The figure to compare ``CounterNode`` with.
///
/// *Unknown outcomes.* A compare-and-set that had no answer, or was sent twice, may have happened, or may yet happen. A
/// component's value never comes back, so the compare-and-set can happen at most once, and not at all once the component
/// has another value. So it may be repeated as it is. An answer that says that it failed is not believed: the component is
/// read. If the component has neither the old value nor the new one, the adds go into another change.
///
/// *Stale reads.* The service may answer from an old state, though not from one older than what this node has seen. It
/// carries out a write that changes something on the newest state. So a node writes something new before it reads.
///
/// *Clients that have gone.* The service is asked again every second, for as long as somebody waits for what depends on the
/// answer: clients wait five seconds. After that the adds are forgotten, for their clients have taken them for
/// indeterminate.
public struct CounterOnSeqKVNode<Kind: CounterKind>: Node {
  public typealias Message = Counter

  /// What a counter wants of the service that keeps it.
  public enum Ask: Equatable, Sendable {
    /// To change this node's component.
    case swap
    /// To be brought up to date, ahead of reading this node's component, and to read it.
    case catchUp, own
    /// To be brought up to date, ahead of reading the counter, and to read a node's component.
    case freshen, component(NodeID)
  }

  public static var options: [Option] { CounterNode<Kind>.options }

  /// How long the service may take before it is asked again. Everything that it is asked may be asked twice.
  private static var retry: Retry { .giveUp(after: .seconds(1)) }
  /// Reads that are answered together.
  private struct ReadRound: Sendable {
    let requests: [Request]
    /// The number of components that have yet to be read.
    var missingCount: Int
    var sum: Int128 = 0
    var error: RPCError?
  }

  private let cluster: Cluster
  private var own: OwnComponent
  /// The number of writes that brought this node up to date.
  private var freshWriteCount = 0
  /// Reads that join the next round.
  private var waitingReads: [Request] = []
  private var round: ReadRound?

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    self.cluster = cluster
    own = OwnComponent(Incarnation(of: cluster.me, &context.random))
  }

  public mutating func receive(_ message: Counter, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .add(let delta):
      if let error = Kind.objection(to: delta) { return context.fail(error, to: request) }
      guard delta != 0 else { return context.reply(.addOk, to: request) }
      own.waitingAdds.append(.init(request: request, delta: delta))
      change(&context)
    case .read:
      waitingReads.append(request)
      beginRound(&context)
    case .addOk, .readOk:
      context.fail(.notSupported("that is an answer, not a request"), to: request)
    }
  }

  public mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    let isUnanswered = if case .failure(let error) = outcome { error.code == 0 } else { false }
    switch ask {
    case .swap:
      guard case .success(.casOk) = outcome else { return catchUp(&context) }
      own.isBusy = false
      swapped(own.swap!, &context)
      change(&context)
    case .catchUp where isUnanswered, .own where isUnanswered:
      if own.isAwaited(at: context.now) { catchUp(&context) } else { giveUp(&context) }
    case .catchUp:
      if case .failure(let error) = outcome { return despair(error, &context) }
      context.ask(.seqKV, .read(key: key(of: cluster.me)), then: .own, Self.retry)
    case .own:
      switch component(outcome) {
      case .success(let value): found(value, &context)
      case .failure(let error): despair(error, &context)
      }
    case .freshen where isUnanswered, .component where isUnanswered: repeatRead(ask, &context)
    case .freshen:
      if case .failure(let error) = outcome {
        round!.error = error
        return endRound(&context)
      }
      for node in cluster.nodes {
        context.ask(.seqKV, .read(key: key(of: node)), then: .component(node), Self.retry)
      }
    case .component: count(component(outcome), &context)
    }
  }

  // MARK: Adding

  /// Begins the next change of this node's component, if there is something to change and no other is under way.
  private mutating func change(_ context: inout Context<Self>) {
    guard !own.isBusy, !own.waitingAdds.isEmpty else { return }
    guard own.isKnown else { return catchUp(&context) }
    let (swap, refused) = own.nextSwap()
    for add in refused { context.fail(.counterOverflow(adding: add.delta), to: add.request) }
    guard let swap else { return }
    own.swap = swap
    send(swap, &context)
  }

  private mutating func send(_ swap: OwnComponent.Swap, _ context: inout Context<Self>) {
    own.isBusy = true
    context.ask(
      .seqKV,
      .cas(
        key: key(of: cluster.me), from: swap.from?.json ?? .null, to: swap.to.json,
        createIfNotExists: swap.from == nil), then: .swap, Self.retry)
  }

  private mutating func catchUp(_ context: inout Context<Self>) {
    own.isBusy = true
    context.ask(.seqKV, freshWrite(), then: .catchUp, Self.retry)
  }

  /// This node's component has become what the change under way was to make of it.
  private mutating func swapped(_ swap: OwnComponent.Swap, _ context: inout Context<Self>) {
    own.value = swap.to
    own.swap = nil
    for add in swap.adds { context.reply(.addOk, to: add.request) }
  }

  private mutating func found(_ value: CounterComponent?, _ context: inout Context<Self>) {
    own.value = value
    own.isKnown = true
    own.isBusy = false
    if let swap = own.swap {
      if value == swap.to {
        swapped(swap, &context)
      } else if value == swap.from {
        return send(swap, &context)
      } else {
        own.waitingAdds = swap.adds + own.waitingAdds
        own.swap = nil
      }
    }
    change(&context)
  }

  /// The service will not say what this node's component is. A change under way may yet happen; nothing is lost by
  /// forgetting it, for the component will be read before the next change.
  private mutating func despair(_ error: RPCError, _ context: inout Context<Self>) {
    for add in own.swap?.adds ?? [] {
      context.fail(.crash("nobody knows whether this was added: \(error)"), to: add.request)
    }
    for add in own.waitingAdds {
      context.fail(.temporarilyUnavailable("seq-kv: \(error)"), to: add.request)
    }
    own.forget()
  }

  /// Nobody waits any more: the next add begins by asking.
  private mutating func giveUp(_ context: inout Context<Self>) { own.forget() }

  // MARK: Reading

  /// Whoever waits at the beginning of a round is answered at its end.
  private mutating func beginRound(_ context: inout Context<Self>) {
    guard round == nil, !waitingReads.isEmpty else { return }
    round = ReadRound(requests: waitingReads, missingCount: cluster.nodes.count)
    waitingReads = []
    context.ask(.seqKV, freshWrite(), then: .freshen, Self.retry)
  }

  /// Asks again what was not answered, unless the clients of this round have gone.
  private mutating func repeatRead(_ ask: Ask, _ context: inout Context<Self>) {
    guard round!.requests.contains(where: { $0.isAwaited(at: context.now) }) else {
      return countUnanswered(ask, &context)
    }
    switch ask {
    case .component(let node): context.ask(.seqKV, .read(key: key(of: node)), then: ask, Self.retry)
    default: context.ask(.seqKV, freshWrite(), then: .freshen, Self.retry)
    }
  }

  private mutating func countUnanswered(_ ask: Ask, _ context: inout Context<Self>) {
    let error = RPCError.timeout("seq-kv does not answer")
    if case .component = ask { return count(.failure(error), &context) }
    round!.error = error
    endRound(&context)
  }

  /// Takes one component into the sum; the last one answers.
  private mutating func count(
    _ component: Result<CounterComponent?, RPCError>, _ context: inout Context<Self>
  ) {
    switch component {
    case .success(let component): round!.sum += Int128(component?.total ?? 0)
    case .failure(let error): round!.error = error
    }
    round!.missingCount -= 1
    if round!.missingCount == 0 { endRound(&context) }
  }

  private mutating func endRound(_ context: inout Context<Self>) {
    let ended = round!
    round = nil
    for request in ended.requests {
      if let error = ended.error {
        context.fail(.temporarilyUnavailable("seq-kv: \(error)"), to: request)
      } else if let value = Int(exactly: ended.sum) {
        context.reply(.readOk(value), to: request)
      } else {
        context.fail(.counterOverflow, to: request)
      }
    }
    beginRound(&context)
  }

  // MARK: Keys and values

  /// Where a node's component is kept. Only that node writes there.
  private func key(of node: NodeID) -> JSON { .string("counter/\(node)") }

  /// A write that changes the service's state, whatever that is.
  private mutating func freshWrite() -> KV {
    freshWriteCount += 1
    return .write(
      key: .string("fresh/\(cluster.me)"),
      value: .array([.string(own.incarnation.name), .integer(freshWriteCount)]))
  }

  /// What a read of a component has found; nil where there is none yet.
  private func component(_ outcome: Outcome<KV>) -> Result<CounterComponent?, RPCError> {
    switch outcome {
    case .success(.readOk(let value)):
      CounterComponent(value).map { .success($0) }
        ?? .failure(.crash("\(value) is not a counter's component"))
    case .success(let answer): .failure(.crash("\(answer) does not answer a read"))
    case .failure(let error): error.code == 20 ? .success(nil) : .failure(error)
    }
  }
}

extension Request {
  /// Whether the client still waits for an answer.
  func isAwaited(at now: Instant) -> Bool { received + .seconds(5) > now }
}
