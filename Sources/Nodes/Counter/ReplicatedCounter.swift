public import Replication
public import Wire

/// What a node has added to a counter under one stream's name. Only that node changes it, so of two states the one with
/// more changes contains the other.
public struct CounterComponent: Equatable, Sendable {
  public let origin: Incarnation
  /// The number of changes that led to this state.
  public let count: Int
  /// The sum of the deltas added.
  public let total: Int

  public init(origin: Incarnation, count: Int, total: Int) {
    self.origin = origin
    self.count = count
    self.total = total
  }
}

/// What a counter stores.
public enum CounterRecord: Equatable, Sendable {
  /// A component that was taken in, or changed by an add.
  case component(CounterComponent)
  /// An add while the stream was not settled: in no component yet.
  case unnumbered(delta: Int)
  /// The node's component, which now contains every unnumbered add before it.
  case numbered(CounterComponent)
}

/// A counter that is the sum of components, one for each stream, of which the one with more changes is the newer.
///
/// Almeida, Shoker, Baquero: *Delta state replicated data types*, JPDC 2018, call it a lexicographic counter: since a
/// component has one writer, its number of changes does what Shapiro's two growing sums do.
///
/// Adds while this node does not know yet how its stream goes on (``Dissemination``) are *unnumbered*: they are part of the
/// value, and in no component until ``number(in:or:)``.
struct ReplicatedCounter: Sendable {
  private var components: [Incarnation: CounterComponent] = [:]
  private(set) var version = VersionVector()
  /// Components of 64 bits may add up to more.
  private var sum: Int128 = 0
  /// The sum of unnumbered adds; nil if there are none.
  private var unnumbered: Int?

  init() {}

  /// - Parameter records: in the order in which they were stored.
  init(recovering records: [CounterRecord]) {
    for record in records {
      switch record {
      case .component(let component): _ = merge(component)
      case .unnumbered(let delta): _ = add(delta, in: nil)
      case .numbered(let component):
        dropUnnumbered()
        _ = merge(component)
      }
    }
  }

  /// Records that stand for everything this replica holds.
  var checkpoint: [CounterRecord] {
    version.origins.map { .component(components[$0]!) } + (unnumbered.map { [.unnumbered(delta: $0)] } ?? [])
  }

  /// The sum of a component after so many changes; nil if it has had fewer or more.
  func total(of origin: Incarnation, after count: Int) -> Int? {
    guard let component = components[origin], component.count == count else { return nil }
    return component.total
  }

  /// Nil where it takes more than 64 bits.
  var value: Int? { Int(exactly: sum) }

  /// Adds to the component of a stream, or unnumbered if that is nil. Returns the record of it; nil, and nothing done,
  /// where the component or the sum would take more than 64 bits.
  mutating func add(_ delta: Int, in origin: Incarnation?) -> CounterRecord? {
    let before = origin.map { components[$0]?.total ?? 0 } ?? unnumbered ?? 0
    let (total, overflows) = before.addingReportingOverflow(delta)
    guard !overflows, Int(exactly: sum + Int128(delta)) != nil else { return nil }
    guard let origin else {
      sum += Int128(delta)
      unnumbered = total
      return .unnumbered(delta: delta)
    }
    let component = CounterComponent(origin: origin, count: version[origin] + 1, total: total)
    take(component)
    return .component(component)
  }

  /// Puts the unnumbered adds into the component of a stream, or of another one where they would take more than 64 bits.
  /// Returns the record of that; nil if there are none.
  mutating func number(in origin: Incarnation, or other: Incarnation) -> CounterRecord? {
    guard let delta = unnumbered else { return nil }
    let isTooMuch = (components[origin]?.total ?? 0).addingReportingOverflow(delta).overflow
    let origin = isTooMuch ? other : origin
    dropUnnumbered()
    let component = CounterComponent(
      origin: origin, count: version[origin] + 1, total: (components[origin]?.total ?? 0) + delta)
    take(component)
    return .numbered(component)
  }

  private mutating func dropUnnumbered() {
    sum -= Int128(unnumbered ?? 0)
    unnumbered = nil
  }

  /// Takes in a component if it is newer than what is held. Returns whether it is.
  mutating func merge(_ component: CounterComponent) -> Bool {
    guard component.origin != .unnumbered, component.count > version[component.origin] else { return false }
    take(component)
    return true
  }

  /// The content of a message: the components that the peer has not shown to hold, those of other nodes too, for they are
  /// small. What was sent before is sent again until the peer has acknowledged it.
  func batch(for push: Push) -> Batch<CounterComponent> {
    var batch = Batch<CounterComponent>(bytesMax: push.bytesMax)
    guard push.scope != .nothing else { return batch }
    for (origin, count) in version.sorted where count > push.known[origin] {
      batch.append(origin, after: count - 1, count: count, size: \.encodedBytes) { _ in components[origin]! }
    }
    return batch
  }

  private mutating func take(_ component: CounterComponent) {
    sum += Int128(component.total) - Int128(components[component.origin]?.total ?? 0)
    components[component.origin] = component
    version[component.origin] = component.count
  }
}

/// On the wire: `[stream, count, total]`
extension CounterComponent: DeltaEntry {
  fileprivate init(_ element: JSONElement) throws(WireError) {
    guard let parts = element.array, parts.count == 3, let origin = parts[0].string,
      let count = parts[1].integer, 1..<Int.max ~= count, let total = parts[2].integer
    else { throw .malformed("a component is [stream, count, total]") }
    self.init(origin: Incarnation(name: origin), count: count, total: total)
  }

  public static func read(_ elements: JSONArray) throws(WireError) -> [CounterComponent] {
    var components: [CounterComponent] = []
    for element in elements { components.append(try CounterComponent(element)) }
    return components
  }

  public func write(to elements: inout JSONWriter) {
    elements.beginArray()
    elements.string(origin.name)
    elements.integer(count)
    elements.integer(total)
    elements.endArray()
  }

  /// An upper bound of the length on the wire, for names without characters that are escaped.
  var encodedBytes: Int { origin.name.utf8.count + 48 }
}

/// In a log: `{"component": [stream, count, total]}`, with `"numbered": true` where it contains the unnumbered adds, or
/// `{"unnumbered": delta}`
extension CounterRecord: StorableRecord {
  public init(record: JSONObject) throws(WireError) {
    if let delta = try record.optionalInteger("unnumbered") {
      self = .unnumbered(delta: delta)
    } else {
      let component = try CounterComponent(record.element("component"))
      self = try record.optionalBool("numbered") ?? false ? .numbered(component) : .component(component)
    }
  }

  public func write(to record: inout JSONWriter) {
    switch self {
    case .unnumbered(let delta): record.member("unnumbered", delta)
    case .component(let component), .numbered(let component):
      record.key("component")
      component.write(to: &record)
      if case .numbered = self { record.member("numbered", true) }
    }
  }
}
