import Glomers
import Testing
import Workloads
@testable import Services

@Suite("Services")
struct ServiceModelTests {
  private let missing = RPCError.keyDoesNotExist("key does not exist")
  private func cas(_ from: JSON, _ to: JSON, orCreate: Bool = false) -> KV {
    .cas(key: "k", from: from, to: to, createIfNotExists: orCreate)
  }

  @Test("a store answers and refuses as Maelstrom's do", arguments: [Service.linKV, .seqKV, .lwwKV])
  func register(service: Service) throws {
    // One caller that always sees the newest state: with a single key that was written once, all three agree.
    var model = service.model
    var random = Random(seed: 1)
    #expect(model.handle(.read(key: "k"), from: "n0", &random) == .failure(missing))
    #expect(model.handle(cas(1, 2), from: "n0", &random) == .failure(missing))
    #expect(model.handle(.write(key: "k", value: [1]), from: "n0", &random) == .success(.writeOk))
    if service != .lwwKV {
      #expect(model.handle(.read(key: "k"), from: "n0", &random) == .success(.readOk(value: [1])))
      #expect(
        model.handle(cas("x", 2), from: "n0", &random)
          == .failure(.preconditionFailed(#"current value [1] is not "x""#)))
      #expect(model.handle(cas([1], 2), from: "n0", &random) == .success(.casOk))
      #expect(model.handle(cas(2, 3, orCreate: true), from: "n0", &random) == .success(.casOk))
      #expect(model.handle(.read(key: "k"), from: "n0", &random) == .success(.readOk(value: 3)))
    }
  }

  @Test(
    "a compare-and-set creates what is missing only if it is told to, and never in lww-kv",
    arguments: Service.allCases)
  func creates(service: Service) {
    guard service != .linTSO else { return }
    var model = service.model
    var random = Random(seed: 1)
    #expect(model.handle(cas(7, 1), from: "n0", &random) == .failure(missing))
    #expect(
      model.handle(cas(7, 1, orCreate: true), from: "n0", &random)
        == (service == .lwwKV ? .failure(missing) : .success(.casOk)))
  }

  @Test("keys and values are any JSON, and null is a value")
  func anyJSON() {
    var model = LinearizableKV()
    var random = Random(seed: 1)
    for key in [JSON.null, 1, 1.0, "1", [1], ["a": 1]] {
      #expect(model.handle(.write(key: key, value: .null), from: "n0", &random) == .success(.writeOk))
      #expect(model.handle(.read(key: key), from: "n0", &random) == .success(.readOk(value: .null)))
      let cas = KV.cas(key: key, from: .null, to: key, createIfNotExists: false)
      #expect(model.handle(cas, from: "n0", &random) == .success(.casOk))
      #expect(model.handle(.read(key: key), from: "n0", &random) == .success(.readOk(value: key)))
    }
  }

  private func read(_ model: inout some ServiceModel, from caller: NodeID, _ random: inout Random) -> Int? {
    guard case .success(.readOk(let value)) = model.handle(.read(key: "k"), from: caller, &random) else {
      return nil
    }
    return value.integer
  }

  @Test("seq-kv answers from any of the last 32 states, and for no caller from an older one than before")
  func sequential() {
    var model = SequentialKV()
    var random = Random(seed: 3)
    for value in 0..<100 {
      _ = model.handle(.write(key: "k", value: .integer(value)), from: "writer", &random)
    }
    // The writer has seen its own last write.
    for _ in 0..<20 { #expect(read(&model, from: "writer", &random) == 99) }
    var firsts: Set<Int> = []
    for caller in 0..<1000 {
      let values = (0..<5).compactMap { _ in read(&model, from: NodeID("n\(caller)"), &random) }
      #expect(values.count == 5 && values == values.sorted())
      firsts.insert(values[0])
    }
    #expect(firsts == Set(68...99))
  }

  @Test("seq-kv shows the states of several keys in one order")
  func sequentialAcrossKeys() {
    var model = SequentialKV()
    var random = Random(seed: 5)
    for value in 0..<20 {
      _ = model.handle(.write(key: "k", value: .integer(value)), from: "writer", &random)
      _ = model.handle(.write(key: "l", value: .integer(value)), from: "writer", &random)
    }
    for caller in 0..<500 {
      let name = NodeID("n\(caller)")
      guard case .success(.readOk(let second)) = model.handle(.read(key: "l"), from: name, &random),
        let first = read(&model, from: name, &random)
      else { continue }
      // "k" was written before "l".
      #expect(first >= second.integer!)
    }
  }

  @Test("on seq-kv what changes the state it met is done on the newest, though that may refuse it")
  func sequentialUpdates() {
    var outcomes: Set<Bool> = []
    for seed: UInt64 in 0..<50 {
      var model = SequentialKV()
      var random = Random(seed: seed)
      _ = model.handle(.write(key: "k", value: 1), from: "writer", &random)
      _ = model.handle(.write(key: "k", value: 2), from: "writer", &random)
      // 1 is no more the newest value, whichever state this one meets.
      let outcome = model.handle(cas(1, 3), from: "n0", &random)
      #expect((try? outcome.get()) == nil)
      outcomes.insert(outcome == .failure(missing))
      #expect(read(&model, from: "writer", &random) == 2)
    }
    #expect(outcomes == [true, false])
  }

  @Test("lww-kv forgets what was written at the losing replica, and agrees with itself in the end")
  func lastWriterWins() {
    var stale = 0
    for seed: UInt64 in 0..<50 {
      var model = LastWriterWinsKV()
      var random = Random(seed: seed)
      for value in 0..<10 { _ = model.handle(.write(key: "k", value: .integer(value)), from: "n0", &random) }
      let first = read(&model, from: "n0", &random)
      if first != 9 { stale += 1 }
      // Every request may merge.
      for _ in 0..<40 { _ = model.handle(.read(key: "other"), from: "n0", &random) }
      let settled = Set((0..<20).map { _ in read(&model, from: "n0", &random) })
      #expect(settled.count == 1)
    }
    #expect(stale > 0)
  }

  @Test("lin-tso counts from 0")
  func timestamps() {
    var model = TimestampOracle()
    var random = Random(seed: 1)
    for count in 0..<5 {
      #expect(model.handle(.ts, from: NodeID("n\(count % 2)"), &random) == .success(.tsOk(ts: count)))
    }
  }
}
