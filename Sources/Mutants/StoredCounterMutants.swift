import History
import Glomers
import Lab
import Workloads

/// A counter under one key of seq-kv. To read the newest state, it first writes something that was not there.
private struct MutableStoredCounter: MutableNode {
  typealias Message = Counter
  enum Mutation: String {
    case writesBack = "writes-back", readsOldStates = "reads-old-states", asksAgain = "asks-again"
  }
  enum Ask: Equatable {
    case find(Int, Request)
    case swap(Int, Request)
    case freshen(Request)
    case read(Request)
  }

  private static let key: JSON = "sum"
  private static let patience = Retry.giveUp(after: .seconds(5))
  /// Short enough to be missed now and then.
  private static let swapPatience = Retry.giveUp(after: .milliseconds(250))

  private let mutation: Mutation?
  private let me: NodeID
  private var readCount = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    me = cluster.me
  }

  mutating func receive(_ message: Counter, _ request: Request, _ context: inout Context<Self>) {
    switch message {
    case .add(let delta): find(delta, request, &context)
    case .read where mutation == .readsOldStates:
      context.ask(.seqKV, .read(key: Self.key), then: .read(request), Self.patience)
    case .read:
      readCount += 1
      let write = KV.write(key: .string("fresh \(me)"), value: .integer(readCount))
      context.ask(.seqKV, write, then: .freshen(request), Self.patience)
    default: break
    }
  }

  private func find(_ delta: Int, _ request: Request, _ context: inout Context<Self>) {
    context.ask(.seqKV, .read(key: Self.key), then: .find(delta, request), Self.patience)
  }

  mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    switch (ask, outcome) {
    case (.find(let delta, let request), .success(.readOk(.integer(let sum)))):
      swap(sum, delta, request, &context)
    case (.find(let delta, let request), .failure(let error)) where error.code == 20:
      swap(0, delta, request, &context)
    case (.swap(let delta, let request), .failure(let error))
    where error.code == 22 || mutation == .asksAgain:
      find(delta, request, &context)
    case (.swap(_, let request), .success): context.reply(.addOk, to: request)
    case (.freshen(let request), .success):
      context.ask(.seqKV, .read(key: Self.key), then: .read(request), Self.patience)
    case (.read(let request), .success(.readOk(.integer(let sum)))): context.reply(.readOk(sum), to: request)
    case (.read(let request), .failure(let error)) where error.code == 20:
      context.reply(.readOk(0), to: request)
    case (.find(_, let request), _), (.swap(_, let request), _), (.freshen(let request), _),
      (.read(let request), _):
      context.fail(.timeout("seq-kv does not answer"), to: request)
    }
  }

  private func swap(_ sum: Int, _ delta: Int, _ request: Request, _ context: inout Context<Self>) {
    let (from, to) = (JSON.integer(sum), JSON.integer(sum + delta))
    let change =
      mutation == .writesBack
      ? KV.write(key: Self.key, value: to)
      : .cas(key: Self.key, from: from, to: to, createIfNotExists: true)
    context.ask(.seqKV, change, then: .swap(delta, request), Self.swapPatience)
  }
}

extension Mutant {
  static let storedCounters = [
    Mutant(
      MutableStoredCounter.self, .writesBack, "adds to what it has read by a write, not by compare-and-set",
      shows: "wrong-total", in: .gCounter
    ) { $0.rate = 20 },
    Mutant(
      MutableStoredCounter.self, .readsOldStates, "reads seq-kv as if that showed the newest state",
      shows: "wrong-total", in: .gCounter
    ) { $0.rate = 20 },
    Mutant(
      MutableStoredCounter.self, .asksAgain, "takes a timeout for a refusal, and adds again",
      shows: "wrong-total", in: .gCounter
    ) {
      $0.rate = 20
      $0.latency = .milliseconds(50)
    },
  ]
}
