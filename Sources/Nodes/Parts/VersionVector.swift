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
/// Parker et al.: *Detection of mutual inconsistency in distributed systems*, IEEE TSE 1983.
public struct VersionVector: Equatable, Sendable {
  private var counts: [Origin: Int] = [:]
  /// The sum of all counts, modulo 2⁶⁴: what grows, changes it.
  private(set) var total = 0

  public init() {}

  public subscript(origin: Origin) -> Int {
    get { counts[origin] ?? 0 }
    set {
      // Nothing held and nothing said of it are the same.
      let old =
        newValue == 0 ? counts.removeValue(forKey: origin) : counts.updateValue(newValue, forKey: origin)
      total &+= newValue &- (old ?? 0)
    }
  }

  /// Whether a replica at this version holds everything that one at `other` holds.
  public func covers(_ other: VersionVector) -> Bool {
    other.counts.allSatisfy { self[$0.key] >= $0.value }
  }

  /// Whether a replica at this version holds what one at `other` lacks, an origin's entries aside.
  public func exceeds(_ other: VersionVector, besides exempt: Origin) -> Bool {
    counts.contains { $0.key != exempt && $0.value > other[$0.key] }
  }

  public mutating func merge(_ other: VersionVector) {
    for (origin, count) in other.counts where count > self[origin] { self[origin] = count }
  }

  /// In the order of the origins: the same at every node, so it may reach the wire.
  public var sorted: [(origin: Origin, count: Int)] {
    counts.map { ($0.key, $0.value) }.sorted { $0.origin < $1.origin }
  }
}
