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
  public internal(set) var faults: [Scenario.Fault: Set<Part>] = [:]
  /// Messages between servers that never arrived, by their type.
  public private(set) var lost: [String: Int] = [:]
  /// Messages that arrived twice, and that were held up, one by one.
  public private(set) var doubledCount = 0
  /// Messages that were held up, one by one.
  public private(set) var heldUpCount = 0
  /// How often a node was killed.
  public internal(set) var killCount = 0
  /// Kills of a node that had acknowledged a change and had sent nothing to another node since it got the request: nobody else can know
  /// of the change.
  public internal(set) var killsBeforeTelling = 0

  /// The most types that are told apart: nodes may name as many as they like.
  static var typesMax: Int { 64 }

  mutating func noteLost(_ line: [UInt8]) {
    let type = Self.type(of: line)
    lost[lost[type] != nil || lost.count < Self.typesMax ? type : "others", default: 0] += 1
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

extension TestRun {
  /// The part of the test that it is in.
  private var part: Encounters.Part {
    guard case .running(let cutoff) = phase, let loadStart else { return .draining }
    let share = (clock - loadStart).seconds / max((cutoff - loadStart).seconds, 1e-9)
    return share < 1 / 3 ? .early : share < 2 / 3 ? .middle : .late
  }

  /// Faults are about to change, or have changed: those in force now count for all parts since they began.
  mutating func noteFaults(and instant: Scenario.Fault? = nil) {
    let now = part
    for fault in faults.keys {
      let since = faultParts[fault] ?? now
      faultParts[fault] = since
      encounters.faults[fault, default: []].formUnion(
        Encounters.Part.allCases.filter { since <= $0 && $0 <= now })
    }
    for fault in faultParts.keys where faults[fault] == nil { faultParts[fault] = nil }
    if let instant { encounters.faults[instant, default: []].insert(now) }
  }

  /// A node has sent another node something.
  mutating func noteTelling(by node: NodeID) {
    guard let place = network.place(of: node), place < tellings.count else { return }
    tellings[place] += 1
    untold.remove(node)
  }

  /// A node has acknowledged a change to a client of its.
  mutating func noteAcknowledgement(to worker: Int) {
    guard !tellings.isEmpty else { return }
    let node = workers[worker].node
    // What it sent after it had got the request may have been the change.
    if tellings(by: node) == workers[worker].tellings { untold.insert(node) }
  }

  func tellings(by node: NodeID) -> Int {
    guard !tellings.isEmpty, let place = network.place(of: node) else { return 0 }
    return tellings[place]
  }
}
