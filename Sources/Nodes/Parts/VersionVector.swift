public import Glomers

/// One life of one node: what it appends is numbered 1, 2, 3, … and never numbered again.
///
/// Sets and counters begin a new one in each life, even where they have recovered all that the last one had stored. A
/// log may have lost its end: with `--sync write` when the power fails, and when it comes back from a backup. Peers may
/// then know more of the old life than this node does. To number on from there would give two entries one number; two
/// replicas would never notice that they differ, and a node that has to answer in a partition can't ask before it
/// numbers. The end of the old life is learnt from the peers like anybody else's. The price: a version vector has an
/// entry, of some 16 bytes on the wire, for every life that has added something.
public struct Origin: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let name: String

  public init(name: String) { self.name = name }

  /// A new life of a node, told from its other lives by 40 random bits.
  public init(of node: NodeID, _ random: inout Random) {
    name = "\(node).\(String(random.next() >> 24, radix: 36))"
  }

  public var description: String { name }
  public static func < (a: Origin, b: Origin) -> Bool { a.name < b.name }
}

/// How many of each origin's entries a replica holds, from the first on without a gap.
///
/// Replicas that have heard of the same origins, and that is most of the time, have equal arrays of them; so to compare
/// what they hold is to compare integers.
///
/// Parker et al.: *Detection of mutual inconsistency in distributed systems*, IEEE TSE 1983.
public struct VersionVector: Equatable, Sendable {
  /// Those that something is held of, in ascending order: the same at every node, so it may reach the wire.
  private(set) var origins: [Origin] = []
  /// How much is held of each of them: never zero.
  private(set) var counts: [Int] = []
  /// The sum of all counts, modulo 2⁶⁴: what grows, changes it.
  private(set) var total = 0

  public init() {}

  /// - Parameter counts: one beside each origin, in any order. Of two for one origin the later holds.
  init(origins: [Origin], counts: [Int]) {
    let isInOrder = zip(origins, origins.dropFirst()).allSatisfy { $0 < $1 } && !counts.contains(0)
    if isInOrder {
      (self.origins, self.counts) = (origins, counts)
    } else {
      let held = Dictionary(zip(origins, counts)) { $1 }.filter { $0.value != 0 }
      self.origins = held.keys.sorted()
      self.counts = self.origins.map { held[$0]! }
    }
    total = self.counts.reduce(0, &+)
  }

  public subscript(origin: Origin) -> Int {
    get {
      let (place, isHeld) = find(origin)
      return isHeld ? counts[place] : 0
    }
    set {
      let (place, isHeld) = find(origin)
      total &+= newValue &- (isHeld ? counts[place] : 0)
      // Nothing held and nothing said of it are the same.
      switch (isHeld, newValue != 0) {
      case (true, true): counts[place] = newValue
      case (false, true):
        origins.insert(origin, at: place)
        counts.insert(newValue, at: place)
      case (true, false):
        origins.remove(at: place)
        counts.remove(at: place)
      case (false, false): break
      }
    }
  }

  /// In the order of the origins.
  public var sorted: some RandomAccessCollection<(origin: Origin, count: Int)> {
    origins.indices.lazy.map { (origins[$0], counts[$0]) }
  }

  /// Whether a replica at this version holds everything that one at `other` holds.
  public func covers(_ other: VersionVector) -> Bool {
    walk(with: other) { _, mine, theirs in mine >= theirs }
  }

  /// Whether a replica at this version holds what one at `other` lacks, an origin's entries aside.
  public func exceeds(_ other: VersionVector, besides exempt: Origin) -> Bool {
    !walk(with: other) { origin, mine, theirs in mine <= theirs || origin == exempt }
  }

  public mutating func merge(_ other: VersionVector) {
    if origins == other.origins {
      for place in counts.indices { counts[place] = max(counts[place], other.counts[place]) }
      total = counts.reduce(0, &+)
    } else {
      var merged: (origins: [Origin], counts: [Int]) = ([], [])
      _ = walk(with: other) { origin, mine, theirs in
        merged.origins.append(origin)
        merged.counts.append(max(mine, theirs))
        return true
      }
      self = VersionVector(origins: merged.origins, counts: merged.counts)
    }
  }

  /// Shows the counts of every origin that either has, in their order, as long as it is told to go on. Returns whether
  /// it came to the end.
  private func walk(
    with other: VersionVector, while goesOn: (_ origin: Origin, _ mine: Int, _ theirs: Int) -> Bool
  ) -> Bool {
    if origins == other.origins {
      return counts.indices.allSatisfy { goesOn(origins[$0], counts[$0], other.counts[$0]) }
    }
    var (place, otherPlace) = (0, 0)
    while place < origins.count || otherPlace < other.origins.count {
      let isLast = otherPlace == other.origins.count
      if place < origins.count, isLast || origins[place] < other.origins[otherPlace] {
        guard goesOn(origins[place], counts[place], 0) else { return false }
        place += 1
      } else {
        let isShared = place < origins.count && origins[place] == other.origins[otherPlace]
        let mine = isShared ? counts[place] : 0
        guard goesOn(other.origins[otherPlace], mine, other.counts[otherPlace]) else { return false }
        otherPlace += 1
        if isShared { place += 1 }
      }
    }
    return true
  }

  /// Where an origin stands, or would.
  private func find(_ origin: Origin) -> (place: Int, isHeld: Bool) {
    var (low, high) = (0, origins.count)
    while low < high {
      let middle = (low + high) / 2
      if origins[middle] < origin { low = middle + 1 } else { high = middle }
    }
    return (low, low < origins.count && origins[low] == origin)
  }
}
