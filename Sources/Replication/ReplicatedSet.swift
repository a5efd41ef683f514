public import Glomers
internal import OrderedCollections

/// A grow-only set. Replicas bring each other up to date by exchanging what the other's version vector lacks.
///
/// Each value is held once, however many streams have it. A delta that does not continue what is held of its stream is
/// left out: a version vector counts prefixes, so the missing entries show, and are sent again.
///
/// A value that a client adds while this node does not know yet to which stream it adds (``Dissemination``) is
/// *unnumbered*: it is a member of the set, readable and stored, but in no stream and so in no message. ``number(in:)``
/// appends the unnumbered values to a stream.
///
/// Invariant: every value of the set is in at least one stream or unnumbered, and never in both.
public struct ReplicatedSet: EntryHolder, Sendable {
  private var distinct = DistinctValues()
  public private(set) var version = VersionVector()
  /// Of each stream, in the order of `version`: the positions of its entries in `distinct`.
  private var streams: [[Int]] = []
  /// The place after that of the stream that grew last: streams mostly grow in their order.
  private var next = 0
  /// The positions of unnumbered values, in the order of their arrival.
  private var unnumbered = OrderedSet<Int>()
  /// The most entries in a record of a checkpoint.
  private static var recordEntriesMax: Int { 1024 }

  /// Distinct values in their order of arrival.
  public var values: [JSON] { distinct.elements }

  public init() {}

  /// - Parameter records: what this replica took in, in that order: ``lastAdded(from:)``, ``last(_:of:)``,
  ///   ``number(in:)`` or a ``checkpoint``.
  public init(recovering records: [Delta<JSON>]) {
    for record in records {
      if record.origin == .unnumbered {
        for value in record.entries { _ = add(value, from: nil) }
      } else {
        _ = merge(record)
      }
    }
  }

  /// Records that stand for everything this replica holds.
  public var checkpoint: [Delta<JSON>] {
    let numbered = deltas(since: VersionVector()).flatMap { $0.pieces(of: Self.recordEntriesMax) }
    let rest = Delta(origin: .unnumbered, after: 0, entries: unnumbered.map { distinct[$0] })
    return numbered + rest.pieces(of: Self.recordEntriesMax)
  }

  /// Whether there are values that ``number(in:)`` is still to append to a stream.
  public var hasUnnumbered: Bool { !unnumbered.isEmpty }

  /// Adds a value as the next entry of a stream, or unnumbered if that is nil. False if the set has the value already,
  /// from whichever stream.
  public mutating func add(_ value: JSON, from origin: Incarnation?) -> Bool {
    let (isNew, position) = distinct.append(value)
    guard isNew else { return false }
    if let origin { append(position, at: place(of: origin)) } else { unnumbered.append(position) }
    return true
  }

  /// Appends the unnumbered values to a stream. Returns the record of that; nil if there are none.
  public mutating func number(in origin: Incarnation) -> Delta<JSON>? {
    guard !unnumbered.isEmpty else { return nil }
    let positions = unnumbered
    unnumbered = []
    let place = place(of: origin)
    for position in positions { append(position, at: place) }
    return last(positions.count, of: origin)
  }

  /// Takes in what it lacks of a delta. Returns how many entries that was.
  public mutating func merge(_ delta: Delta<JSON>) -> Int {
    let (found, isHeld) = find(delta.origin)
    let held = isHeld ? version.counts[found] : 0
    guard delta.origin != .unnumbered, 0...held ~= delta.after, delta.entries.count > held - delta.after
    else {
      return 0
    }
    let place = isHeld ? found : place(of: delta.origin)
    for index in (held - delta.after)..<delta.entries.count {
      let position = distinct.append(delta.entries[index]).position
      if !unnumbered.isEmpty { unnumbered.remove(position) }
      append(position, at: place)
    }
    next = place + 1
    return delta.end - held
  }

  /// The last `count` entries of a stream: the record of what a ``merge(_:)`` brought.
  public func last(_ count: Int, of origin: Incarnation) -> Delta<JSON> {
    delta(of: origin, after: version[origin] - count)!
  }

  /// The record of the value that ``add(_:from:)`` has just added.
  public func lastAdded(from origin: Incarnation?) -> Delta<JSON> {
    if let origin { return last(1, of: origin) }
    return Delta(origin: .unnumbered, after: 0, entries: [distinct[unnumbered.last!]])
  }

  /// Everything that a replica at `other` lacks, in the order of the streams' names.
  public func deltas(since other: VersionVector) -> [Delta<JSON>] {
    version.sorted.compactMap { delta(of: $0.origin, after: other[$0.origin]) }
  }

  /// The entry with a number of a stream; nil if the stream is not held so far.
  public func entry(_ number: Int, of origin: Incarnation) -> JSON? {
    guard let positions = positions(of: origin), positions.indices.contains(number - 1) else { return nil }
    return distinct[positions[number - 1]]
  }

  /// A stream's entries from number `after` + 1 on; nil if there are none.
  public func delta(of origin: Incarnation, after: Int) -> Delta<JSON>? {
    guard let positions = positions(of: origin), after < positions.count else { return nil }
    return Delta(origin: origin, after: after, entries: positions[after...].map { distinct[$0] })
  }

  /// The content of a message: what a replica at `push.since` lacks of the streams that are due to it.
  public func batch(for push: Push) -> Batch<JSON> {
    batch(since: push.since, bytesMax: push.bytesMax) { push.includes($0) }
  }

  /// What a replica at a version lacks of some streams, up to `bytesMax` bytes.
  public func batch(
    since other: VersionVector, bytesMax: Int, of includes: (Incarnation) -> Bool = { _ in true }
  ) -> Batch<JSON> {
    var batch = Batch<JSON>(bytesMax: bytesMax)
    for (origin, count) in version.sorted where includes(origin) {
      guard let positions = positions(of: origin) else { continue }
      batch.append(origin, after: other[origin], count: count, size: \.encodedBytes) {
        distinct[positions[$0]]
      }
    }
    return batch
  }

  private func positions(of origin: Incarnation) -> [Int]? {
    let (place, isHeld) = version.find(origin)
    return isHeld ? streams[place] : nil
  }

  /// The place of a stream, or the place where it belongs.
  private func find(_ origin: Incarnation) -> (place: Int, isHeld: Bool) {
    if next < streams.count, version.origins[next] == origin { return (next, true) }
    return version.find(origin)
  }

  /// The place of a stream, which begins if there is none.
  private mutating func place(of origin: Incarnation) -> Int {
    let (place, isHeld) = find(origin)
    if !isHeld {
      version.begin(origin, at: place)
      streams.insert([], at: place)
    }
    return place
  }

  private mutating func append(_ position: Int, at place: Int) {
    streams[place].append(position)
    version.add(1, at: place)
  }
}
