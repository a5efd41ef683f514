internal import DequeModule
internal import Glomers
internal import Wire

/// Where the nodes of a run are, whose agents carry messages from node to node past the bench.
struct Roster: Codable, Equatable {
  let agents: [String]
  /// The place of each node's agent among these.
  let places: [String: Int]
  /// How long each message is kept at its receiver's agent, on top of the way through the network.
  let latencyNanoseconds: Int64

  var isSound: Bool {
    agents.allSatisfy { Protocol.isToken($0) } && Set(agents).count == agents.count && latencyNanoseconds >= 0
      && places.allSatisfy { Protocol.isToken($0.key) && agents.indices.contains($0.value) }
  }
}

/// Which nodes do not hear which others, and what messages that are dropped for it are said to be lost by.
struct Deafness: Codable, Equatable {
  let name: String
  let sources: [String: Set<String>]
}

/// The reply subject of what one agent says to another: `<number>.<agent>`, and for lines of a node `.<node>`.
struct PeerLabel: Equatable {
  let number: Int
  let agent: String
  let node: String

  init(_ number: Int, _ agent: String, _ node: String = "") {
    self.number = number
    self.agent = agent
    self.node = node
  }

  init?(_ text: String) {
    let tokens = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (2...3).contains(tokens.count), let number = Int(tokens[0]) else { return nil }
    self.init(number, String(tokens[1]), tokens.count == 3 ? String(tokens[2]) : "")
  }

  var text: String { "\(number).\(agent)" + (node.isEmpty ? "" : ".\(node)") }
}

/// An agent's part in carrying messages from node to node, past the bench.
///
/// 1. A line of a node here that is a plain message to a node of the run gets a number, and goes to the receiver's agent on the
///    receiver's own subject. Everything else is for the bench: what clients and services get, and what is wrong.
/// 2. Between two agents there is a ``Link`` each way, so nothing is lost while a server restarts. What finds 64 MiB waiting for
///    a peer is dropped.
/// 3. The receiver's agent drops what crosses a cut, and what comes while the node is down. A node that has been started gets
///    nothing before the bench's first line to it, which says who it is.
/// 4. The bench is told, afterwards, of each line that was sent and of what became of each number.
///
/// Pure: time and messages come in as arguments; what is to be published, and told, is taken out.
struct Crossing {
  struct Message: Equatable {
    let subject: String
    let reply: String
    let bytes: [UInt8]
  }

  private enum Presence {
    /// Not started yet, or started and not told who it is.
    case expected
    case present
    case down
  }

  private struct Letter {
    let number: Int
    let source: String
    let destination: String
    let line: [UInt8]
    let due: Instant
  }

  private struct Peer {
    let name: String
    var link = Link()
  }

  private struct Pair: Hashable {
    let source: String
    let destination: String
  }

  /// A line with its number and newline.
  static let lineBytesMax = (16 << 20) + 64

  private let run: String
  private let place: Int
  private let roster: Roster
  private let latency: Duration
  /// What waits here at most for nodes, until it is due or they have been told who they are; and for each peer.
  private let waitingBytesMax: Int
  private let document = JSONDocument()
  private var lastNumber: Int
  /// By place; the own one stays unused.
  private var peers: [Peer]
  private var presence: [String: Presence] = [:]
  private var deafness: [Deafness] = []

  /// Lines for peers, of this turn, and in which order their pairs came up.
  private var outgoing: [Pair: [UInt8]] = [:]
  private var order: [Pair] = []
  private var messages: [Message] = []
  /// Lines that have come, in the order of their dues, and those for nodes that are to be told who they are first.
  private var queue: Deque<Letter> = []
  private var held: [String: [Letter]] = [:]
  private(set) var waitingBytes = 0
  private var joiners: [Pair: LineJoiner] = [:]

  private var sent: [UInt8] = []
  private var arrived: [Int] = []
  private var lost: [String: [Int]] = [:]

  /// Nil if the agent has no part in the roster, or that is not sound.
  init?(run: String, agent: String, _ roster: Roster, waitingBytesMax: Int = Protocol.waitingBytesMax) {
    guard roster.isSound, let place = roster.agents.firstIndex(of: agent) else { return nil }
    self.run = run
    self.place = place
    self.roster = roster
    latency = .nanoseconds(roster.latencyNanoseconds)
    self.waitingBytesMax = waitingBytesMax
    // The bench counts from 0; every agent has numbers of its own.
    lastNumber = (place + 1) << 40
    peers = roster.agents.map { Peer(name: $0) }
    for (node, home) in roster.places where home == place { presence[node] = .expected }
    for other in peers.indices where other != place { say(.greeting, to: other, node: agent, source: "", []) }
  }

  // MARK: What nodes here say

  /// Takes a line, without its newline, if it is a plain message to a node of the run.
  mutating func take(_ line: UnsafeRawBufferPointer, from source: String, at now: Instant) -> Bool {
    guard let message = try? document.parse(line),
      message.count == 3 || message.count == 4 && message.optionalElement("id")?.isInteger ?? false,
      message.optionalElement("src")?.string == source,
      let destination = message.optionalElement("dest")?.string, let home = roster.places[destination],
      message.optionalElement("body")?.object != nil
    else { return false }
    lastNumber += 1
    let numbered = NumberedLine.make(line.bindMemory(to: UInt8.self).span, message, lastNumber)
    sent += numbered
    if home == place {
      enqueue(numbered, lastNumber, from: source, to: destination, at: now)
    } else {
      let pair = Pair(source: source, destination: destination)
      if outgoing[pair, default: []].isEmpty { order.append(pair) }
      outgoing[pair, default: []] += numbered
    }
    return true
  }

  /// The number in a line that an agent has numbered.
  static func number(of line: some Collection<UInt8>) -> Int? {
    var number = 0
    for byte in line.dropFirst(#"{"id":"#.utf8.count).prefix(18) {
      let digit = byte &- UInt8(ascii: "0")
      guard digit <= 9 else { return number > 0 ? number : nil }
      number = 10 * number + Int(digit)
    }
    return nil
  }

  /// Makes messages of what nodes have said since the last time.
  mutating func flush(payloadBytesMax: Int) {
    for pair in order {
      let bytes = outgoing.removeValue(forKey: pair) ?? []
      let home = roster.places[pair.destination]!
      guard peers[home].link.waitingBytes <= waitingBytesMax else {
        for line in bytes.split(separator: UInt8(ascii: "\n")) { lose(Self.number(of: line), "queue full") }
        continue
      }
      for chunk in chunks(of: bytes, bytes: payloadBytesMax) {
        say(.lines, to: home, node: pair.destination, source: pair.source, chunk)
      }
    }
    order.removeAll(keepingCapacity: true)
  }

  // MARK: What agents say to each other

  private func subject(_ verb: Verb, to peer: Int, node: String) -> String {
    Subject(run, peers[peer].name, .across, verb, node: node).text
  }

  private mutating func say(_ verb: Verb, to peer: Int, node: String, source: String, _ bytes: [UInt8]) {
    let entry = peers[peer].link.send(subject(verb, to: peer, node: node), label: source, bytes)
    publish(entry)
  }

  private mutating func publish(_ entry: Link.Entry) {
    messages.append(
      Message(
        subject: entry.subject, reply: PeerLabel(entry.number, roster.agents[place], entry.label).text,
        bytes: entry.bytes))
  }

  /// Says to all peers what has come of theirs.
  mutating func beat() {
    for peer in peers.indices where peer != place {
      messages.append(
        Message(
          subject: subject(.beat, to: peer, node: roster.agents[place]), reply: "",
          bytes: peers[peer].link.beat.bytes))
    }
  }

  /// Takes what another agent has said to this one; anything else is left aside.
  mutating func receive(_ subject: Subject, reply: String, _ bytes: [UInt8], at now: Instant) {
    guard subject.verb != .beat else { return hear(bytes, from: subject.node) }
    guard let label = PeerLabel(reply), let peer = self.peer(label.agent),
      peers[peer].link.receive(label.number), subject.verb == .lines,
      roster.places[label.node] == peer, roster.places[subject.node] == place
    else { return }
    let pair = Pair(source: label.node, destination: subject.node)
    var joiner = joiners[pair] ?? LineJoiner(bytesMax: Self.lineBytesMax)
    // A line in a message of its own is the usual case.
    joiner.take(bytes) { line in
      guard let number = Self.number(of: line) else { return }
      enqueue(line + [UInt8(ascii: "\n")], number, from: pair.source, to: pair.destination, at: now)
    }
    joiners[pair] = joiner
  }

  private mutating func hear(_ bytes: [UInt8], from agent: String) {
    guard let peer = peer(agent), let beat = Beat(bytes: bytes) else { return }
    for entry in peers[peer].link.heard(beat) ?? [] { publish(entry) }
  }

  private func peer(_ name: String) -> Int? {
    roster.agents.firstIndex(of: name).flatMap { $0 == place ? nil : $0 }
  }

  /// Whether every peer has been heard, and has heard this agent.
  var isLinked: Bool {
    peers.indices.allSatisfy { peer in
      peer == place || peers[peer].link.beat.received > 0 && peers[peer].link.acknowledged > 0
    }
  }

  // MARK: What nodes here get

  /// Takes what is to be told to peers.
  mutating func takeMessages() -> [Message] {
    defer { messages.removeAll(keepingCapacity: true) }
    return messages
  }

  /// Which nodes do not hear which others, from now on.
  mutating func impose(_ deafness: [Deafness]) { self.deafness = deafness }

  /// A node has been started, and is yet to be told who it is.
  mutating func started(_ node: String) { if presence[node] != nil { presence[node] = .expected } }

  /// A node has been given a line by the bench.
  mutating func wasTold(_ node: String) {
    guard presence[node] == .expected else { return }
    presence[node] = .present
    for letter in (held.removeValue(forKey: node) ?? []).reversed() { queue.prepend(letter) }
  }

  /// A node is killed, or has ended: what was on its way to it is lost.
  mutating func ended(_ node: String) {
    guard presence[node] != nil, presence[node] != .down else { return }
    presence[node] = .down
    for letter in (held.removeValue(forKey: node) ?? []) + queue.filter({ $0.destination == node }) {
      lose(letter, "kill")
    }
    queue.removeAll { $0.destination == node }
  }

  /// When the next line is due.
  var deadline: Instant? { queue.first?.due }

  /// Gives nodes what is due.
  ///
  /// - Parameter give: returns whether the node's pipe has taken the line.
  mutating func deliver(at now: Instant, _ give: (_ line: [UInt8], _ node: String) -> Bool) {
    while let letter = queue.first, letter.due <= now {
      queue.removeFirst()
      if let cut = deafness.first(where: { $0.sources[letter.destination]?.contains(letter.source) ?? false })
      {
        lose(letter, cut.name)
        continue
      }
      switch presence[letter.destination] {
      case .expected: held[letter.destination, default: []].append(letter)
      case .present:
        if give(letter.line, letter.destination) {
          waitingBytes -= letter.line.count
          arrived.append(letter.number)
        } else {
          lose(letter, "unread")
        }
      default: lose(letter, "node down")
      }
    }
  }

  private mutating func enqueue(
    _ line: [UInt8], _ number: Int, from source: String, to destination: String, at now: Instant
  ) {
    guard waitingBytes + line.count <= waitingBytesMax else { return lose(number, "queue full") }
    waitingBytes += line.count
    queue.append(
      Letter(number: number, source: source, destination: destination, line: line, due: now + latency))
  }

  private mutating func lose(_ letter: Letter, _ reason: String) {
    waitingBytes -= letter.line.count
    lose(letter.number, reason)
  }

  private mutating func lose(_ number: Int?, _ reason: String) {
    if let number { lost[reason, default: []].append(number) }
  }

  // MARK: What the bench is told

  /// Takes the lines that nodes here have sent to nodes.
  mutating func takeSent() -> [UInt8] {
    guard !sent.isEmpty else { return [] }
    defer { sent.removeAll(keepingCapacity: sent.count < 1 << 20) }
    return sent
  }

  /// Takes what became of messages to nodes here, and of those that were dropped on their way out.
  mutating func takeFates() -> [Fates] {
    guard !arrived.isEmpty || !lost.isEmpty else { return [] }
    defer {
      arrived.removeAll(keepingCapacity: true)
      lost = [:]
    }
    let told = lost.sorted { $0.key < $1.key }.map { Fates(reason: $0.key, numbers: $0.value) }
    return arrived.isEmpty ? told : told + [Fates(reason: nil, numbers: arrived)]
  }
}

/// What became of some messages, as an agent tells the bench: a line with the reason why they were lost, which is empty where
/// they arrived, and one with their numbers.
struct Fates: Equatable {
  let reason: String?
  let numbers: [Int]

  init(reason: String?, numbers: [Int]) {
    self.reason = reason
    self.numbers = numbers
  }

  init?(bytes: [UInt8]) {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), end <= 64 else { return nil }
    reason = end == 0 ? nil : String(decoding: bytes[..<end], as: UTF8.self)
    numbers = bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).compactMap {
      Int(String(decoding: $0, as: UTF8.self))
    }
  }

  /// In messages of so many bytes at most.
  func chunks(bytes: Int) -> [[UInt8]] {
    let head = Array("\(reason ?? "")\n".utf8)
    // A number and a space.
    let count = max(1, (bytes - head.count) / 20)
    return stride(from: 0, to: numbers.count, by: count).map { start in
      head + numbers[start..<min(start + count, numbers.count)].map { "\($0)" }.joined(separator: " ").utf8
    }
  }
}

/// Puts lines together that messages have cut.
struct LineJoiner {
  let bytesMax: Int
  /// The beginning of a line whose end is in a message to come.
  private var beginning: [UInt8] = []

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Takes a piece; `line` gets each line that it ends, without its newline. Returns how long a line without an end had become
  /// where it is given up.
  @discardableResult
  mutating func take(_ bytes: [UInt8], _ line: ([UInt8]) -> Void) -> Int? {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let whole = beginning.isEmpty ? Array(rest[..<end]) : beginning + rest[..<end]
      beginning = []
      rest = rest[(end + 1)...]
      line(whole)
    }
    beginning.append(contentsOf: rest)
    guard beginning.count > bytesMax else { return nil }
    defer { beginning = [] }
    return beginning.count
  }
}
