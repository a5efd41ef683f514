import Glomers

/// Nodes with logs that are killed at any moment, and the network between them, in virtual time.
///
/// Records take a while to be stored. A kill keeps, of those that were on their way, as many as the dice say: nobody
/// has been told anything yet that rests on them.
struct StoredCluster<N: Node> {
  private struct Member {
    let name: NodeID
    /// Nil while it is down.
    var host: Host<N>?
    var log: [N.Record] = []
    var pending: [N.Record] = []
    var storing: Instant?
  }

  private(set) var now = Instant.zero
  /// What nodes have answered to clients, by the id of the request.
  private(set) var answers: [Int: Envelope<N>.Body] = [:]
  /// Messages between nodes.
  private(set) var messageCount = 0
  /// The last of them.
  private(set) var lastMessage = Instant.zero
  private(set) var random: Random
  /// Of a hundred messages between nodes, so many are lost, and as many arrive twice.
  var lossPercent = 0
  /// Whether logs are replaced by checkpoints, every other time that something is stored.
  var takesCheckpoints = false
  /// Sees what nodes say to nodes.
  var observe: (Envelope<N>) -> Void = { _ in }

  let names: [NodeID]
  private let options: [String: Option.Value]
  private var members: [Member]
  private var flying: [(envelope: Envelope<N>, due: Instant)] = []
  private var requestCount = 0
  private static var storingMax: Int { 20 }
  private static var latencyMax: Int { 60 }

  init(_ type: N.Type = N.self, count: Int, options: [String: Option.Value] = [:], seed: UInt64) {
    random = Random(seed: seed)
    names = (0..<count).map { NodeID("n\($0)") }
    self.options = options
    members = names.map { Member(name: $0) }
    for place in names.indices { start(place) }
  }

  /// Draws from the dice that decide everything else here.
  mutating func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

  func isUp(_ place: Int) -> Bool { members[place].host != nil }

  /// What a kill would leave of a node that is left alone for a while.
  func log(of place: Int) -> [N.Record] { members[place].log }

  // MARK: Events

  /// Starts a node that is down with what its log has.
  mutating func start(_ place: Int) {
    var host = Host<N>(options: options, random: random.split(), keepsRecords: true)
    host.recover(members[place].log)
    host.receive(
      Envelope(from: "c0", to: names[place], id: 0, .initialize(me: names[place], nodes: names)), at: now)
    members[place].host = host
    drain(place)
  }

  mutating func kill(_ place: Int) {
    members[place].host = nil
    members[place].log += members[place].pending.prefix(draw(0..<members[place].pending.count + 1))
    members[place].pending = []
    members[place].storing = nil
  }

  /// Loses what a node that is down has stored.
  mutating func forget(_ place: Int) { members[place].log = [] }

  /// Hands a node a client's request. Returns its id.
  mutating func request(_ message: N.Message, of place: Int) -> Int {
    requestCount += 1
    let envelope = Envelope<N>(from: "c1", to: names[place], id: requestCount, .message(message))
    members[place].host?.receive(envelope, at: now)
    drain(place)
    return requestCount
  }

  /// What a node answers to a request when it has stored what it must.
  mutating func answer(to message: N.Message, of place: Int) -> N.Message? {
    let id = request(message, of: place)
    run(for: .milliseconds(Self.storingMax + 1))
    if case .message(let answer)? = answers[id] { return answer }
    return nil
  }

  /// Lets time pass.
  mutating func run(for duration: Duration) {
    let end = now + duration
    while let next = (flying.map(\.due) + members.compactMap(deadline)).min(), next <= end {
      now = max(now, next)
      let arrived = flying.filter { $0.due <= now }
      flying.removeAll { $0.due <= now }
      for (envelope, _) in arrived { deliver(envelope) }
      for place in members.indices {
        if let storing = members[place].storing, storing <= now { store(place) }
        while members[place].host?.advance(to: now) ?? false { drain(place) }
      }
    }
    now = end
  }

  private func deadline(_ member: Member) -> Instant? {
    guard let host = member.host else { return nil }
    return [host.deadline, member.storing].compactMap { $0 }.min()
  }

  private mutating func deliver(_ envelope: Envelope<N>) {
    guard let place = names.firstIndex(of: envelope.destination), members[place].host != nil else { return }
    members[place].host!.receive(envelope, at: now)
    drain(place)
  }

  private mutating func store(_ place: Int) {
    members[place].log += members[place].pending
    members[place].pending = []
    members[place].storing = nil
    members[place].host!.stored(at: now)
    if takesCheckpoints, draw(0..<2) == 0 { members[place].log = members[place].host!.checkpoint! }
    drain(place)
  }

  private mutating func drain(_ place: Int) {
    var sent: [Envelope<N>] = []
    var records: [N.Record] = []
    members[place].host?.drain { output in
      switch output {
      case .send(let envelope): sent.append(envelope)
      case .store(let record): records.append(record)
      case .log: break
      }
    }
    if !records.isEmpty {
      members[place].pending += records
      members[place].storing = members[place].storing ?? now + .milliseconds(draw(0..<Self.storingMax))
    }
    for envelope in sent { carry(envelope) }
  }

  private mutating func carry(_ envelope: Envelope<N>) {
    guard names.contains(envelope.destination) else {
      if let id = envelope.inReplyTo { answers[id] = envelope.body }
      return
    }
    observe(envelope)
    messageCount += 1
    lastMessage = now
    for _ in 0..<copies() {
      flying.append((envelope, now + .milliseconds(draw(1..<Self.latencyMax))))
    }
  }

  private mutating func copies() -> Int {
    let luck = draw(0..<100)
    return luck < lossPercent ? 0 : luck < 2 * lossPercent ? 2 : 1
  }
}
