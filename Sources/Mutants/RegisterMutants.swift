import Services
import History
import Glomers
import Lab
import Nodes
import Workloads

/// Values at the first node, to which the others pass on what they are asked.
private struct MutableRegisters: MutableNode {
  typealias Message = KV
  typealias Ask = Never
  enum Mutation: String {
    case readsCopies = "reads-copies"
    case refusesByCopies = "refuses-by-copies"
    case goesOnAlone = "goes-on-alone"
    case comparesThenSets = "compares-then-sets"
    case swapsAgain = "swaps-again"
    case refusesWhatItDoes = "refuses-what-it-does"
  }
  enum Call: Equatable { case passedOn(KV, Request), compare(KV, Request), set(Request) }

  private let mutation: Mutation?
  private let cluster: Cluster
  /// At other nodes than the first one, copies that come late.
  private var values: [JSON: JSON] = [:]

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    self.cluster = cluster
  }

  private var isFirst: Bool { cluster.me == cluster.nodes[0] }

  mutating func receive(_ message: KV, _ request: Request, _ context: inout Context<Self>) {
    switch (message, mutation) {
    case (_, _) where isFirst: apply(message, request, &context)
    case (.write(let key, let value), _) where request.id == nil: values[key] = value
    case (.read, .readsCopies): apply(message, request, &context)
    case (.cas(let key, let from, _, _), .refusesByCopies) where values[key] != nil && values[key] != from:
      context.fail(.preconditionFailed("the value is another"), to: request)
    case (.cas(let key, _, _, _), .comparesThenSets):
      context.call(
        cluster.nodes[0], .read(key: key), then: .compare(message, request), .giveUp(after: .seconds(1)))
    default:
      let retry: Retry =
        mutation == .swapsAgain
        ? .untilAnswered(every: .milliseconds(200)) : .giveUp(after: .milliseconds(500))
      context.call(cluster.nodes[0], message, then: .passedOn(message, request), retry)
    }
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    switch (call, outcome) {
    case (.compare(.cas(let key, let from, let to, _), let request), .success(.readOk(let value))):
      guard value == from else {
        return context.fail(.preconditionFailed("the value is another"), to: request)
      }
      let write = KV.write(key: key, value: to)
      context.call(cluster.nodes[0], write, then: .set(request), .giveUp(after: .seconds(1)))
    case (.passedOn(let message, let request), .failure(let error))
    where mutation == .goesOnAlone && error.code == 0:
      apply(message, request, &context)
    case (.set(let request), .success): context.reply(.casOk, to: request)
    case (.passedOn(_, let request), .success(let answer)): context.reply(answer, to: request)
    case (.passedOn(_, let request), .failure(let error)), (.compare(_, let request), .failure(let error)),
      (.set(let request), .failure(let error)):
      context.fail(error, to: request)
    case (.compare, .success): break
    }
  }

  private mutating func apply(_ message: KV, _ request: Request, _ context: inout Context<Self>) {
    guard let key = message.key else { return }
    switch message.apply(to: &values[key]) {
    case .success(let answer):
      if isFirst, answer == .writeOk || answer == .casOk { copy(key, &context) }
      if mutation == .refusesWhatItDoes, answer == .casOk, Bool.random(using: &context.random) {
        context.fail(.preconditionFailed("the value is another"), to: request)
      } else {
        context.reply(answer, to: request)
      }
    case .failure(let error): context.fail(error, to: request)
    }
  }

  private func copy(_ key: JSON, _ context: inout Context<Self>) {
    for peer in cluster.peers { context.send(.write(key: key, value: values[key]!), to: peer) }
  }
}

extension Mutant {
  static let registers = [
    Mutant(
      MutableRegisters.self, .readsCopies, "answers reads from a copy that comes late",
      shows: "nonlinearizable",
      in: .linKV, crowd),
    Mutant(
      MutableRegisters.self, .refusesByCopies, "refuses a compare-and-set by a copy that comes late",
      shows: "impossible-error", in: .linKV, crowd),
    Mutant(
      MutableRegisters.self, .goesOnAlone, "answers by itself when the first node can't be reached",
      shows: "nonlinearizable", in: .linKV
    ) {
      crowd(&$0)
      $0.faults = [.partition]
    },
    Mutant(
      MutableRegisters.self, .comparesThenSets, "compares in one step and sets in another",
      shows: "nonlinearizable", in: .linKV, crowd),
    Mutant(
      MutableRegisters.self, .swapsAgain,
      "repeats a compare-and-set that was not answered, and passes on how the second one went",
      shows: "nonlinearizable", in: .linKV
    ) {
      crowd(&$0)
      $0.faults = [.loss]
    },
    Mutant(
      MutableRegisters.self, .refusesWhatItDoes, "sets the value, and says that it was another",
      shows: "nonlinearizable", in: .linKV, crowd),
    Mutant(
      "runs-every-copy", MutableRegisters.self, of: LinKVSingleNode.self,
      "passes requests on without numbers, so that a copy that comes late is carried out again",
      shows: "nonlinearizable", in: .linKV
    ) {
      crowd(&$0)
      $0.faults = [.duplicate, .reorder]
    },
    Mutant(
      "is-sequential", SeqKVNode.self, of: LinKVSingleNode.self,
      "is no more than sequentially consistent: the shipped seq-kv", shows: "nonlinearizable", in: .linKV,
      crowd),
    Mutant(
      "last-writer-wins", LWWKVNode.self, of: LinKVSingleNode.self,
      "has two replicas, and the last writer wins: the shipped lww-kv", shows: "nonlinearizable", in: .linKV,
      crowd),
  ]

  /// So many clients that several use a key at a time.
  private static func crowd(_ scenario: inout Scenario) { scenario.concurrency = .perNode(2) }
}
