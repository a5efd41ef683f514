import Glomers
import Testing
import Wire

@testable import Raft

/// A whole cluster of cores, message by message: what each stores, what is on its way, and figure 3.2's properties, which
/// are looked at after every step.
struct RaftGroup {
  typealias Message = RaftMessage<Notes>
  struct Letter {
    let from: NodeID
    let to: NodeID
    let message: Message
    var sent = Instant.zero
  }

  private(set) var nodes: [NodeID: Raft<Notes>] = [:]
  /// What each has stored, and keeps when it is killed.
  private(set) var disks: [NodeID: [RaftRecord<Notes>]] = [:]
  var mail: [Letter] = []
  private(set) var now = Instant.zero
  var random: Random
  /// What was sent, stored and answered, a line each.
  var transcript: [String] = []
  /// Messages from and to these are lost.
  var isolated: Set<NodeID> = []
  private(set) var answers: [NodeID: [CommandID: Outcome<Notes.Message>]] = [:]
  private(set) var readBatches: [NodeID: [Int]] = [:]
  private(set) var invariants = Invariants()
  /// What was committed anywhere when each batch of queries came.
  private var readFloors: [NodeID: [Int: Int]] = [:]
  private var lastBatch = 0
  let names: [NodeID]
  private let limits: Raft<Notes>.Limits
  private var lastNumber: [NodeID: Int] = [:]

  init(_ count: Int = 3, seed: UInt64 = 1, limits: Raft<Notes>.Limits = .init()) {
    names = (0..<count).map { NodeID("n\($0)") }
    random = Random(seed: seed)
    self.limits = limits
    for name in names { start(name) }
  }

  subscript(name: NodeID) -> Raft<Notes> { nodes[name]! }

  var leader: NodeID? {
    nodes.values.filter { $0.role == .leader }.max { $0.term < $1.term }?.me
  }

  // MARK: Steps

  /// Starts a node with what it has stored, for the first time or after a kill.
  mutating func start(_ name: NodeID) {
    var raft = Raft<Notes>(
      me: name, configuration: Configuration(voters: names), recovering: disks[name] ?? [],
      random: random.split(), at: now)
    raft.limits = limits
    nodes[name] = raft
    lastNumber[name] = 0
    settle(name)
  }

  mutating func kill(_ name: NodeID) { nodes[name] = nil }

  mutating func on<Result>(_ name: NodeID, _ body: (inout Raft<Notes>, Instant) -> Result) -> Result {
    let result = body(&nodes[name]!, now)
    settle(name)
    return result
  }

  /// Delivers the message at a place.
  mutating func deliver(_ place: Int = 0) {
    let letter = mail.remove(at: place)
    guard nodes[letter.to] != nil, !isolated.contains(letter.to), !isolated.contains(letter.from) else {
      return
    }
    on(letter.to) { $0.receive(letter.message, from: letter.from, at: $1) }
  }

  /// Delivers all there is, and what that leads to.
  mutating func deliverAll() {
    var count = 0
    while !mail.isEmpty, count < 10_000 {
      deliver()
      count += 1
    }
    #expect(count < 10_000, "the nodes talk without end")
  }

  /// Lets time pass, and every node do what is due.
  mutating func pass(_ duration: Duration) {
    now = now + duration
    for name in names where nodes[name] != nil { on(name) { $0.advance(to: $1) } }
  }

  /// Lets time pass in steps, and delivers everything at once.
  mutating func run(for duration: Duration, step: Duration = .milliseconds(10)) {
    let end = now + duration
    while now < end {
      pass(step)
      deliverAll()
    }
  }

  /// Lets time pass with messages that take as long, until something is so. Returns how long that was; nil if it never was.
  mutating func run(for duration: Duration, latency: Duration, until isDone: (RaftGroup) -> Bool) -> Duration?
  {
    let start = now
    while now - start < duration {
      pass(.milliseconds(1))
      let due = mail.indices.filter { mail[$0].sent + latency <= now }
      let (letters, rest) = (due.map { mail[$0] }, mail.filter { $0.sent + latency > now })
      mail = letters + rest
      for _ in letters { deliver() }
      if isDone(self) { return now - start }
    }
    return nil
  }

  /// A client's command at a node that leads. Returns its name if it was taken.
  mutating func propose(_ value: Int, at name: NodeID) -> CommandID? {
    lastNumber[name]! += 1
    let id = CommandID(origin: name, life: nodes[name]!.life, number: lastNumber[name]!)
    return on(name) { $0.propose(.add(value), as: id, at: $1) } ? id : nil
  }

  /// A client's command at a node that follows: it goes to the leader, as often as said.
  mutating func forward(_ value: Int, at name: NodeID, copies: Int) {
    guard let leader = nodes[name]!.leader, leader != name else { return }
    lastNumber[name]! += 1
    let message = Message.forward(
      life: nodes[name]!.life, [Forwarded(number: lastNumber[name]!, .add(value))])
    for _ in 0..<copies { mail.append(Letter(from: name, to: leader, message: message)) }
  }

  /// A client's query at any node.
  mutating func ask(_ name: NodeID) {
    lastBatch += 1
    let (batch, life) = (lastBatch, nodes[name]!.life)
    guard let leader = nodes[name]!.leader else { return }
    readFloors[name, default: [:]][batch] = invariants.committedIndex
    if leader == name {
      _ = on(name) { $0.read(batch, life: life, of: name, askedIn: $0.term, at: $1) }
    } else {
      let message = Message.readIndex(life: life, batch: batch, term: nodes[name]!.term)
      mail.append(Letter(from: name, to: leader, message: message))
    }
  }

  /// A node's log is replaced by its checkpoint.
  mutating func checkpoint(_ name: NodeID) { disks[name] = nodes[name]!.checkpoint }

  private static func text(_ message: Message) -> String {
    var writer = JSONWriter()
    writer.beginObject()
    message.write(to: &writer)
    writer.endObject()
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private static func text(_ record: RaftRecord<Notes>) -> String {
    var writer = JSONWriter()
    record.write(asObjectTo: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// Carries out what a node wants done.
  private mutating func settle(_ name: NodeID) {
    while nodes[name]!.hasActions || nodes[name]!.wantsFlush {
      nodes[name]!.flush(at: now)
      var actions: [Raft<Notes>.Action] = []
      nodes[name]!.drain(into: &actions)
      for action in actions {
        switch action {
        case .send(let message, let node):
          transcript.append("\(name) to \(node) \(Self.text(message))")
          mail.append(Letter(from: name, to: node, message: message, sent: now))
        case .persist(let record):
          disks[name, default: []].append(record)
          transcript.append("\(name) stores \(Self.text(record))")
        case .applied(let id, let outcome):
          answers[name, default: [:]][id] = outcome
          transcript.append("\(name) applied command \(id.number) of life \(id.life)")
        case .mayRead(let batch):
          readBatches[name, default: []].append(batch)
          transcript.append("\(name) may answer batch \(batch) of queries")
          if let floor = readFloors[name]?[batch], nodes[name]!.applied < floor {
            invariants.violate(
              "Linearizability: \(name) answers from \(nodes[name]!.applied), and \(floor) was committed")
          }
        case .changed(let configuration):
          transcript.append(
            "\(name) knows that members are \(configuration.voters) and learners \(configuration.learners)")
        case .restored: transcript.append("\(name) was restored from a snapshot")
        case .skipped(let id): transcript.append("\(name) skipped command \(id.number) of life \(id.life)")
        }
      }
    }
    invariants.check(nodes[name]!)
  }
}

/// Figure 3.2's safety properties, and what the state machine shows.
struct Invariants {
  private var figure = RaftInvariants<Notes>()
  /// What did not hold, in words.
  private(set) var violations: [String] = []
  /// The state machine after each index.
  private var states: [Int: [Int]] = [:]

  /// The greatest index that any node has committed.
  var committedIndex: Int { figure.committedIndex }

  mutating func violate(_ what: String) { violations.append(what) }

  private mutating func demand(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { violate(what()) }
  }

  mutating func check(_ raft: Raft<Notes>) {
    if let violation = figure.look(at: raft, isStored: true) { violate("\(violation)") }
    demand(raft.applied == raft.commit, "\(raft.me) has not applied what is committed")
    let values = raft.machine.values
    if let known = states[raft.applied] {
      demand(known == values, "State Machine Safety: \(raft.me) differs at \(raft.applied)")
    } else {
      demand(Set(values).count == values.count, "\(raft.me) applied a command twice")
      states[raft.applied] = values
    }
  }
}
