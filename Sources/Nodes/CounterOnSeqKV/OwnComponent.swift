internal import Glomers
internal import Replication

/// What a node remembers of its own component in the service: nothing that it could not ask for.
struct OwnComponent: Sendable {
  struct Add: Equatable, Sendable {
    let request: Request
    let delta: Int
  }

  /// A change of the component that was asked for.
  struct Swap: Sendable {
    let from: CounterComponent?
    let to: CounterComponent
    let adds: [Add]
  }

  let incarnation: Incarnation
  /// The component as far as is known; nil before the node has added anything.
  var value: CounterComponent?
  var isKnown = false
  /// The service is being asked about the component.
  var isBusy = false
  var swap: Swap?
  /// Adds for the next compare-and-set.
  var waitingAdds: [Add] = []

  init(_ incarnation: Incarnation) { self.incarnation = incarnation }

  /// Gathers the waiting adds into one change. Nil where nothing is left but adds that would take more than 64 bits.
  mutating func nextSwap() -> (swap: Swap?, refused: [Add]) {
    var total = value?.total ?? 0
    var refused: [Add] = []
    var adds: [Add] = []
    for add in waitingAdds {
      let (sum, overflows) = total.addingReportingOverflow(add.delta)
      if overflows {
        refused.append(add)
      } else {
        total = sum
        adds.append(add)
      }
    }
    waitingAdds = []
    guard !adds.isEmpty else { return (nil, refused) }
    let to = CounterComponent(origin: incarnation, count: (value?.count ?? 0) + 1, total: total)
    return (Swap(from: value, to: to, adds: adds), refused)
  }

  /// Whether a client still waits for an add.
  func isAwaited(at now: Instant) -> Bool {
    (swap?.adds ?? []).contains { $0.request.isAwaited(at: now) }
      || waitingAdds.contains { $0.request.isAwaited(at: now) }
  }

  /// Forgets the change under way, the adds and the component: it will be read before the next change.
  mutating func forget() {
    self = OwnComponent(incarnation)
  }
}

/// As the service keeps it: `[stream, count, total]`. The count grows with every change, so no value ever comes back.
extension CounterComponent {
  init?(_ json: JSON) {
    guard let parts = json.array, parts.count == 3, let name = parts[0].string,
      let count = parts[1].integer, 1..<Int.max ~= count, let total = parts[2].integer
    else { return nil }
    self.init(origin: Incarnation(name: name), count: count, total: total)
  }

  var json: JSON { [.string(origin.name), .integer(count), .integer(total)] }
}
