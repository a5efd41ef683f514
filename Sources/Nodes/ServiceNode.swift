public import Glomers
public import Workloads

/// One of Maelstrom's services as a node of one's own. The first node of a cluster keeps the state and the others
/// pass on to it what they are asked, so that it means the same on any number of nodes. It is no more available than
/// that node: nothing is replicated, and what it holds ends with it.
public struct ServiceNode<Model: ServiceModel>: Node {
  public typealias Message = KV
  /// It is a service, and asks none.
  public typealias Ask = Never

  public enum Call: Equatable, Sendable {
    case passedOn(Request)
  }

  private let keeper: NodeID
  private let isKeeper: Bool
  private var model = Model()

  public init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<ServiceNode>) {
    keeper = cluster.nodes.first ?? cluster.me
    isKeeper = keeper == cluster.me
  }

  public mutating func receive(_ message: KV, _ request: Request, _ context: inout Context<ServiceNode>) {
    guard isKeeper else {
      // Clients wait no longer than that.
      return context.call(keeper, message, then: .passedOn(request), .giveUp(after: .seconds(5)))
    }
    answer(request, with: model.handle(message, from: request.source, &context.random), &context)
  }

  public mutating func complete(
    _ call: Call, _ outcome: Outcome<KV>, _ context: inout Context<ServiceNode>
  ) {
    guard case .passedOn(let request) = call else { return }
    // A timeout goes on as what it is: an indefinite error.
    answer(request, with: outcome, &context)
  }

  private func answer(_ request: Request, with outcome: Outcome<KV>, _ context: inout Context<ServiceNode>) {
    switch outcome {
    case .success(let reply): context.reply(reply, to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }
}

/// `lin-kv-single`: a linearizable key-value store.
public typealias LinKVSingleNode = ServiceNode<LinearizableKV>
/// `seq-kv`: a key-value store whose reads may be stale, but never go back for one caller.
public typealias SeqKVNode = ServiceNode<SequentialKV>
/// `lww-kv`: a key-value store that is consistent in the end.
public typealias LWWKVNode = ServiceNode<LastWriterWinsKV>
/// `lin-tso`: a source of timestamps.
public typealias LinTSONode = ServiceNode<TimestampOracle>
