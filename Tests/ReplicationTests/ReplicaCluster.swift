import Glomers
import Testing

@testable import Replication

/// Nodes that hold replicated sets, the network between them, and kills, in virtual time.
struct ReplicaCluster {
  struct Message {
    let from: Int
    let to: Int
    let due: Instant
    let deltas: [Delta<JSON>]
    let advertisement: Advertisement
  }

  struct Replica {
    var set: ReplicatedSet
    var dissemination: Dissemination
    var timer: Instant?
    /// What a kill leaves, if the node stores anything.
    var log: [Delta<JSON>] = []
  }

  let names: [NodeID]
  private(set) var replicas: [Replica?]
  private(set) var logs: [[Delta<JSON>]]
  private(set) var flying: [Message] = []
  private(set) var now = Instant.zero
  private(set) var sent: [Message] = []
  private(set) var added: Set<JSON> = []
  var random: Random
  private var invariants = ReplicationInvariants<JSON>()
  var latency = 1...40
  /// Whether a message from one to another arrives.
  var passes: (_ from: Int, _ to: Int, inout Random) -> Bool = { _, _, _ in true }
  private let pace: Pace

  init(
    _ count: Int, seed: UInt64 = 1, messageBytesMax: Int = 256 << 10, windowBytes: Int = 1 << 20
  ) {
    random = Random(seed: seed)
    names = (0..<count).map { NodeID("n\($0)") }
    pace = Pace(
      period: .milliseconds(100), timeout: .milliseconds(300), messageBytesMax: messageBytesMax,
      windowBytes: windowBytes)
    replicas = names.map { _ in nil }
    logs = names.map { _ in [] }
    for place in names.indices { start(place) }
  }

  // MARK: Events

  /// Starts a node, with what it has stored if it comes back with that.
  mutating func start(_ place: Int, recovering records: [Delta<JSON>] = []) {
    logs[place] = records
    replicas[place] = Replica(
      set: ReplicatedSet(recovering: records),
      dissemination: Dissemination(
        Cluster(me: names[place], nodes: names), pace, &random, at: now))
    proceed(place)
  }

  mutating func kill(_ place: Int) { replicas[place] = nil }

  mutating func add(_ value: JSON, at place: Int) {
    guard let stream = replicas[place]?.dissemination.stream else {
      _ = replicas[place]!.set.add(value, from: nil)
      logs[place].append(replicas[place]!.set.lastAdded(from: nil))
      return
    }
    if replicas[place]!.set.add(value, from: stream) {
      logs[place].append(replicas[place]!.set.lastAdded(from: stream))
    }
    added.insert(value)
    proceed(place)
  }

  /// Runs until all are silent, or until an instant.
  mutating func run(until end: Instant) {
    while let next = (replicas.compactMap { $0?.timer } + flying.map(\.due)).min(), next <= end {
      now = max(now, next)
      let arriving = flying.filter { $0.due <= now }
      flying.removeAll { $0.due <= now }
      for message in arriving { deliver(message) }
      for place in replicas.indices where replicas[place]?.timer.map({ $0 <= now }) ?? false { round(place) }
    }
    now = end
  }

  mutating func run(for duration: Duration) { run(until: now + duration) }

  private mutating func proceed(_ place: Int) {
    var replica = replicas[place]!
    if let stream = replica.dissemination.settle(holding: replica.set.version, at: now),
      let record = replica.set.number(in: stream)
    {
      logs[place].append(record)
    }
    if let due = replica.dissemination.schedule(holding: replica.set.version, at: now) { replica.timer = due }
    replicas[place] = replica
    // A test may start a node without its log.
    let breach = invariants.look(
      at: replica.dissemination, holding: replica.set.version, isStored: true, keepsRecords: false,
      entriesOf: replica.set)
    if let breach { Issue.record("\(breach.name): \(breach.detail)") }
  }

  private mutating func round(_ place: Int) {
    var replica = replicas[place]!
    replica.timer = nil
    for push in replica.dissemination.round(holding: replica.set.version, at: now) {
      let batch = replica.set.batch(for: push)
      let advertisement = replica.dissemination.sent(batch, of: replica.set.version, in: push)
      let to = names.firstIndex(of: push.peer)!
      let message = Message(
        from: place, to: to, due: now + .milliseconds(Int.random(in: latency, using: &random)),
        deltas: batch.deltas, advertisement: advertisement)
      sent.append(message)
      if passes(place, to, &random) { flying.append(message) }
    }
    replicas[place] = replica
    proceed(place)
  }

  private mutating func deliver(_ message: Message) {
    guard var replica = replicas[message.to] else { return }
    let source = names[message.from]
    if replica.dissemination.admits(message.advertisement, from: source) {
      for delta in message.deltas {
        let count = replica.set.merge(delta)
        if count > 0 { logs[message.to].append(replica.set.last(count, of: delta.origin)) }
      }
      replica.dissemination.heard(
        message.advertisement, from: source, holding: replica.set.version, at: now)
    }
    replicas[message.to] = replica
    proceed(message.to)
  }

  /// Delivers a message again, as it was.
  mutating func redeliver(_ message: Message) { deliver(message) }

  // MARK: Findings

  /// The dots that name two values at two replicas: never any.
  var ambiguous: [String] {
    var dots: [String: JSON] = [:]
    var ambiguous: [String] = []
    for delta in replicas.compactMap({ $0?.set.deltas(since: .init()) }).joined() {
      for (place, value) in delta.entries.enumerated() {
        let dot = "\(delta.origin):\(place + 1)"
        if let before = dots.updateValue(value, forKey: dot), before != value { ambiguous.append(dot) }
      }
    }
    return ambiguous
  }

  func values(at place: Int) -> Set<JSON> { Set(replicas[place]?.set.values ?? []) }

  var agree: Bool {
    let sets = replicas.compactMap { $0.map { Set($0.set.values) } }
    return sets.allSatisfy { $0 == sets[0] }
  }

  var isSilent: Bool { replicas.allSatisfy { $0?.timer == nil } && flying.isEmpty }
}
