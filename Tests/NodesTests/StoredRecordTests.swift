import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

@Suite struct StoredRecordTests {
  private func isReadBack<Record: StorableRecord>(_ record: Record) throws -> Bool {
    var writer = JSONWriter()
    writer.beginObject()
    record.write(to: &writer)
    writer.endObject()
    return try Record(record: JSONDocument().parse(writer.bytes)) == record
  }

  @Test("records come out of a log as they went in")
  func coding() throws {
    let origin = Incarnation(name: "n1.x")
    #expect(
      try isReadBack(Delta<JSON>(origin: origin, after: 7, entries: [1, "x", .null, ["a": [1.5]], 1.0])))
    let component = CounterComponent(origin: origin, count: 3, total: .min)
    for record in [.component(component), .numbered(component), .unnumbered(delta: -5)] as [CounterRecord] {
      #expect(try isReadBack(record))
    }
    #expect(try isReadBack(UniqueIDNode.Record(lifeCount: 12)))
    #expect(try isReadBack(KV.write(key: [1], value: .null)))
  }

  @Test(
    "what is none is refused",
    arguments: [
      #"{"delta":["n1.x",-1,[]]}"#, #"{"delta":["n1.x",0]}"#, #"{"component":["n1.x",0,5]}"#,
      #"{"component":["n1.x",1,5.0]}"#, #"{"life":"one"}"#, "{}",
    ])
  func malformed(text: String) throws {
    let bytes = Array(text.utf8)
    #expect(throws: WireError.self) { _ = try Delta<JSON>(record: JSONDocument().parse(bytes)) }
    #expect(throws: WireError.self) { _ = try CounterRecord(record: JSONDocument().parse(bytes)) }
    #expect(throws: WireError.self) { _ = try UniqueIDNode.Record(record: JSONDocument().parse(bytes)) }
  }

  @Test(
    "a checkpoint stands for the whole log, in records of bounded length, and for one of its own checkpoints")
  func setCheckpoint() {
    var random = Random(seed: 3)
    let origins = (0..<3).map { Incarnation(name: "\($0)") }
    var set = ReplicatedSet()
    var log: [Delta<JSON>] = []
    for value in 0..<5000 {
      let origin = origins[Int.random(in: 0..<3, using: &random)]
      if set.add(.integer(value % 4500), from: origin) { log.append(set.last(1, of: origin)) }
    }
    let whole = ReplicatedSet(recovering: log)
    let short = ReplicatedSet(recovering: set.checkpoint)
    #expect(whole.values == set.values && whole.version == set.version)
    #expect(Set(short.values) == Set(set.values) && short.version == set.version)
    #expect(short.checkpoint == set.checkpoint)
    #expect(set.checkpoint.allSatisfy { $0.entries.count <= 1024 })
    #expect(set.checkpoint.count == 6)
  }

  @Test("a counter recovers what it had, to the last add, from its log and from its checkpoint")
  func counter() {
    var trial = Trial(PNCounterNode.self)
    var effects: [Effect<PNCounterNode>] = []
    for delta in [5, -7, 0, 3] { effects += trial.receive(.client(.add(delta))) }
    let theirs = CounterComponent(origin: Incarnation(name: "n1.x"), count: 2, total: 40)
    var version = VersionVector()
    version[theirs.origin] = 2
    for _ in 0..<2 {
      let advertisement = Advertisement(theirs.origin, version: version)
      effects += trial.receive(.peer([theirs], advertisement), from: "n1")
    }
    let log = effects.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    #expect(log.count == 4, "three adds of something, and one component that was new")
    for records in [log, trial.node.checkpoint!] {
      var next = Trial(PNCounterNode.self, recovering: records, seed: 2)
      #expect(next.receive(.client(.read)) == [.reply(.client(.readOk(41)), to: next.request())])
      #expect(next.effectsOfStart == [.wake(.round, at: .zero)])
      _ = next.receive(.client(.add(100)))
      #expect(next.receive(.client(.read)) == [.reply(.client(.readOk(141)), to: next.request())])
      #expect(next.node.checkpoint?.count == 2, "what it has added, not numbered yet, and what n1 has")
    }
  }

  @Test("a set or a counter that is alone in its cluster says nothing")
  func firstStart() {
    #expect(Trial(GSetNode.self, nodes: ["n0"]).effectsOfStart.isEmpty)
    #expect(Trial(PNCounterNode.self, nodes: ["n0"]).effectsOfStart.isEmpty)
  }

  @Test("a counter that a service keeps stores nothing and asks nothing at its start")
  func inStore() {
    let options: [String: Option.Value] = ["store": .choice("seq-kv", of: ["local", "seq-kv"])]
    var trial = Trial(CounterOnSeqKVNode<GrowOnly>.self, options: options)
    #expect(trial.effectsOfStart.isEmpty)
    let hasRecords = trial.receive(.add(1)).contains {
      if case .persist = $0 { true } else { false }
    }
    #expect(!hasRecords)
  }

  @Test("lives are numbered, so that ids differ even where the dice fall the same")
  func lives() {
    var ids: Set<JSON> = []
    var records: [UniqueIDNode.Record] = []
    for life in 1...20 {
      var trial = Trial(UniqueIDNode.self, recovering: records, seed: 1)
      for case .persist(let record) in trial.effectsOfStart { records.append(record) }
      if case .reply(let answer, _)? = trial.receive(.generate).first, let id = answer.id { ids.insert(id) }
      #expect(ids.count == life)
      if life.isMultiple(of: 7) { records = trial.node.checkpoint! }
    }
  }

  @Test("lin-kv-single keeps what was written, and nothing else; a weaker store keeps nothing")
  func services() {
    var trial = Trial(LinKVSingleNode.self)
    var effects: [Effect<LinKVSingleNode>] = []
    for request: KV in [
      .write(key: 1, value: 2), .read(key: 1), .cas(key: 1, from: 2, to: 3, createIfNotExists: false),
      .cas(key: 1, from: 2, to: 4, createIfNotExists: false),
      .cas(key: "new", from: .null, to: [5], createIfNotExists: true), .read(key: "none"), .ts,
    ] {
      effects += trial.receive(.client(request))
    }
    let log = effects.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    #expect(log == [.write(key: 1, value: 2), .write(key: 1, value: 3), .write(key: "new", value: [5])])
    for records in [log, trial.node.checkpoint!] {
      var next = Trial(LinKVSingleNode.self, recovering: records)
      #expect(
        next.receive(.client(.read(key: 1))) == [.reply(.client(.readOk(value: 3)), to: next.request())])
      #expect(
        next.receive(.client(.read(key: "new"))) == [.reply(.client(.readOk(value: [5])), to: next.request())]
      )
    }
    #expect(SeqKVNode.Record.self == Never.self && LinTSONode.Record.self == Never.self)
  }
}
