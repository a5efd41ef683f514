public import Glomers

/// Entries of one origin, in order, that follow its first `after` entries.
public struct Delta: Equatable, Sendable {
  public let origin: Origin
  public let after: Int
  public let values: [JSON]

  public init(origin: Origin, after: Int, values: [JSON]) {
    self.origin = origin
    self.after = after
    self.values = values
  }
}

/// A grow-only set that replicas bring together by exchanging what the other's version vector lacks.
///
/// Each value is held once, however many origins added it. A delta that does not join on to what is held is left
/// out: version vectors count prefixes, so what is missing will be asked for.
struct ReplicatedSet: Sendable {
  /// Distinct values in their order of arrival.
  private(set) var values: [JSON] = []
  private(set) var version = VersionVector()
  /// Where each value stands in `values`.
  private var positions: [JSON: Int] = [:]
  /// Each origin's entries, as positions in `values`.
  private var entries: [Origin: [Int]] = [:]

  /// Adds a value as the next entry of an origin. False if it is here already, from whomever.
  mutating func add(_ value: JSON, from origin: Origin) -> Bool {
    guard positions[value] == nil else { return false }
    append(value, to: origin)
    return true
  }

  /// Takes in what it lacks of a delta. Returns whether that was anything.
  mutating func merge(_ delta: Delta) -> Bool {
    let held = version[delta.origin]
    guard 0...held ~= delta.after, delta.values.count > held - delta.after else { return false }
    for value in delta.values.dropFirst(held - delta.after) { append(value, to: delta.origin) }
    return true
  }

  /// All that a replica at `other` lacks, in the order of the origins.
  func deltas(since other: VersionVector) -> [Delta] {
    version.sorted.compactMap { delta(of: $0.origin, after: other[$0.origin]) }
  }

  /// An origin's entries from number `after` + 1 on; nil if there are none.
  func delta(of origin: Origin, after: Int) -> Delta? {
    guard let positions = entries[origin], after < positions.count else { return nil }
    return Delta(origin: origin, after: after, values: positions[after...].map { values[$0] })
  }

  private mutating func append(_ value: JSON, to origin: Origin) {
    let position = positions[value] ?? values.count
    if position == values.count {
      values.append(value)
      positions[value] = position
    }
    entries[origin, default: []].append(position)
    version[origin] += 1
  }
}
