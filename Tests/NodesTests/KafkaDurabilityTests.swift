import Glomers
import Support
import Testing
import Wire
import Workloads

@testable import Nodes
@testable import Replication

/// A record as the next life of a node reads it.
func reread<Record: StorableRecord>(_ record: Record) throws -> Record {
  var writer = JSONWriter()
  record.write(asObjectTo: &writer)
  return try Record(record: JSONDocument().parse(writer.bytes))
}

/// Clients of kafka nodes that are killed again and again, and what they have seen.
private struct Story {
  var cluster: StoredCluster<KafkaNode>
  let keys: [JSONName] = ["a", "b", "c"]
  var sends: [Int: (key: JSONName, message: JSONText)] = [:]
  var acknowledged: [JSONName: [Kafka.Entry]] = [:]
  var acknowledgedCount = 0
  /// What polls from the beginning have shown, node by node and key by key: the longest.
  var shown: [[JSONName: [Kafka.Entry]]]
  var committed: [[JSONName: Int]]
  var killCount = 0
  var commits: [JSONName: Int] = [:]
  var complaints: [String] = []

  init(nodes: Int, acks: String, seed: UInt64) {
    cluster = StoredCluster(
      count: nodes, options: ["acks": .choice(acks, of: ["1", "quorum", "all"])], seed: seed)
    shown = Array(repeating: [:], count: nodes)
    committed = Array(repeating: [:], count: nodes)
    cluster.lossPercent = 8
    cluster.takesCheckpoints = seed % 3 == 0
  }

  mutating func step() {
    let place = cluster.draw(0..<cluster.names.count)
    let key = keys[cluster.draw(0..<keys.count)]
    switch cluster.draw(0..<20) {
    case 0:
      cluster.kill(place)
      killCount += 1
      // Others go on without it for a while.
      cluster.run(for: .milliseconds(cluster.draw(0..<200)))
      cluster.start(place)
    case 1...9:
      let number = JSON.integer(cluster.draw(0..<1 << 40))
      let message = JSONText(cluster.draw(0..<2) == 0 ? number : ["x": number])
      sends[cluster.request(.client(.send(key: key, message: message)), of: place)] = (key, message)
    case 10...12:
      guard let last = shown[place][key]?.last else { return }
      let request = Kafka.commitOffsets([.init(key, last.offset)])
      if case .client(.commitOffsetsOk)? = cluster.answer(to: .client(request), of: place) {
        commits[key] = max(commits[key] ?? -1, last.offset)
      }
    default: look(place)
    }
    cluster.run(for: .milliseconds(cluster.draw(0..<12)))
  }

  /// Reads all that a node shows. It never shows less than before, and nothing in between.
  mutating func look(_ place: Int) {
    let request = Kafka.poll(keys.map { .init($0, 0) })
    guard case .client(.pollOk(let batches))? = cluster.answer(to: .client(request), of: place) else {
      return
    }
    for key in keys {
      let entries = Array(batches.first { $0.key == key }?.entries ?? [])
      let before = shown[place][key] ?? []
      if !entries.starts(with: before) { complaints.append("n\(place) \(key): \(before), then \(entries)") }
      shown[place][key] = entries
    }
    guard
      case .client(.listCommittedOffsetsOk(let positions))? = cluster.answer(
        to: .client(.listCommittedOffsets(keys)), of: place)
    else { return }
    for key in keys {
      let offset = positions.first { $0.key == key }?.offset ?? -1
      if offset < committed[place][key] ?? -1 { complaints.append("n\(place) \(key): committed \(offset)") }
      committed[place][key] = offset
    }
  }

  /// Faults end. In the end all nodes show the same, and all that anybody was told.
  mutating func finish() {
    cluster.lossPercent = 0
    cluster.run(for: .seconds(6))
    for (id, send) in sends {
      guard case .message(.client(.sendOk(let offset)))? = cluster.answers[id] else { continue }
      acknowledgedCount += 1
      acknowledged[send.key, default: []].append(Kafka.Entry(offset, send.message))
    }
    for place in cluster.names.indices {
      look(place)
      for key in keys {
        let entries = shown[place][key] ?? []
        if entries != shown[0][key] ?? [] { complaints.append("n\(place) and n0 differ in \(key)") }
        for entry in acknowledged[key] ?? [] where !entries.contains(entry) {
          complaints.append("n\(place) \(key): lost \(entry)")
        }
        if committed[place][key] ?? -1 < commits[key] ?? -1 {
          complaints.append("n\(place) \(key): forgotten that \(commits[key]!) is committed")
        }
      }
    }
  }
}

@Suite struct KafkaDurabilityTests {
  @Test(
    "nodes that are killed at any moment lose nothing that they have told anybody",
    arguments: 1...8 as ClosedRange<UInt64>)
  func kills(seed: UInt64) {
    let (count, acks) = [(1, "1"), (2, "1"), (3, "1"), (3, "quorum"), (3, "all")][Int(seed % 5)]
    var story = Story(nodes: count, acks: acks, seed: seed)
    for _ in 0..<200 { story.step() }
    story.finish()
    #expect(story.complaints == [], "\(count) nodes, acks=\(acks)")
    #expect(story.acknowledgedCount > 20 && story.killCount > 3)
  }

  /// Feeds a node, and keeps what it stores.
  private struct Keeper {
    var trial: Trial<KafkaNode>
    var log: [LogRecord] = []
    let acks: [String: Option.Value]

    init(acks: String = "1") {
      self.acks = ["acks": .choice(acks, of: ["1", "quorum", "all"])]
      trial = Trial(KafkaNode.self, options: self.acks)
      keep(trial.effectsOfStart)
    }

    mutating func keep(_ effects: [Effect<KafkaNode>]) {
      for case .persist(let record) in effects { log.append(record) }
    }

    mutating func hear(_ gossip: LogGossip, from peer: NodeID) {
      keep(trial.receive(.peer(gossip), from: peer, id: nil))
    }

    func recovered(from records: [LogRecord]) -> Trial<KafkaNode> {
      Trial(KafkaNode.self, options: acks, recovering: records, seed: 99, at: trial.now)
    }

    /// All that a node holds and shows.
    func inside(_ trial: Trial<KafkaNode>) -> [String] {
      var logs = trial.node.logs
      let keys: [JSONName] = ["a", "b", "c"]
      let all = Push(
        peer: "n1", known: .init(), since: .init(), scope: .all, bytesMax: .max, incarnation: logs.origin,
        wantsAnswer: false, challenge: nil, echo: nil)
      return [
        "\(logs.version.sorted)",
        "\(logs.batch(for: all).deltas.sorted { $0.origin < $1.origin })",
        "\(keys.map { Array(logs.shown($0, from: 0, limit: .max)) })", "\(keys.map { logs.committed($0) })",
        "\(logs.ownCount(heldBy: 2))",
        "\(keys.map { logs.append(0, to: $0) })",
      ]
    }
  }

  /// A node that has sent, heard and committed.
  private func keeper() -> Keeper {
    var keeper = Keeper(acks: "quorum")
    var peer = Trial(KafkaNode.self, me: "n1", options: keeper.acks, seed: 5)
    // All three have spoken at the start.
    let third = LogGossip([], Advertisement(Incarnation(name: "n2.x"), version: .init()))
    let second = LogGossip([], Advertisement(peer.node.dissemination.incarnation, version: .init()))
    let first = LogGossip([], Advertisement(keeper.trial.node.dissemination.incarnation, version: .init()))
    for (gossip, source) in [(second, "n1"), (third, "n2")] as [(LogGossip, NodeID)] {
      keeper.hear(gossip, from: source)
    }
    for (gossip, source) in [(first, "n0"), (third, "n2")] as [(LogGossip, NodeID)] {
      _ = peer.receive(.peer(gossip), from: source, id: nil)
    }
    for turn in 0..<60 {
      let key: JSONName = ["a", "b"][turn % 2]
      keeper.keep(keeper.trial.receive(.client(.send(key: key, message: .init(.integer(turn))))))
      _ = peer.receive(.client(.send(key: key, message: ["peer": .integer(turn)])))
      keeper.trial.now = keeper.trial.now + .seconds(1)
      peer.now = keeper.trial.now
      for (from, to) in [(0, 1), (1, 0), (0, 1)] {
        let effects = from == 0 ? keeper.trial.wake(.round) : peer.wake(.round)
        if from == 0 { keeper.keep(effects) }
        for case .send(.peer(let gossip), let node) in effects where node == ["n0", "n1"][to] {
          if to == 0 {
            keeper.hear(gossip, from: "n1")
          } else {
            _ = peer.receive(.peer(gossip), from: "n0", id: nil)
          }
        }
      }
      // The third takes in all, and says nothing of its own.
      var logs = keeper.trial.node.logs
      keeper.hear(LogGossip([], Advertisement(Incarnation(name: "n2.x"), version: logs.version)), from: "n2")
      let end = logs.shownEnd(key)
      if end >= 0 {
        keeper.keep(keeper.trial.receive(.client(.commitOffsets([.init(key, end)]))))
        keeper.keep(keeper.trial.receive(.client(.commitOffsets([.init(key, end)]))))
      }
    }
    return keeper
  }

  @Test("a node that recovers is the node that it was: from its whole log, and from its checkpoint")
  func recovery() throws {
    let keeper = keeper()
    let inside = keeper.inside(keeper.trial)
    #expect(keeper.log.count > 150)
    let log = try keeper.log.map { try reread($0) }
    #expect(log == keeper.log)
    #expect(keeper.inside(keeper.recovered(from: log)) == inside)
    let checkpoint = try #require(keeper.trial.node.checkpoint)
    #expect(keeper.inside(keeper.recovered(from: checkpoint)) == inside)
    #expect(checkpoint.count < 10)
    // And again, from a checkpoint and what came after it.
    let again = keeper.recovered(from: checkpoint).node.checkpoint
    #expect(again == checkpoint)
  }

  @Test("an offset is never given out twice, whatever part of the log a kill leaves")
  func prefixes() {
    let keeper = keeper()
    for count in 1...keeper.log.count {
      let prefix = Array(keeper.log.prefix(count))
      var held = -1
      for record in prefix {
        switch record {
        case .own(_, .message("a", let offset, _)): held = max(held, offset)
        case .delta(let delta):
          for case .message("a", let offset, _) in delta.entries { held = max(held, offset) }
        default: break
        }
      }
      var node = keeper.recovered(from: prefix).node
      #expect(node.logs.append(1, to: "a") > held)
      #expect(node.logs.origin == keeper.trial.node.logs.origin)
    }
  }

  @Test("one who asks a recovered node, and has all, gets nothing twice")
  func rejoining() {
    let keeper = keeper()
    var node = keeper.recovered(from: keeper.log)
    let pushes = node.wake(.round).compactMap { effect in
      if case .send(.peer(let gossip), _) = effect { gossip } else { nil }
    }
    #expect(pushes.count == 2)
    for gossip in pushes { #expect(gossip.deltas == [] && gossip.advertisement.challenge != nil) }
  }

  @Test(
    "a damaged record is refused",
    arguments: [
      #"{}"#, #"{"origin":1}"#, #"{"own":0,"record":["a",1,2]}"#, #"{"own":1,"record":[]}"#,
      #"{"own":1,"record":["a",1,2,"b",2,3]}"#, #"{"own":1}"#, #"{"delta":["n0.x",0]}"#,
      #"{"heard":"n1","origin":"n1.x"}"#, #"{"heard":"n1","version":{}}"#,
      #"{"delta":["n0.x",0,["a",1]]}"#,
    ])
  func damaged(text: String) {
    #expect(throws: WireError.self) { try LogRecord(record: JSONDocument().parse(Array(text.utf8))) }
  }
}
