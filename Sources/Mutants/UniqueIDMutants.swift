import History
import Glomers
import Lab
import Workloads

/// Ids of the node's name, random bits of this life, and a counter.
private struct MutableIDs: MutableNode {
  typealias Message = UniqueIDs
  enum Mutation: String {
    case forgetsLives = "forgets-lives", trustsTheClock = "trusts-the-clock", fewBits = "few-bits"
  }

  private let mutation: Mutation?
  private let me: NodeID
  private let life: UInt64
  private var counter = 0
  private var second: Int64 = 0

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
    me = cluster.me
    life = context.random.next()
  }

  mutating func receive(_ message: UniqueIDs, _ request: Request, _ context: inout Context<Self>) {
    counter += 1
    var id = "\(me)-\(life)-\(counter)"
    switch mutation {
    case .forgetsLives: id = "\(me)-\(counter)"
    case .trustsTheClock:
      // The sequence begins anew with each second.
      let now = context.now.nanoseconds / 1_000_000_000
      if now != second { (second, counter) = (now, 0) }
      id = "\(me)-\(second)-\(counter)"
    case .fewBits: id = String(context.random.next() % (1 << 16))
    case nil: break
    }
    context.reply(.generateOk(id: .string(id)), to: request)
  }
}

/// Ids from blocks of ten, which lin-kv gives out by compare-and-set.
private struct MutableIDBlocks: MutableNode {
  typealias Message = UniqueIDs
  enum Mutation: String { case writesBack = "writes-back" }
  enum Ask: Equatable { case read, take(Int) }

  private static let key: JSON = "next block"

  private let mutation: Mutation?
  private var block = 0..<0
  private var waiting: [Request] = []

  init(_ cluster: Cluster, recovering records: [Never], _ context: inout Context<Self>) {
    mutation = Self.mutation(in: cluster)
  }

  mutating func receive(_ message: UniqueIDs, _ request: Request, _ context: inout Context<Self>) {
    waiting.append(request)
    if waiting.count == 1 { serve(&context) }
  }

  mutating func complete(_ ask: Ask, _ outcome: Outcome<KV>, _ context: inout Context<Self>) {
    switch (ask, outcome) {
    case (.read, .success(.readOk(.integer(let next)))): take(next, &context)
    case (.read, .failure(let error)) where error.code == 20: take(0, &context)
    case (.take(let first), .success):
      block = first..<first + 10
      serve(&context)
    default: serve(&context)
    }
  }

  private func take(_ first: Int, _ context: inout Context<Self>) {
    let (from, to) = (JSON.integer(first), JSON.integer(first + 10))
    let request =
      mutation == .writesBack
      ? KV.write(key: Self.key, value: to)
      : .cas(key: Self.key, from: from, to: to, createIfNotExists: true)
    context.ask(.linKV, request, then: .take(first), .giveUp(after: .seconds(1)))
  }

  private mutating func serve(_ context: inout Context<Self>) {
    while let request = waiting.first, let id = block.popFirst() {
      waiting.removeFirst()
      context.reply(.generateOk(id: .integer(id)), to: request)
    }
    guard !waiting.isEmpty else { return }
    context.ask(.linKV, .read(key: Self.key), then: .read, .giveUp(after: .seconds(1)))
  }
}

extension Mutant {
  static let uniqueIDs = [
    Mutant(
      MutableIDs.self, .forgetsLives, "names the node and a counter, and counts from one after a kill",
      shows: "duplicate-id", in: .uniqueIDs
    ) { $0.faults = [.kill] },
    Mutant(
      MutableIDs.self, .trustsTheClock,
      "names the node, the second and a number within it, and clocks jump back",
      shows: "duplicate-id", in: .uniqueIDs
    ) {
      $0.faults = [.kill, .skew]
      $0.timeLimit = .seconds(60)
    },
    Mutant(
      MutableIDs.self, .fewBits, "draws 16 bits, which a few hundred ids exhaust (the birthday problem)",
      shows: "duplicate-id", in: .uniqueIDs),
    Mutant(
      MutableIDBlocks.self, .writesBack, "takes blocks of ids by a read and a write, not by compare-and-set",
      shows: "duplicate-id", in: .uniqueIDs),
  ]
}
