import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

/// What each kind of node says while its disk is full.
@Suite("On a full disk")
struct FullDiskTests {
  /// A node with a log, and a disk that is full when the test says so.
  private struct Desk<N: Node> {
    var host = Host<N>(random: Random(seed: 1), keepsRecords: true)
    var log: [N.Record] = []
    var pending: [N.Record] = []
    private var lastID = 0

    init(_ nodes: [NodeID]) {
      host.receive(Envelope(from: "c0", to: "n0", id: 0, .initialize(me: "n0", nodes: nodes)), at: .zero)
      _ = drain()
      repeat { store() } while !pending.isEmpty
    }

    mutating func ask(_ message: N.Message) -> [Envelope<N>.Body] {
      lastID += 1
      host.receive(Envelope(from: "c1", to: "n0", id: lastID, .message(message)), at: .zero)
      return drain()
    }

    @discardableResult
    mutating func store() -> [Envelope<N>.Body] {
      log += pending
      pending = []
      host.stored(at: .zero)
      return drain()
    }

    mutating func fail() { host.storingFailed(at: .zero) { [log] in log } }

    private mutating func drain() -> [Envelope<N>.Body] {
      var answers: [Envelope<N>.Body] = []
      repeat {
        host.drain { output in
          switch output {
          case .send(let envelope) where envelope.destination == "c1": answers.append(envelope.body)
          case .store(let record): pending.append(record)
          default: break
          }
        }
      } while host.advance(to: .zero)
      return answers
    }
  }

  /// Two writes, the disk full from the second on; what a read shows before and after.
  private func expect<N: Node>(
    _ type: N.Type, nodes: [NodeID] = ["n0", "n1", "n2"], _ writes: [N.Message], read: N.Message,
    shows first: N.Message,
    then both: N.Message, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var desk = Desk<N>(nodes)
    _ = desk.ask(writes[0])
    #expect(!desk.pending.isEmpty, sourceLocation: sourceLocation)
    #expect(desk.store().count == 1, sourceLocation: sourceLocation)
    #expect(desk.ask(writes[1]).isEmpty, sourceLocation: sourceLocation)
    desk.fail()
    #expect(desk.ask(read) == [.message(first)], sourceLocation: sourceLocation)
    let refusal = desk.ask(writes[1])
    #expect(refusal.count == 1, sourceLocation: sourceLocation)
    guard case .error(let error)? = refusal.first else {
      Issue.record("a write is refused, not answered with \(refusal)", sourceLocation: sourceLocation)
      return
    }
    #expect(error.code == 11, sourceLocation: sourceLocation)
    #expect(desk.ask(read) == [.message(first)], sourceLocation: sourceLocation)
    #expect(desk.store().count == 1, sourceLocation: sourceLocation)
    #expect(desk.ask(read) == [.message(both)], sourceLocation: sourceLocation)
  }

  @Test("a set, a broadcast and a counter show what is stored, and refuse what would have to be")
  func sets() {
    expect(
      BroadcastNode.self, [.client(.broadcast(1)), .client(.broadcast(2))], read: .client(.read),
      shows: .client(.readOk([1])), then: .client(.readOk([1, 2])))
    expect(
      GSetNode.self, [.client(.add(1)), .client(.add(2))], read: .client(.read), shows: .client(.readOk([1])),
      then: .client(.readOk([1, 2])))
    expect(
      PNCounterNode.self, [.client(.add(5)), .client(.add(-2))], read: .client(.read),
      shows: .client(.readOk(5)),
      then: .client(.readOk(3)))
  }

  @Test("a transaction that only reads is answered; one that writes as well is refused")
  func transactions() {
    func write(_ value: JSON) -> TransactionNode.Message {
      .client(.txn([.read(key: 1, value: .null), .write(key: 1, value: value)]))
    }
    expect(
      TransactionNode.self, [write(7), write(8)],
      read: .client(.txn([.read(key: 1, value: .null), .read(key: 2, value: .null)])),
      shows: .client(.txnOk([.read(key: 1, value: 7), .read(key: 2, value: .null)])),
      then: .client(.txnOk([.read(key: 1, value: 8), .read(key: 2, value: .null)])))
  }

  @Test("a log is polled, and its committed offsets are listed, while nothing is sent or committed")
  func logs() {
    let sends = [5, 6].map { KafkaNode.Message.client(.send(key: "k", message: JSONText(.integer($0)))) }
    let entries = [5, 6].enumerated().map { Kafka.Entry($0.offset, JSONText(.integer($0.element))) }
    expect(
      KafkaNode.self, nodes: ["n0"], sends, read: .client(.poll([Kafka.Position("k", 0)])),
      shows: .client(.pollOk([Kafka.Batch("k", entries[..<1])])),
      then: .client(.pollOk([Kafka.Batch("k", entries[...])])))
    var desk = Desk<KafkaNode>(["n0"])
    _ = desk.ask(sends[0])
    desk.store()
    _ = desk.ask(.client(.commitOffsets([Kafka.Position("k", 0)])))
    desk.fail()
    let list = KafkaNode.Message.client(.listCommittedOffsets(["k"]))
    #expect(desk.ask(list) == [.message(.client(.listCommittedOffsetsOk([])))])
    desk.store()
    #expect(desk.ask(list) == [.message(.client(.listCommittedOffsetsOk([Kafka.Position("k", 0)])))])
  }

  @Test("a cluster of one node on Raft answers reads; of several, who can ask nobody refuses them")
  func consensus() {
    expect(
      LinKVNode.self, nodes: ["n0"],
      [.client(.write(key: 1, value: 7)), .client(.write(key: 1, value: 8))], read: .client(.read(key: 1)),
      shows: .client(.readOk(value: 7)), then: .client(.readOk(value: 8)))
    var desk = Desk<LinKVNode>(["n0", "n1", "n2"])
    desk.fail()
    guard case .error(let error)? = desk.ask(.client(.read(key: 1))).first else {
      Issue.record("not refused")
      return
    }
    #expect(error.code == 11)
  }

  @Test("a key-value store answers reads, of what is missing too")
  func store() {
    expect(
      LinKVSingleNode.self, nodes: ["n0"],
      [.client(.write(key: 1, value: 7)), .client(.write(key: 1, value: 8))], read: .client(.read(key: 1)),
      shows: .client(.readOk(value: 7)), then: .client(.readOk(value: 8)))
    var desk = Desk<LinKVSingleNode>(["n0"])
    _ = desk.ask(.client(.write(key: 1, value: 7)))
    desk.fail()
    #expect(desk.ask(.client(.read(key: 1))) == [.error(.keyDoesNotExist("key does not exist"))])
  }
}
