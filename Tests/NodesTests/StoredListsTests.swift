import Services
import Glomers
import Lab
import Simulator
import Support
import Testing
import Workloads

@testable import Nodes

private typealias Effects = [Effect<ListsOnLinKVNode>]

/// Nodes over one store, which answers at once unless it is told otherwise.
private struct Stored {
  var trials: [Trial<ListsOnLinKVNode>]
  private var values: [JSON: JSON] = [:]
  /// What clients were told, by node.
  var told: [[Outcome<Transactions>]]
  enum Rival { case none, before, after }
  /// What becomes of the first node's next compare-and-set, and when the second node changes the root.
  var mishap: (isCarriedOut: Bool, isAnswered: Bool, rival: Rival)?
  private(set) var swapCount = 0

  init(_ count: Int = 1) {
    let names = (0..<count).map { NodeID("n\($0)") }
    trials = names.map {
      Trial(ListsOnLinKVNode.self, me: $0, nodes: names, seed: UInt64($0.name.utf8.last!))
    }
    told = names.map { _ in [] }
  }

  /// Returns what clients are told by that node at once.
  mutating func ask(_ node: Int = 0, _ operations: MicroOperation...) -> Transactions? {
    let count = told[node].count
    carryOut(trials[node].receive(.txn(operations)), node)
    guard told[node].count > count, case .success(let answer) = told[node][count] else { return nil }
    return answer
  }

  mutating func retry(_ node: Int = 0) {
    trials[node].now = trials[node].now + .milliseconds(5)
    carryOut(trials[node].wake(.retry), node)
  }

  mutating func carryOut(_ effects: Effects, _ node: Int) {
    for effect in effects {
      switch effect {
      case .ask(_, let request, let ask, _): carryOut(trials[node].complete(ask, answer(request, node)), node)
      case .reply(let message, _): told[node].append(.success(message))
      case .fail(let error, _): told[node].append(.failure(error))
      default: break
      }
    }
  }

  private mutating func answer(_ request: KV, _ node: Int) -> Outcome<KV> {
    guard case .cas = request else { return request.apply(to: &values[request.key!]) }
    swapCount += 1
    guard node == 0, let mishap = mishap.take() else { return request.apply(to: &values[request.key!]) }
    if mishap.rival == .before { _ = ask(1, .append(key: 1, value: 1)) }
    let outcome =
      mishap.isCarriedOut ? request.apply(to: &values[request.key!]) : .failure(.timeout("no answer"))
    if mishap.rival == .after { _ = ask(1, .append(key: 1, value: 1)) }
    return mishap.isAnswered ? outcome : .failure(.timeout("no answer"))
  }

  mutating func forget(_ isGone: (JSON) -> Bool) { values = values.filter { !isGone($0.value) } }
}

@Suite("Transactions on lists over lin-kv") struct StoredListsTests {
  private let append = MicroOperation.append(key: 1, value: 7)
  private let read = MicroOperation.read(key: 1, value: nil)

  @Test("a transaction reads what it and earlier ones have appended, at any node")
  func sequence() {
    var nodes = Stored(2)
    #expect(nodes.ask(0, read, append, read) == .txnOk([read, append, .read(key: 1, value: [7])]))
    #expect(nodes.ask(1, .append(key: 1, value: 8)) == .txnOk([.append(key: 1, value: 8)]))
    #expect(
      nodes.ask(0, read, .read(key: "1", value: nil))
        == .txnOk([.read(key: 1, value: [7, 8]), .read(key: "1", value: nil)]))
    #expect(nodes.swapCount == 2, "who only reads changes nothing")
    #expect(nodes.ask(0, .write(key: 1, value: 2)) == nil)
  }

  @Test("transactions that come while the store is asked are carried out together")
  func together() {
    var nodes = Stored()
    let waiting = nodes.trials[0].receive(.txn([append]))
    #expect(nodes.trials[0].receive(.txn([append])).isEmpty && nodes.trials[0].receive(.txn([read])).isEmpty)
    nodes.carryOut(waiting, 0)
    #expect(
      nodes.told[0] == [
        .success(.txnOk([append])), .success(.txnOk([append])),
        .success(.txnOk([.read(key: 1, value: [7, 7])])),
      ])
    #expect(nodes.swapCount == 2)
  }

  @Test("who loses the race for the root begins again, on what the winner has left")
  func conflict() {
    var nodes = Stored(2)
    nodes.mishap = (isCarriedOut: true, isAnswered: true, rival: .before)
    #expect(nodes.ask(0, append, read) == nil)
    nodes.retry()
    #expect(nodes.told[0] == [.success(.txnOk([append, .read(key: 1, value: [1, 7])]))])
  }

  @Test(
    "a swap without an answer is found, sent again, or tried anew: nothing happens twice",
    arguments: [true, false], [Stored.Rival.none, .before, .after])
  private func unknownOutcome(isCarriedOut: Bool, rival: Stored.Rival) {
    var nodes = Stored(2)
    nodes.mishap = (isCarriedOut, isAnswered: false, rival)
    _ = nodes.ask(0, append)
    nodes.retry()
    #expect(nodes.told[0] == [.success(.txnOk([append]))])
    guard case .txnOk(let all)? = nodes.ask(1, read), case .read(_, let list)? = all.first else {
      Issue.record("nothing there")
      return
    }
    let expected: [JSON] =
      switch (rival, isCarriedOut) {
      case (.none, _): [7]
      case (.after, true): [7, 1]
      default: [1, 7]
      }
    #expect(list == .array(expected))
  }

  @Test("a store that has lost a list is refused in words, and nothing is answered from it")
  func brokenStore() {
    var nodes = Stored(2)
    _ = nodes.ask(0, append)
    nodes.forget { $0 == [7] }
    #expect(nodes.ask(1, read) == nil)
    guard case .failure(let error)? = nodes.told[1].last else {
      Issue.record("answered")
      return
    }
    #expect(error.code == 11 && error.text.contains("lin-kv"))
  }

  @Test("strict-serializable under kills, cuts and pauses", arguments: 1...4 as ClosedRange<UInt64>)
  func simulated(seed: UInt64) {
    var scenario = Scenario(.txnListAppend)
    scenario.nodeCount = 3
    scenario.concurrency = .perNode(2)
    scenario.rate = 50
    scenario.timeLimit = .seconds(10)
    scenario.latency = .milliseconds(10)
    scenario.faults = [.kill, .partition, .pause]
    scenario.nemesisInterval = .seconds(2)
    scenario.lateReplies = .drop
    scenario.seed = seed
    let results = Simulation<ListsOnLinKVNode>.run(scenario)
    #expect(results.verdict == .valid, "\(results.anomalies)")
  }
}
