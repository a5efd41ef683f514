public import Glomers
internal import Wire

/// Messages between nodes that their hosts carry past the bench (``Scenario/Carrier/real``), as far as it has heard of
/// them. A message may be heard of at its receiver's host before it is at its sender's.
struct CarriedMessages: Sendable {
  enum Fate: Equatable, Sendable {
    case arrived
    /// For a reason in a few words.
    case lost(String)
  }

  /// More than hosts can have told of and not yet sent: their queues are bounded in bytes.
  static let waitingMax = 1 << 20

  /// Lines only where somebody wants to see them arrive.
  private var underWay: [Int: [UInt8]] = [:]
  private var early: [Int: Fate] = [:]

  /// A message has been sent. Returns what became of it, if that is known already.
  ///
  /// - Parameter line: to have again when it arrives; may be empty.
  mutating func sent(_ number: Int, _ line: [UInt8]) -> Fate? {
    if let fate = early.removeValue(forKey: number) { return fate }
    if underWay.count < Self.waitingMax { underWay[number] = line }
    return nil
  }

  /// Returns the line that a message was sent with; nil if it is not known to be under way: its fate is kept until then.
  mutating func ended(_ number: Int, _ fate: Fate) -> [UInt8]? {
    if let line = underWay.removeValue(forKey: number) { return line }
    if early.count < Self.waitingMax { early[number] = fate }
    return nil
  }
}

extension TestRun {
  /// What is to be done where the nodes are, by whatever carries messages between them.
  public enum HostOrder: Equatable, Sendable {
    /// These are the cuts in force from now on.
    case cut([Cut])
    /// Ends one of the servers between the hosts, by its place.
    case killServer(Int)
    /// Starts it again, by its place.
    case startServer(Int)
  }

  /// Who does not hear whom, for one reason.
  public struct Cut: Equatable, Sendable {
    /// What messages that it drops are said to be lost by.
    public let name: String
    /// For each receiver, whom it does not hear.
    public let grudge: Grudge
  }

  /// Hands out what hosts are to do. There is nothing where all messages go through the bench.
  public mutating func takeHostOrders() -> [HostOrder] {
    guard !orders.isEmpty else { return [] }
    defer { orders = [] }
    return orders
  }

  /// Tells the hosts which nodes do not hear which others: by a partition, or since nothing is heard of a node at all.
  mutating func orderCuts() {
    guard scenario.carrier == .real else { return }
    var all = cuts.sorted { $0.key < $1.key }.map { Cut(name: $0.key, grudge: $0.value) }
    if !states.silenced.isEmpty {
      all.append(
        Cut(
          name: "silenced",
          grudge: Grudge(Dictionary(uniqueKeysWithValues: nodes.map { ($0, states.silenced) }))))
    }
    orders.append(.cut(all))
  }

  // MARK: What hosts tell

  /// A host has taken a message from a node to another one.
  ///
  /// - Parameter line: with its number, without its newline.
  public mutating func carried(_ line: [UInt8], at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished else { return }
    guard let message = try? desk.document.parse(line),
      let number = message.optionalElement("id")?.integer,
      let source = message.optionalElement("src")?.string.map({ NodeID($0) }),
      let destination = message.optionalElement("dest")?.string.map({ NodeID($0) }),
      place(of: source).map({ $0 < nodes.count }) ?? false,
      place(of: destination).map({ $0 < nodes.count }) ?? false, !states.isSilenced(source)
    else { return }
    noteSent(line.span, involvesClient: false, numberBytes: #""id":,"#.utf8.count + "\(number)".utf8.count)
    states.printed(source)
    if isPreparing { openings[source, default: Opening()].note(line.span) }
    noteTelling(by: source)
    record?.sent(line, number, from: source, to: destination, operation: nil, at: clock)
    if let fate = carried.sent(number, scenario.logNetworkReceives ? line : []) { settle(number, fate, line) }
  }

  /// A host has given a message to its receiver.
  public mutating func carriedArrived(_ number: Int, at now: Instant) {
    ended(number, .arrived, at: now)
  }

  /// A host has dropped a message, for a reason in a few words.
  public mutating func carriedLost(_ number: Int, _ reason: String, at now: Instant) {
    ended(number, .lost(reason), at: now)
  }

  private mutating func ended(_ number: Int, _ fate: CarriedMessages.Fate, at now: Instant) {
    clock = max(clock, now)
    guard phase != .idle, phase != .finished, let line = carried.ended(number, fate) else { return }
    settle(number, fate, line)
  }

  private mutating func settle(_ number: Int, _ fate: CarriedMessages.Fate, _ line: [UInt8]) {
    switch fate {
    case .arrived:
      noteReceived(line.span, involvesClient: false)
      record?.delivered(number, at: clock)
    case .lost(let reason):
      record?.mishap(.init(kind: .lost, message: number, cause: reason), at: clock)
    }
  }

  // MARK: Servers

  mutating func killServer() -> JSON {
    guard scenario.serverCount > 0, serverDown == nil else { return .null }
    let server = nemesis.server(of: scenario.serverCount)
    serverDown = server
    orders.append(.killServer(server))
    faults[.server] = "server \(server + 1) killed"
    return .integer(server + 1)
  }

  mutating func startServer() -> JSON {
    guard let server = serverDown else { return .null }
    serverDown = nil
    orders.append(.startServer(server))
    faults[.server] = nil
    return .integer(server + 1)
  }
}
