/// What one origin has added to a counter. Only that origin changes it, so of two states the later one holds all that
/// the earlier one does.
public struct CounterComponent: Equatable, Sendable {
  public let origin: Origin
  /// How many changes led to this state.
  public let count: Int
  /// The sum of the deltas added.
  public let total: Int

  public init(origin: Origin, count: Int, total: Int) {
    self.origin = origin
    self.count = count
    self.total = total
  }
}

/// A counter that is the sum of components, one for each origin, of which the one with more changes is the newer.
///
/// Almeida, Shoker, Baquero: *Delta state replicated data types*, JPDC 2018, call it a lexicographic counter: since a
/// component has one writer, its number of changes does what Shapiro's two growing sums do.
struct ReplicatedCounter: Sendable {
  private var components: [Origin: CounterComponent] = [:]
  private(set) var version = VersionVector()
  /// Components of 64 bits may add up to more.
  private var sum: Int128 = 0

  init() {}

  /// - Parameter records: components in the order in which this replica took them in.
  init(recovering records: [CounterComponent]) {
    for record in records { _ = merge(record) }
  }

  /// What an origin has added; nil for nothing.
  subscript(origin: Origin) -> CounterComponent? { components[origin] }

  /// Nil where it takes more than 64 bits.
  var value: Int? { Int(exactly: sum) }

  /// Adds to an origin's component. False, and nothing done, where that or the sum would take more than 64 bits.
  mutating func add(_ delta: Int, from origin: Origin) -> Bool {
    let own = components[origin]
    let (total, overflows) = (own?.total ?? 0).addingReportingOverflow(delta)
    guard !overflows, Int(exactly: sum + Int128(delta)) != nil else { return false }
    take(CounterComponent(origin: origin, count: version[origin] + 1, total: total))
    return true
  }

  /// Takes in a component if it is newer than what is held. Returns whether it is.
  mutating func merge(_ component: CounterComponent) -> Bool {
    guard component.count > version[component.origin] else { return false }
    take(component)
    return true
  }

  /// All that a replica at `other` lacks, in the order of the origins.
  func components(since other: VersionVector) -> [CounterComponent] {
    version.sorted.compactMap { $0.count > other[$0.origin] ? components[$0.origin] : nil }
  }

  private mutating func take(_ component: CounterComponent) {
    sum += Int128(component.total) - Int128(components[component.origin]?.total ?? 0)
    components[component.origin] = component
    version[component.origin] = component.count
  }
}
