internal import Glomers
internal import Workloads

/// Reading a counter in `seq-kv`: whoever waits at the beginning of a round is answered at its end.
extension CounterNode {
  mutating func readFromStore(_ request: Request, _ context: inout Context<Self>) {
    stored!.waitingReads.append(request)
    beginRound(&context)
  }

  private mutating func beginRound(_ context: inout Context<Self>) {
    guard stored!.round == nil, !stored!.waitingReads.isEmpty else { return }
    stored!.round = .init(requests: stored!.waitingReads, missingCount: stored!.cluster.nodes.count)
    stored!.waitingReads = []
    context.ask(.seqKV, stored!.freshWrite(), then: .freshen, retry)
  }

  /// Takes one component into the sum; the last one answers.
  mutating func count(
    _ component: Result<CounterComponent?, RPCError>, _ context: inout Context<Self>
  ) {
    switch component {
    case .success(let component): stored!.round!.sum += Int128(component?.total ?? 0)
    case .failure(let error): stored!.round!.error = error
    }
    stored!.round!.missingCount -= 1
    if stored!.round!.missingCount == 0 { endRound(&context) }
  }

  mutating func endRound(_ context: inout Context<Self>) {
    let round = stored!.round!
    stored!.round = nil
    for request in round.requests {
      if let error = round.error {
        context.fail(.temporarilyUnavailable("seq-kv: \(error)"), to: request)
      } else {
        answer(request, Int(exactly: round.sum), &context)
      }
    }
    beginRound(&context)
  }

  /// What a read of a component has found; nil where there is none yet.
  func component(_ outcome: Outcome<KV>) -> Result<CounterComponent?, RPCError> {
    switch outcome {
    case .success(.readOk(let value)):
      CounterComponent(value).map { .success($0) }
        ?? .failure(.crash("\(value) is not a counter's component"))
    case .success(let answer): .failure(.crash("\(answer) does not answer a read"))
    case .failure(let error): error.code == 20 ? .success(nil) : .failure(error)
    }
  }
}
