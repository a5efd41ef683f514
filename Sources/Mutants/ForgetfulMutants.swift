import Glomers
import Lab
import Nodes
import Wire
import History
import Checkers

/// Another node that never stores anything, and after a kill begins as at its first start.
private struct Forgetful<Original: Node>: Node where Original.Message: WireMessage {
  typealias Message = Original.Message
  typealias Call = Original.Call
  typealias Ask = Original.Ask
  typealias Timer = Original.Timer

  static var options: [Option] { Original.options }

  private var original: Original

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    var inner = Self.inner(context)
    original = Original(cluster, recovering: [], &inner)
    Self.pass(inner, to: &context)
  }

  mutating func receive(_ message: Message, _ request: Request, _ context: inout Context<Self>) {
    var inner = Self.inner(context)
    original.receive(message, request, &inner)
    Self.pass(inner, to: &context)
  }

  mutating func complete(_ call: Call, _ outcome: Outcome<Message>, _ context: inout Context<Self>) {
    var inner = Self.inner(context)
    original.complete(call, outcome, &inner)
    Self.pass(inner, to: &context)
  }

  mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    var inner = Self.inner(context)
    original.complete(ask, outcome, &inner)
    Self.pass(inner, to: &context)
  }

  mutating func wake(_ timer: Timer, _ context: inout Context<Self>) {
    var inner = Self.inner(context)
    original.wake(timer, &inner)
    Self.pass(inner, to: &context)
  }

  private static func inner(_ context: Context<Self>) -> Context<Original> {
    Context(now: context.now, random: context.random, keepsRecords: false)
  }

  private static func pass(_ inner: Context<Original>, to context: inout Context<Self>) {
    context.random = inner.random
    for effect in inner.effects {
      switch effect {
      case .send(let message, let node): context.send(message, to: node)
      case .reply(let message, let request): context.reply(message, to: request)
      case .fail(let error, let request): context.fail(error, to: request)
      case .call(let node, let message, let call, let retry): context.call(node, message, then: call, retry)
      case .ask(let service, let request, let ask, let retry):
        context.ask(service, request, then: ask, retry)
      case .wake(let timer, let instant): context.wake(timer, at: instant)
      case .cancel(let timer): context.cancel(timer)
      case .persist: break
      }
    }
  }
}

extension Mutant {
  static let forgetful = [
    forgetful(BroadcastNode.self, shows: "lost-value", in: .broadcast),
    forgetful(GSetNode.self, shows: "lost-value", in: .gSet),
    forgetful(GCounterNode.self, shows: "wrong-total", in: .gCounter),
    forgetful(PNCounterNode.self, shows: "wrong-total", in: .pnCounter),
    forgetful(KafkaNode.self, shows: "lost-commit", in: .kafka),
    forgetful(TransactionNode.self, shows: "lost-write", in: .txnRWRegister) {
      $0.consistencyModels = ["read-committed"]
      $0.demands = Demand.ofTransactions
    },
    forgetful(LinKVSingleNode.self, shows: "impossible-error", in: .linKV),
  ]

  private static func forgetful<N: Node>(
    _ node: N.Type, shows anomaly: String, in workload: Workload,
    _ arrange: (inout Scenario) -> Void = { _ in }
  ) -> Mutant where N.Message: WireMessage, N.Record: StorableRecord {
    Mutant(
      "forgets-everything", Forgetful<N>.self, of: N.self, "stores nothing: the shipped node without its log",
      shows: anomaly, in: workload
    ) {
      kills(&$0)
      arrange(&$0)
    }
  }
}
