internal import Glomers

/// What the nodes of a run came across: which faults when, which messages were lost, and which kills came at a bad
/// moment. Shows whether a run, or a sweep of many, has tried anything at all.
public struct Encounters: Equatable, Sendable {
  /// A part of a test in which there can be faults.
  public enum Part: Int, CaseIterable, Comparable, Sendable {
    /// Thirds of the time in which requests are made.
    case early, middle, late
    /// After that, until the last answer.
    case draining

    public static func < (a: Part, b: Part) -> Bool { a.rawValue < b.rawValue }
  }

  /// When each kind of fault was in force.
  public private(set) var faults: [Scenario.Fault: Set<Part>] = [:]
  /// Since which part of the test each fault that is in force has been.
  private var begun: [Scenario.Fault: Part] = [:]
  /// Messages between servers that never arrived, by their type.
  public private(set) var lost: [String: Int] = [:]
  /// Messages that arrived twice, and that were held up, one by one.
  public private(set) var doubledCount = 0
  /// Messages that were held up, one by one.
  public private(set) var heldUpCount = 0
  /// How often a node was killed.
  public private(set) var killCount = 0
  /// Kills of a node that had acknowledged a change and had sent nothing to another node since it got the request: nobody else can know
  /// of the change.
  public private(set) var killsBeforeTelling = 0

  /// The most types that are told apart: nodes may name as many as they like.
  static var typesMax: Int { 64 }

  mutating func noteLost(_ line: [UInt8]) {
    let type = Self.type(of: line)
    lost[lost[type] != nil || lost.count < Self.typesMax ? type : "others", default: 0] += 1
  }

  /// Faults are about to change, or have changed: those in force now count for all parts since they began.
  mutating func noteFaults(_ faults: some Collection<Scenario.Fault>, in part: Part) {
    for fault in faults {
      let since = begun[fault] ?? part
      begun[fault] = since
      self.faults[fault, default: []].formUnion(Part.allCases.filter { since <= $0 && $0 <= part })
    }
    for fault in begun.keys where !faults.contains(fault) { begun[fault] = nil }
  }

  /// A fault that is over at once.
  mutating func noteInstant(_ fault: Scenario.Fault, in part: Part) {
    faults[fault, default: []].insert(part)
  }

  mutating func noteKill(isBeforeTelling: Bool) {
    killCount += 1
    if isBeforeTelling { killsBeforeTelling += 1 }
  }

  mutating func noteDoubled() { doubledCount += 1 }
  mutating func noteHeldUp() { heldUpCount += 1 }

  /// The first string after a key "type": that of the body, unless a payload before it has one.
  private static func type(of line: [UInt8]) -> String {
    let key = Array(#""type":"#.utf8)
    guard let start = line.indices.first(where: { line[$0...].starts(with: key) }) else { return "?" }
    let rest = line[(start + key.count)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") }
    return String(decoding: rest.prefix { $0 != UInt8(ascii: "\"") }.prefix(40), as: UTF8.self)
  }
}

/// Which nodes have acknowledged a change that no other node can know of: they have sent nothing to another one since they
/// got the request. Nodes go by their places.
struct Tellings: Sendable {
  /// How many messages each node has sent to others.
  private var counts: [Int]
  private var untold: Set<Int> = []

  init(nodeCount: Int) { counts = Array(repeating: 0, count: nodeCount) }

  func count(of place: Int) -> Int { counts[place] }

  /// A node has sent another node something.
  mutating func told(_ place: Int) {
    counts[place] += 1
    untold.remove(place)
  }

  /// A node has acknowledged a change, and had sent so many messages to others when it was asked for it.
  mutating func acknowledged(_ place: Int, countBefore: Int) {
    // What it sent after it had got the request may have been the change.
    if counts[place] == countBefore { untold.insert(place) }
  }

  /// Returns whether the node takes with it what no other one can know of.
  mutating func killed(_ place: Int) -> Bool { untold.remove(place) != nil }
}

extension TestRun {
  /// The part of the test that it is in.
  private var part: Encounters.Part {
    guard case .running(let cutoff) = phase, let loadStart else { return .draining }
    let share = (clock - loadStart).seconds / max((cutoff - loadStart).seconds, 1e-9)
    return share < 1 / 3 ? .early : share < 2 / 3 ? .middle : .late
  }

  mutating func noteFaults(and instant: Scenario.Fault? = nil) {
    encounters.noteFaults(faults.keys, in: part)
    if let instant { encounters.noteInstant(instant, in: part) }
  }

  /// A node has sent another node something.
  mutating func noteTelling(by name: NodeID) {
    if tellings != nil, let place = nodePlace(of: name) { tellings!.told(place) }
  }

  /// A node has acknowledged a change to a client of its.
  mutating func noteAcknowledgement(to worker: Int) {
    guard tellings != nil, let place = nodePlace(of: workers[worker].node) else { return }
    tellings!.acknowledged(place, countBefore: workers[worker].tellings)
  }

  mutating func noteKill(of node: NodeID) {
    let isBeforeTelling = nodePlace(of: node).flatMap { tellings?.killed($0) }
    encounters.noteKill(isBeforeTelling: isBeforeTelling ?? false)
  }

  /// How many messages a node has sent to others; 0 where nobody is killed. Mutating, since the test is copied otherwise.
  mutating func tellings(by node: NodeID) -> Int {
    guard let tellings, let place = nodePlace(of: node) else { return 0 }
    return tellings.count(of: place)
  }

  /// The place of a node; nil for services and for names that are of nobody here.
  private func nodePlace(of name: NodeID) -> Int? {
    network.place(of: name).flatMap { $0 < nodes.count ? $0 : nil }
  }
}
