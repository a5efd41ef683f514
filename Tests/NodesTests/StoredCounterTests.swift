import Glomers
import Support
import Testing
import Workloads

@testable import Nodes

private let store: [String: Option.Value] = ["store": .choice("seq-kv", of: ["local", "seq-kv"])]

private typealias Effects = [Effect<CounterOnSeqKVNode<PositiveNegative>>]

extension Effects {
  fileprivate var asks: [(request: KV, then: CounterOnSeqKVNode<PositiveNegative>.Ask)] {
    compactMap { if case .ask(.seqKV, let request, let ask, _) = $0 { (request, ask) } else { nil } }
  }
  fileprivate var acknowledgedCount: Int {
    count { if case .reply(.addOk, _) = $0 { true } else { false } }
  }
  fileprivate var errorCodes: [Int] {
    compactMap { if case .fail(let error, _) = $0 { error.code } else { nil } }
  }
}

@Suite struct StoredCounterTests {
  private func counter() -> Trial<CounterOnSeqKVNode<PositiveNegative>> {
    Trial(CounterOnSeqKVNode<PositiveNegative>.self, options: store)
  }

  /// Adds 5 at a node that has added nothing before, up to the compare-and-set.
  private func firstAdd(_ trial: inout Trial<CounterOnSeqKVNode<PositiveNegative>>) -> KV? {
    guard case .write? = trial.receive(.add(5)).asks.first?.request else { return nil }
    #expect(trial.complete(.catchUp, .success(.writeOk)).asks.first?.then == .own)
    return trial.complete(.own, .failure(.keyDoesNotExist(""))).asks.first?.request
  }

  @Test("the first add reads the node's component from a state that is up to date, and creates it")
  func create() {
    var trial = counter()
    guard case .cas(_, .null, let to, true)? = firstAdd(&trial) else {
      Issue.record("no compare-and-set")
      return
    }
    #expect(CounterComponent(to)?.total == 5)
    #expect(trial.complete(.swap, .success(.casOk)).acknowledgedCount == 1)
  }

  @Test("adds that come while a change is under way go into the next one together")
  func batches() {
    var trial = counter()
    _ = firstAdd(&trial)
    #expect(trial.receive(.add(7)).isEmpty)
    #expect(trial.receive(.add(-1)).isEmpty)
    let effects = trial.complete(.swap, .success(.casOk))
    #expect(effects.acknowledgedCount == 1)
    guard case .cas(_, let from, let to, false)? = effects.asks.first?.request else {
      Issue.record("no compare-and-set")
      return
    }
    #expect(CounterComponent(from)?.total == 5)
    #expect(CounterComponent(to)?.total == 11)
    #expect(trial.complete(.swap, .success(.casOk)).acknowledgedCount == 2)
  }

  @Test("a compare-and-set that is said to have failed, but has happened, is acknowledged and not repeated")
  func happenedAfterAll() {
    var trial = counter()
    guard case .cas(_, _, let to, _)? = firstAdd(&trial) else { return }
    #expect(trial.complete(.swap, .failure(.preconditionFailed(""))).asks.first?.then == .catchUp)
    _ = trial.complete(.catchUp, .success(.writeOk))
    let effects = trial.complete(.own, .success(.readOk(value: to)))
    #expect(effects.acknowledgedCount == 1)
    #expect(effects.asks.isEmpty)
  }

  @Test("one that may still happen is repeated as it was")
  func mayStillHappen() {
    var trial = counter()
    let swap = firstAdd(&trial)
    _ = trial.receive(.add(7))
    _ = trial.complete(.swap, .failure(.timeout("")))
    _ = trial.complete(.catchUp, .success(.writeOk))
    let effects = trial.complete(.own, .failure(.keyDoesNotExist("")))
    #expect(effects.acknowledgedCount == 0)
    #expect(effects.asks.map(\.request) == [swap])
  }

  @Test("one that can't happen any more is made anew from what the component has become")
  func rebased() {
    var trial = counter()
    _ = firstAdd(&trial)
    _ = trial.complete(.swap, .failure(.preconditionFailed("")))
    _ = trial.complete(.catchUp, .success(.writeOk))
    let effects = trial.complete(.own, .success(.readOk(value: ["n0.earlier", 3, 100])))
    guard case .cas(_, let from, let to, false)? = effects.asks.first?.request else {
      Issue.record("no compare-and-set")
      return
    }
    #expect(from == ["n0.earlier", 3, 100])
    #expect(CounterComponent(to)?.total == 105)
    #expect(CounterComponent(to)?.count == 4)
  }

  @Test("adds beyond 64 bits are refused, and those with them go on")
  func overflow() {
    var trial = counter()
    _ = firstAdd(&trial)
    _ = trial.receive(.add(.max))
    _ = trial.receive(.add(1))
    let effects = trial.complete(.swap, .success(.casOk))
    #expect(effects.errorCodes == [22])
    #expect(effects.acknowledgedCount == 1)
    guard case .cas(_, _, let to, _)? = effects.asks.first?.request else { return }
    #expect(CounterComponent(to)?.total == 6)
  }

  @Test(
    "a service that fails leaves nobody waiting: indefinite for what may have happened, definite for the rest"
  )
  func despair() {
    var trial = counter()
    _ = firstAdd(&trial)
    _ = trial.receive(.add(7))
    _ = trial.complete(.swap, .failure(.crash("")))
    #expect(trial.complete(.catchUp, .failure(.crash(""))).errorCodes == [13, 11])
    #expect(trial.receive(.add(1)).asks.first?.then == .catchUp, "the next one starts afresh")
  }

  @Test("a read brings itself up to date and sums the components of all nodes")
  func reads() {
    var trial = counter()
    guard case .write? = trial.receive(.read).asks.first?.request else {
      Issue.record("no write")
      return
    }
    #expect(trial.receive(.read, id: 2).isEmpty, "waits for the next round")
    let reads = trial.complete(.freshen, .success(.writeOk)).asks
    #expect(reads.map(\.then) == [.component("n0"), .component("n1"), .component("n2")])
    _ = trial.complete(.component("n0"), .success(.readOk(value: ["n0.x", 1, 10])))
    _ = trial.complete(.component("n1"), .failure(.keyDoesNotExist("")))
    let effects = trial.complete(.component("n2"), .success(.readOk(value: ["n2.x", 9, -3])))
    #expect(effects.first == .reply(.readOk(7), to: trial.request()))
    #expect(effects.asks.first?.then == .freshen)
    let failed = trial.complete(.freshen, .failure(.crash("")))
    #expect(failed.errorCodes == [11])
  }

  @Test("a component that is none fails the read and is not overwritten")
  func rubbish() {
    var trial = counter()
    _ = trial.receive(.read)
    _ = trial.complete(.freshen, .success(.writeOk))
    for node in ["n0", "n1"] as [NodeID] {
      _ = trial.complete(.component(node), .failure(.keyDoesNotExist("")))
    }
    #expect(trial.complete(.component("n2"), .success(.readOk(value: "x"))).errorCodes == [11])
    _ = trial.receive(.add(1))
    _ = trial.complete(.catchUp, .success(.writeOk))
    let effects = trial.complete(.own, .success(.readOk(value: 7)))
    #expect(effects.errorCodes == [11])
    #expect(effects.asks.isEmpty)
  }
}
