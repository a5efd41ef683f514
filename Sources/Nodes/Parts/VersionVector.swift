public import Glomers

/// One life of one node: what it appends is numbered 1, 2, 3, … and never numbered again.
///
/// A node that is killed and comes back without its memory would number anew; being another origin, it can't be
/// taken for the old one.
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

  public init() {}

  public subscript(origin: Origin) -> Int {
    get { counts[origin] ?? 0 }
    // Nothing held and nothing said of it are the same.
    set { counts[origin] = newValue == 0 ? nil : newValue }
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
    counts.merge(other.counts, uniquingKeysWith: max)
  }

  /// In the order of the origins: the same at every node, so it may reach the wire.
  public var sorted: [(origin: Origin, count: Int)] {
    counts.map { ($0.key, $0.value) }.sorted { $0.origin < $1.origin }
  }
}
