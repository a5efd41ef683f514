public import Glomers
internal import HeapModule

/// The simulated network between nodes: what is under way, when each parcel is due, and what faults make of it.
///
/// In-order delivery is Maelstrom's: a courier per receiver takes the parcel with the earliest due time, waits until
/// it is due, hands it over and only then looks for the next, so that one which came meanwhile waits even if it is
/// due earlier. Faults are looked at on delivery: what was sent before a partition and is due inside it is lost.
public struct Network: Sendable {
  private struct Entry: Comparable, Sendable {
    let due: Instant
    /// Parcels due at the same instant go in the order of sending.
    let order: Int
    let receiver: Int
    let parcel: Parcel

    static func < (a: Entry, b: Entry) -> Bool { a.due == b.due ? a.order < b.order : a.due < b.due }
    static func == (a: Entry, b: Entry) -> Bool { a.order == b.order }
  }

  private struct Courier: Sendable {
    var isWaiting = false
    var queue = Heap<Entry>()
  }

  /// Faults in force, by name.
  private var rules: [Rule] = []
  private let delivery: Scenario.Delivery
  private var couriers: [Courier]
  private let indices: [NodeID: Int]
  /// Parcels that are due at their own time: with in-order delivery, at most one for each receiver.
  private var inHand = Heap<Entry>()
  private var lastOrder = 0

  public init(_ nodes: [NodeID], _ delivery: Scenario.Delivery) {
    self.delivery = delivery
    couriers = Array(repeating: Courier(), count: nodes.count)
    indices = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
  }

  /// When the next parcel is to be delivered, or found lost; nil when nothing is under way.
  public var deadline: Instant? { inHand.min?.due }

  /// Sends a parcel; its destination must be a node of this network.
  public mutating func send(_ parcel: Parcel, due: Instant) {
    guard let receiver = indices[parcel.destination] else {
      preconditionFailure("\(parcel.destination) is not a node of this network")
    }
    enqueue(parcel, due: due, for: receiver)
  }

  /// Takes out the next parcel that is due by `now` and that no fault holds back.
  public mutating func popDue(by now: Instant) -> Parcel? {
    while let first = inHand.min, first.due <= now {
      inHand.removeMin()
      if delivery == .inOrder { takeNext(for: first.receiver) }
      switch decide(first.parcel) {
      case .pass: return first.parcel
      case .drop: continue
      case .deliver(let delay): delayed(first, by: delay)
      case .deliverTwice(let delay):
        delayed(first, by: delay)
        return first.parcel
      }
    }
    return nil
  }

  /// Puts a fault into force, in place of one of the same name.
  public mutating func impose(_ rule: Rule) {
    lift(rule.name)
    rules.append(rule)
  }

  /// Ends a fault.
  public mutating func lift(_ name: String) { rules.removeAll { $0.name == name } }

  /// Loses everything that is on its way to a node.
  public mutating func discard(for node: NodeID) {
    guard let receiver = indices[node] else { preconditionFailure("\(node) is not a node of this network") }
    couriers[receiver] = Courier()
    inHand = Heap(inHand.unordered.filter { $0.receiver != receiver })
  }

  private mutating func delayed(_ entry: Entry, by delay: Duration) {
    var parcel = entry.parcel
    parcel.isDelayed = true
    enqueue(parcel, due: entry.due + delay, for: entry.receiver)
  }

  private func decide(_ parcel: Parcel) -> Rule.Decision {
    for rule in rules {
      let decision = rule.decide(parcel)
      if decision != .pass { return decision }
    }
    return .pass
  }

  private mutating func enqueue(_ parcel: Parcel, due: Instant, for receiver: Int) {
    lastOrder += 1
    let entry = Entry(due: due, order: lastOrder, receiver: receiver, parcel: parcel)
    guard delivery == .inOrder else {
      inHand.insert(entry)
      return
    }
    couriers[receiver].queue.insert(entry)
    if !couriers[receiver].isWaiting { takeNext(for: receiver) }
  }

  private mutating func takeNext(for receiver: Int) {
    guard let next = couriers[receiver].queue.popMin() else {
      couriers[receiver].isWaiting = false
      return
    }
    couriers[receiver].isWaiting = true
    inHand.insert(next)
  }
}
