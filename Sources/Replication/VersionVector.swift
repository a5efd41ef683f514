internal import Glomers
public import Wire

/// How many entries of each stream a replica holds, from the first on without a gap.
///
/// Two replicas that have heard of the same streams have equal arrays of streams, so to compare what they hold is to
/// compare integers.
///
/// Size: one entry for each stream, and a node that is started again continues its stream as long as every peer answers
/// it (``Dissemination/settle(holding:at:)``). So the size does not depend on restarts. It grows, by one entry of some
/// 20 bytes, with a restart during which a peer is out of reach for longer than ``Pace/recoveryTimeout`` and something is
/// written.
///
/// Parker et al.: *Detection of mutual inconsistency in distributed systems*, IEEE TSE 1983.
public struct VersionVector: Equatable, Sendable {
  /// The streams of which the replica holds something, ascending: the same order at every node, so it may reach the wire.
  public private(set) var origins: [Incarnation] = []
  /// The number of entries held of each of `origins`: never zero.
  public private(set) var counts: [Int] = []
  /// The sum of all counts, modulo 2⁶⁴. Two versions of one replica with the same total are equal, since versions only grow.
  public private(set) var total = 0

  public init() {}

  /// - Parameter counts: one beside each stream, in any order. Of two for one stream the later counts.
  public init(origins: [Incarnation], counts: [Int]) {
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

  /// - Parameter counts: none of them zero.
  private init(ascending origins: [Incarnation], _ counts: [Int]) {
    (self.origins, self.counts) = (origins, counts)
    total = counts.reduce(0, &+)
  }

  public subscript(origin: Incarnation) -> Int {
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

  /// A stream begins, of which entries are to be counted at once (``add(_:at:)``).
  mutating func begin(_ origin: Incarnation, at place: Int) {
    origins.insert(origin, at: place)
    counts.insert(0, at: place)
  }

  /// Counts further entries of a stream that has this place: see ``find(_:from:)``.
  mutating func add(_ count: Int, at place: Int) {
    counts[place] += count
    total &+= count
  }

  /// In the order of the streams' names.
  public var sorted: some RandomAccessCollection<(origin: Incarnation, count: Int)> {
    origins.indices.lazy.map { (origins[$0], counts[$0]) }
  }

  /// Whether a replica at this version holds everything that one at `other` holds.
  public func covers(_ other: VersionVector) -> Bool {
    if origins == other.origins {
      for place in counts.indices where counts[place] < other.counts[place] { return false }
      return true
    }
    var next = 0
    for otherPlace in other.counts.indices {
      let (place, isHeld) = find(other.origins[otherPlace], from: next)
      guard isHeld, counts[place] >= other.counts[otherPlace] else { return false }
      next = place + 1
    }
    return true
  }

  /// Whether a replica at this version holds an entry that one at `other` lacks, the entries of `exempt` aside.
  public func exceeds(_ other: VersionVector, besides exempt: Incarnation) -> Bool {
    !walk(with: other) { origin, mine, theirs in mine <= theirs || origin == exempt }
  }

  /// Raises each count to the higher of the two.
  public mutating func merge(_ other: VersionVector) {
    if origins == other.origins {
      for place in counts.indices { raise(place, to: other.counts[place]) }
      return
    }
    var next = 0
    var areAllHeld = true
    for otherPlace in other.counts.indices {
      let (place, isHeld) = find(other.origins[otherPlace], from: next)
      if isHeld { raise(place, to: other.counts[otherPlace]) } else { areAllHeld = false }
      next = isHeld ? place + 1 : place
    }
    if !areAllHeld {
      var merged: (origins: [Incarnation], counts: [Int]) = ([], [])
      _ = walk(with: other) { origin, mine, theirs in
        merged.origins.append(origin)
        merged.counts.append(max(mine, theirs))
        return true
      }
      self = VersionVector(origins: merged.origins, counts: merged.counts)
    }
  }

  private mutating func raise(_ place: Int, to count: Int) {
    guard count > counts[place] else { return }
    total &+= count &- counts[place]
    counts[place] = count
  }

  /// Calls `goesOn` with both counts of every stream that either vector has, ascending, until it returns false. Returns
  /// whether it never did.
  private func walk(
    with other: VersionVector, while goesOn: (_ origin: Incarnation, _ mine: Int, _ theirs: Int) -> Bool
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

  /// The place of a stream in `origins`, or the place where it belongs.
  ///
  /// - Parameter first: no earlier place is looked at. Quickest if it is there.
  func find(_ origin: Incarnation, from first: Int = 0) -> (place: Int, isHeld: Bool) {
    if first < origins.count, origins[first] == origin { return (first, true) }
    var (low, high) = (first, origins.count)
    while low < high {
      let middle = (low + high) / 2
      if origins[middle] < origin { low = middle + 1 } else { high = middle }
    }
    return (low, low < origins.count && origins[low] == origin)
  }
}

extension VersionVector {
  /// A number from 0 to 2⁵³ - 1 that stands for this vector: equal vectors have equal digests at every node, and different
  /// ones almost never have.
  public var digest: Int {
    var sum: UInt64 = 0
    for (origin, count) in sorted {
      // FNV-1a (Fowler, Noll, Vo) of the name; a step of the generator mixes in the count.
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in origin.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
      var mixer = Random(seed: hash &+ UInt64(truncatingIfNeeded: count))
      sum &+= mixer.next()
    }
    return Int(sum >> 11)
  }
}

/// The streams of the last version vector that a document has read.
private final class KnownOrigins {
  var origins: [Incarnation] = []
}

/// On the wire: `{stream: count, …}`
extension VersionVector {
  /// Reads the member `version`.
  public init(from body: JSONObject) throws(WireError) { try self.init(reading: body.object("version")) }

  /// Writes the member `version`.
  public func write(to body: inout JSONWriter) {
    body.key("version")
    writeObject(to: &body)
  }

  public init(reading object: JSONObject) throws(WireError) {
    // Mostly the streams are those of the last vector that came: then no name is made, and all share one array.
    let known = object.scratch(KnownOrigins())
    let held = object.integers(count: known.origins.count) { known.origins[$0].name }
    if let held, held.allSatisfy({ $0 > 0 }) {
      self.init(ascending: known.origins, held)
      return
    }
    var (origins, counts): ([Incarnation], [Int]) = ([], [])
    origins.reserveCapacity(object.count)
    counts.reserveCapacity(object.count)
    for (origin, element) in object.members {
      guard let count = element.integer, count >= 0 else {
        throw .malformed("what is held of \(origin) must be a count")
      }
      origins.append(Incarnation(name: origin))
      counts.append(count)
    }
    self.init(origins: origins, counts: counts)
    known.origins = self.origins
  }

  public func writeObject(to writer: inout JSONWriter) {
    writer.beginObject()
    for (origin, count) in sorted { writer.member(origin.name, count) }
    writer.endObject()
  }
}
