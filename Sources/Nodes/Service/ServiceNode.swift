public import Glomers
import Workloads
public import Services

/// One of Maelstrom's services as a node of one's own. The first node of a cluster keeps the state and the others
/// pass on to it what they are asked, so that it means the same on any number of nodes. It is no more available than
/// that node: nothing is replicated. What it holds ends with it; that of `lin-kv-single` does not, with `--data-dir`.
///
/// A request that is passed on is carried out at most once (Birrell & Nelson: *Implementing remote procedure calls*,
/// TOCS 1984), however often the network delivers it: it has a number in a session, and the first node knows the numbers
/// that have come. A session is between one life of a node and one of the first node: a node asks for one before it
/// passes on anything, and the first node ends it when that node asks in another life, or when it is killed itself. So
/// what has come need not outlive it: a copy of what an earlier life may have carried out finds its session closed.
///
/// A request is passed on once. Only an answer that names its call is passed back as it is; otherwise, the request may
/// have been carried out or may yet be, and its client is told that nobody knows.
public struct ServiceNode<Model: ServiceModel>: Node {
  public typealias Message = ServiceMessage
  public typealias Record = Model.Record
  /// It is a service, and asks none.
  public typealias Ask = Never

  public enum Call: Equatable, Sendable {
    /// A session is asked for; the request is to be passed on in it.
    case bind(KV, Request)
    case passedOn(ServiceCall, Request)
  }

  /// Clients wait no longer than that.
  private static var patience: Retry { .giveUp(after: .seconds(5)) }

  private let keeper: NodeID
  private let isKeeper: Bool
  private let peers: [NodeID]
  /// Drawn at random at each start.
  private let life: Int
  private var session: Int?
  /// How many requests this life has passed on.
  private var callCount = 0
  private var model = Model()
  /// What the others pass on in; one each.
  private var sessions: [NodeID: ServiceSession] = [:]

  public init(_ cluster: Cluster, recovering records: [Record], _ context: inout Context<ServiceNode>) {
    keeper = cluster.nodes.first ?? cluster.me
    isKeeper = keeper == cluster.me
    peers = cluster.peers
    life = Self.draw(&context.random)
    for record in records { model.restore(record) }
  }

  public var checkpoint: [Record]? { model.records }

  public func answer(reading message: ServiceMessage) -> Outcome<ServiceMessage>? {
    guard isKeeper, case .client(let query) = message, case .read = query else { return nil }
    var (model, random) = (model, Random(seed: 0))
    return model.handle(query, from: keeper, &random).map { .client($0) }
  }

  public mutating func receive(
    _ message: ServiceMessage, _ request: Request, _ context: inout Context<ServiceNode>
  ) {
    switch message {
    case .client(let query):
      if isKeeper {
        answer(request, with: carryOut(query, for: request, &context), &context)
      } else if let session {
        passOn(query, request, in: session, &context)
      } else {
        context.call(keeper, .bind(life: life), then: .bind(query, request), Self.patience)
      }
    case .bind(let life) where isKeeper && peers.contains(request.source):
      if sessions[request.source]?.life != life {
        sessions[request.source] = ServiceSession(id: Self.draw(&context.random), life: life)
      }
      context.reply(.bound(life: life, session: sessions[request.source]!.id), to: request)
    case .passOn(let query, let call) where isKeeper:
      guard sessions[request.source]?.id == call.session else {
        return context.reply(.closed(call), to: request)
      }
      // Of a copy no more is said: the answer is on its way, or is lost.
      guard sessions[request.source]!.admit(call.number) else { return }
      context.reply(.carriedOut(carryOut(query, for: request, &context), call), to: request)
    case .bind, .passOn: context.fail(.notSupported("the first node carries out requests"), to: request)
    case .bound, .carriedOut, .closed: context.fail(.notSupported("an answer, not a request"), to: request)
    }
  }

  public mutating func complete(
    _ call: Call, _ outcome: Outcome<ServiceMessage>, _ context: inout Context<ServiceNode>
  ) {
    switch call {
    case .bind(let query, let request):
      // Message ids begin anew in each life: this may be the answer to what an earlier one asked.
      guard case .success(.bound(life, let session)) = outcome else {
        return context.fail(.temporarilyUnavailable("\(keeper) can't be reached"), to: request)
      }
      self.session = session
      passOn(query, request, in: session, &context)
    case .passedOn(let call, let request):
      if case .success(.carriedOut(let outcome, call)) = outcome {
        return answer(request, with: outcome, &context)
      }
      if case .success(.closed(call)) = outcome, session == call.session { session = nil }
      // Errors that the model did not give are no more than that one copy was not taken.
      context.fail(.timeout("\(keeper) did not say how it went"), to: request)
    }
  }

  private mutating func passOn(
    _ query: KV, _ request: Request, in session: Int, _ context: inout Context<ServiceNode>
  ) {
    callCount += 1
    let call = ServiceCall(session: session, number: callCount)
    context.call(keeper, .passOn(query, call), then: .passedOn(call, request), Self.patience)
  }

  private mutating func carryOut(
    _ query: KV, for request: Request, _ context: inout Context<ServiceNode>
  ) -> Outcome<KV> {
    let outcome = model.handle(query, from: request.source, &context.random)
    if let record = Model.record(of: query, answered: outcome) { context.persist(record) }
    return outcome
  }

  private func answer(_ request: Request, with outcome: Outcome<KV>, _ context: inout Context<ServiceNode>) {
    switch outcome {
    case .success(let reply): context.reply(.client(reply), to: request)
    case .failure(let error): context.fail(error, to: request)
    }
  }

  /// 53 bits: no reader of JSON rounds such a number.
  private static func draw(_ random: inout Random) -> Int { Int(random.next() >> 11) }
}

/// `lin-kv-single`: a linearizable key-value store.
public typealias LinKVSingleNode = ServiceNode<LinearizableKV>
/// `seq-kv`: a key-value store whose reads may be stale, but never go back for one caller.
public typealias SeqKVNode = ServiceNode<SequentialKV>
/// `lww-kv`: a key-value store that is consistent in the end.
public typealias LWWKVNode = ServiceNode<LastWriterWinsKV>
/// `lin-tso`: a source of timestamps.
public typealias LinTSONode = ServiceNode<TimestampOracle>

/// What the node that carries out the calls of one life of another knows of them: which ones have come. A copy of one
/// that has, or of one that is too late, is not let in.
struct ServiceSession: Sendable {
  /// A call may be overtaken by as many later ones, and is still let in.
  static let overtakingMax = 1024

  let id: Int
  let life: Int
  /// The highest number that has come.
  private var last = 0
  /// The lower ones that have not; at most ``overtakingMax``.
  private var overtaken: Set<Int> = []

  init(id: Int, life: Int) {
    self.id = id
    self.life = life
  }

  /// Whether to carry out the call with this number: true at most once.
  mutating func admit(_ number: Int) -> Bool {
    guard number > last else { return overtaken.remove(number) != nil }
    let oldest = max(number - Self.overtakingMax, 1)
    if oldest > last { overtaken = [] }
    overtaken.formUnion(max(last + 1, oldest)..<number)
    if overtaken.count > Self.overtakingMax { overtaken = overtaken.filter { $0 >= oldest } }
    last = number
    return true
  }
}
