import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

/// Clients of transaction nodes that are killed again and again. Every transaction writes the same value to a pair of
/// registers, and nobody else writes that value.
private struct Story {
  var cluster: StoredCluster<TransactionNode>
  /// By node and pair: what it shows, and what it has shown before that.
  var present: [[Int: JSON]]
  var past: [[Int: Set<JSON>]]
  var killCount = 0
  var lastValue = 0
  var acknowledgedCount = 0
  var complaints: [String] = []
  static let pairCount = 3

  init(nodes: Int, seed: UInt64) {
    cluster = StoredCluster(count: nodes, seed: seed)
    cluster.lossPercent = 8
    cluster.takesCheckpoints = seed % 3 == 0
    present = Array(repeating: [:], count: nodes)
    past = Array(repeating: [:], count: nodes)
  }

  mutating func step() {
    let place = cluster.draw(0..<cluster.names.count)
    switch cluster.draw(0..<20) {
    case 0:
      cluster.kill(place)
      killCount += 1
      // Others go on without it for a while.
      cluster.run(for: .milliseconds(cluster.draw(0..<200)))
      cluster.start(place)
    case 1...10: write(place, pair: cluster.draw(0..<Self.pairCount))
    default: look(place)
    }
    cluster.run(for: .milliseconds(cluster.draw(0..<15)))
  }

  mutating func write(_ place: Int, pair: Int) {
    lastValue += 1
    let value = JSON.integer(lastValue)
    let keys: [JSON] = [.integer(2 * pair), .integer(2 * pair + 1)]
    let operations = keys.map { MicroOperation.write(key: $0, value: value) }
    guard case .client(.txnOk)? = cluster.answer(to: .client(.txn(operations)), of: place) else { return }
    acknowledgedCount += 1
    note(value, place, pair)
  }

  /// Reads all registers of a node: both of a pair are the same, and what was overwritten does not come back.
  mutating func look(_ place: Int) {
    let reads = (0..<2 * Self.pairCount).map { MicroOperation.read(key: .integer($0), value: .null) }
    guard case .client(.txnOk(let answer))? = cluster.answer(to: .client(.txn(reads)), of: place) else {
      return
    }
    let values = answer.map { $0.json.array![2] }
    for pair in 0..<Self.pairCount {
      let (first, second) = (values[2 * pair], values[2 * pair + 1])
      if first != second { complaints.append("n\(place) shows a part of a transaction: \(first), \(second)") }
      note(first, place, pair)
    }
  }

  private mutating func note(_ value: JSON, _ place: Int, _ pair: Int) {
    let before = present[place][pair] ?? .null
    guard value != before else { return }
    past[place][pair, default: []].insert(before)
    if past[place][pair]!.contains(value) {
      complaints.append("n\(place) goes back from \(before) to \(value)")
    }
    present[place][pair] = value
  }

  mutating func finish() {
    cluster.lossPercent = 0
    cluster.run(for: .seconds(6))
    for place in cluster.names.indices { look(place) }
    for place in cluster.names.indices where present[place] != present[0] {
      complaints.append("n\(place) ends with \(present[place]), n0 with \(present[0])")
    }
  }
}

@Suite struct TransactionDurabilityTests {
  @Test(
    "nodes that are killed at any moment keep transactions whole, and never go back",
    arguments: 1...8 as ClosedRange<UInt64>)
  func kills(seed: UInt64) {
    var story = Story(nodes: 1 + Int(seed % 4), seed: seed)
    for _ in 0..<200 { story.step() }
    story.finish()
    #expect(story.complaints == [])
    #expect(story.acknowledgedCount > 50 && story.killCount > 3)
  }

  /// All that a node holds.
  private func inside(_ trial: Trial<TransactionNode>) -> [String] {
    let store = trial.node.store
    return [
      "\(store.version.sorted)", "\(store.deltas(since: VersionVector()))",
      "\((0..<9).map { store[.integer($0)] })",
    ]
  }

  @Test("a node that recovers is the node that it was: from its whole log, and from its checkpoint")
  func recovery() throws {
    var log: [CommitRecord] = []
    func keep(_ effects: [Effect<TransactionNode>]) {
      for case .persist(let record) in effects { log.append(record) }
    }
    var trial = Trial(TransactionNode.self, seed: 1)
    var peer = Trial(TransactionNode.self, me: "n1", seed: 2)
    keep(trial.effectsOfStart)
    func hello(_ incarnation: Incarnation) -> TransactionNode.Message {
      .update(.init([], Advertisement(incarnation, version: .init())))
    }
    let third = Incarnation(name: "n2.x")
    keep(trial.receive(hello(peer.node.dissemination.incarnation), from: "n1", id: nil))
    keep(trial.receive(hello(third), from: "n2", id: nil))
    _ = peer.receive(hello(trial.node.dissemination.incarnation), from: "n0", id: nil)
    _ = peer.receive(hello(third), from: "n2", id: nil)
    for turn in 0..<700 {
      let write = MicroOperation.write(key: .integer(turn % 7), value: ["turn": .integer(turn)])
      keep(trial.receive(.client(.txn([write, .write(key: 7, value: .integer(turn))]))))
      _ = peer.receive(.client(.txn([.write(key: .integer(turn % 5), value: .string("peer's \(turn)"))])))
      trial.now = trial.now + .milliseconds(60)
      peer.now = trial.now
      let told = trial.wake(.round)
      keep(told)
      for case .send(.update(let update), "n1") in told {
        _ = peer.receive(.update(update), from: "n0", id: nil)
      }
      guard turn % 3 > 0 else { continue }
      for case .send(.update(let update), "n0") in peer.wake(.round) {
        keep(trial.receive(.update(update), from: "n1", id: nil))
        // What comes twice is not stored twice.
        let before = log.count
        keep(trial.receive(.update(update), from: "n1", id: nil))
        #expect(log.count == before)
      }
    }
    let again = try log.map { try reread($0) }
    #expect(again == log)
    let checkpoint = try #require(trial.node.checkpoint)
    #expect(checkpoint.count < 10 && log.count > 1000)
    for records in [again, checkpoint] {
      let recovered = Trial(TransactionNode.self, recovering: records, seed: 9)
      #expect(inside(recovered) == inside(trial))
      #expect(recovered.node.checkpoint == Array(checkpoint.dropFirst()), "its stream is not settled yet")
    }
  }

  @Test("a recovered node asks its peers, and does not tell them all again")
  func rejoining() {
    var first = Trial(TransactionNode.self)
    let effects = first.receive(.client(.txn([.write(key: 1, value: 2)])))
    let records = (first.effectsOfStart + effects).compactMap {
      if case .persist(let record) = $0 { record } else { nil }
    }
    var second = Trial(TransactionNode.self, recovering: records, seed: 2)
    let told = second.wake(.round).compactMap {
      if case .send(.update(let update), _) = $0 { update } else { nil }
    }
    #expect(told.count == 2)
    for update in told { #expect(update.deltas == [] && update.advertisement.challenge != nil) }
    let read = second.receive(.client(.txn([.read(key: 1, value: .null)])))
    #expect(read.first == .reply(.client(.txnOk([.read(key: 1, value: 2)])), to: second.request()))
  }

  @Test(
    "a damaged record is refused",
    arguments: [
      #"{}"#, #"{"origin":1}"#, #"{"own":[]}"#, #"{"own":[[1],[2]]}"#, #"{"own":[[1,2]]}"#, #"{"deltas":[]}"#,
      #"{"deltas":[["n0.x",0]],"version":{}}"#,
    ])
  func damaged(text: String) {
    #expect(throws: WireError.self) { try CommitRecord(record: JSONDocument().parse(Array(text.utf8))) }
  }
}
