public import Glomers
public import History

/// How long acknowledged values take until every node has them.
///
/// Maelstrom can only tell from reads that clients happen to make. This learns from probes too, so its figures are
/// true to the interval between probes. Values that were never acknowledged count for nothing here.
public struct Visibility: Sendable {
  private let nodes: [NodeID]
  private let places: [NodeID: Int]
  private var table = ValueTable()
  /// When each value was acknowledged, by its number in the table.
  private var acknowledged: [Instant?] = []
  /// How many nodes are not known to have each value.
  private var absences: [Int] = []
  /// When a node was first seen to have a value: by node, then by value.
  private var seen: [[Instant?]]
  /// How many acknowledged values each node is not known to have.
  private var lacks: [Int]
  /// What each node showed last, where that was integers.
  private var shown: [[Int]]
  /// From acknowledgement until everywhere, of each value that is; in nanoseconds.
  private var delays: [Int64] = []

  private var healed: Instant?
  /// How many values acknowledged before the last heal are not yet everywhere.
  private var awaited = 0

  /// How many values have been acknowledged.
  public private(set) var acknowledgedCount = 0
  /// From the last heal until every node had every value acknowledged before it; nil before a heal, and until then.
  public private(set) var recovery: Duration?
  /// The longest of all recoveries so far.
  public private(set) var recoveryMax: Duration?

  /// - Parameter nodes: the nodes that every value is to reach.
  public init(nodes: [NodeID]) {
    self.nodes = nodes
    places = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
    seen = Array(repeating: [], count: nodes.count)
    lacks = Array(repeating: 0, count: nodes.count)
    shown = Array(repeating: [], count: nodes.count)
  }

  /// A node has promised its client that this value will be everywhere.
  public mutating func acknowledged(_ value: JSON, at now: Instant) {
    let number = number(of: value)
    guard acknowledged[number] == nil else { return }
    acknowledged[number] = now
    acknowledgedCount += 1
    for place in nodes.indices where seen[place][number] == nil { lacks[place] += 1 }
    if absences[number] == 0 { delays.append(0) }
  }

  /// A node has shown these values to a client or a probe.
  public mutating func observed(_ node: NodeID, _ values: [JSON], at now: Instant) {
    guard let place = places[node] else { return }
    for value in values { observed(place, number(of: value), at: now) }
  }

  /// A node has shown these integers to a client or a probe.
  package mutating func observed(_ node: NodeID, integers: [Int], at now: Instant) {
    guard let place = places[node] else { return }
    // Mostly it shows what it has shown before, and behind that what is new.
    let known = integers.isContinuation(of: shown[place]) ? shown[place].count : 0
    shown[place] = integers
    for integer in integers[known...] {
      let number = table.number(ofInteger: integer)
      if number == acknowledged.count { noteNew() }
      observed(place, number, at: now)
    }
  }

  private mutating func observed(_ place: Int, _ number: Int, at now: Instant) {
    guard seen[place][number] == nil else { return }
    seen[place][number] = now
    absences[number] -= 1
    guard let since = acknowledged[number] else { return }
    lacks[place] -= 1
    if absences[number] == 0 { arrived(everywhereAt: now, since) }
  }

  /// One value, and what is known of where it was.
  public struct Sighting: Sendable {
    /// What was broadcast, or added.
    public let value: JSON
    /// Nil if no client was told that it would be everywhere.
    public let acknowledged: Instant?
    /// When each node was first seen to have it, in the order of the nodes; nil where none was.
    public let seen: [Instant?]
  }

  /// Every value, in the order in which they turned up.
  public var sightings: [Sighting] {
    table.values.enumerated().map { number, value in
      Sighting(value: value, acknowledged: acknowledged[number], seen: nodes.indices.map { seen[$0][number] })
    }
  }

  /// The last fault has ended.
  public mutating func healed(at now: Instant) {
    healed = now
    recovery = nil
    awaited = acknowledgedCount - delays.count
    if awaited == 0 { recovered(at: now) }
  }

  /// The nodes that are not known to have every acknowledged value: those worth a probe.
  public var lacking: [NodeID] { nodes.indices.filter { lacks[$0] > 0 }.map { nodes[$0] } }

  /// How many acknowledged values are known to be at every node.
  public var everywhereCount: Int { delays.count }

  /// From acknowledgement until a value was seen at every node, of all values that have been. Nil where there is none.
  public var latencies: Quantiles? { Quantiles(nanoseconds: delays) }

  /// The figures, for the results.
  public var edn: EDN {
    var edn: EDN = [
      "acknowledged-count": .integer(acknowledgedCount), "everywhere-count": .integer(everywhereCount),
    ]
    edn["latencies"] = latencies?.edn()
    if healed != nil {
      edn["recovery"] = [
        "last": recovery.map { .milliseconds($0) } ?? .null,
        "max": recoveryMax.map { .milliseconds($0) } ?? .null,
      ]
    }
    return edn
  }

  private mutating func number(of value: JSON) -> Int {
    let number = table.number(of: value)
    if number == acknowledged.count { noteNew() }
    return number
  }

  private mutating func noteNew() {
    acknowledged.append(nil)
    absences.append(nodes.count)
    for place in nodes.indices { seen[place].append(nil) }
  }

  private mutating func arrived(everywhereAt now: Instant, _ since: Instant) {
    delays.append((now - since).nanoseconds)
    guard awaited > 0, let healed, since <= healed else { return }
    awaited -= 1
    if awaited == 0 { recovered(at: now) }
  }

  private mutating func recovered(at now: Instant) {
    let duration = now - healed!
    recovery = duration
    recoveryMax = max(recoveryMax ?? .zero, duration)
  }
}
