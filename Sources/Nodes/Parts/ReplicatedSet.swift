internal import Glomers
internal import OrderedCollections

/// A grow-only set that replicas bring together by exchanging what the other's version vector lacks.
///
/// Each value is held once, however many origins added it. A delta that does not join on to what is held is left
/// out: version vectors count prefixes, so what is missing will be asked for.
struct ReplicatedSet: Sendable {
  private var distinct = OrderedSet<JSON>()
  private(set) var version = VersionVector()
  /// Each origin's entries, as positions in `values`.
  private var entries: [Origin: [Int]] = [:]
  /// A checkpoint's records are no longer than this.
  private static var recordEntriesMax: Int { 1024 }

  /// Distinct values in their order of arrival.
  var values: [JSON] { distinct.elements }

  init() {}

  /// - Parameter records: what this replica took in, in that order: ``last(_:of:)`` or a ``checkpoint``.
  init(recovering records: [Delta<JSON>]) {
    for record in records { _ = merge(record) }
  }

  var checkpoint: [Delta<JSON>] {
    deltas(since: VersionVector()).flatMap { $0.pieces(of: Self.recordEntriesMax) }
  }

  /// Adds a value as the next entry of an origin. False if it is here already, from whomever.
  mutating func add(_ value: JSON, from origin: Origin) -> Bool {
    let (isNew, position) = distinct.append(value)
    if isNew { append(position, to: origin) }
    return isNew
  }

  /// Takes in what it lacks of a delta. Returns how many entries that was.
  mutating func merge(_ delta: Delta<JSON>) -> Int {
    let held = version[delta.origin]
    guard 0...held ~= delta.after, delta.entries.count > held - delta.after else { return 0 }
    for value in delta.entries.dropFirst(held - delta.after) {
      append(distinct.append(value).index, to: delta.origin)
    }
    return version[delta.origin] - held
  }

  /// The last entries of an origin: what an ``add(_:from:)`` or a ``merge(_:)`` brought.
  func last(_ count: Int, of origin: Origin) -> Delta<JSON> {
    delta(of: origin, after: version[origin] - count)!
  }

  /// All that a replica at `other` lacks, in the order of the origins.
  func deltas(since other: VersionVector) -> [Delta<JSON>] {
    version.sorted.compactMap { delta(of: $0.origin, after: other[$0.origin]) }
  }

  /// An origin's entries from number `after` + 1 on; nil if there are none.
  func delta(of origin: Origin, after: Int) -> Delta<JSON>? {
    guard let positions = entries[origin], after < positions.count else { return nil }
    return Delta(origin: origin, after: after, entries: positions[after...].map { distinct[$0] })
  }

  private mutating func append(_ position: Int, to origin: Origin) {
    entries[origin, default: []].append(position)
    version[origin] += 1
  }
}
