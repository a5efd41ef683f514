public import Glomers
internal import HeapModule

/// The simulated network between nodes: what is under way, when each parcel is due, and what faults make of it.
///
/// In-order delivery is Maelstrom's: a courier per receiver takes the parcel with the earliest due time, waits until
/// it is due, hands it over and only then looks for the next, so that one which came meanwhile waits even if it is
/// due earlier. Faults are looked at on delivery: what was sent before a partition and is due inside it is lost.
public struct Network: Sendable {
  /// What became of a parcel that did not arrive just as it was sent.
  struct Mishap: Equatable, Sendable {
    enum Kind: String, Sendable {
      case lost
      /// It comes later.
      case held
      /// It has come, and a copy comes later.
      case copied
    }

    let kind: Kind
    /// The parcel's id.
    let message: Int
    /// The name of the fault, or what else it was.
    let cause: String
  }

  /// A parcel's turn. The parcel itself stays where it is while queues are put in order.
  private struct Entry: Comparable, Sendable {
    let due: Instant
    /// Parcels due at the same instant go in the order of sending.
    let order: Int
    let receiver: Int32
    let slot: Int32
    /// Whether the machine's lateness is part of what it is due at.
    var isLate = false

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
  private var machine: Machine?
  private var couriers: [Courier]
  private let names: [NodeID]
  private let indices: [NodeID: Int]
  /// Whether a name begins with a byte: those of clients, which are asked for at every reply, begin with another.
  private var isInitial: [Bool]
  /// Parcels that are due at their own time: with in-order delivery, at most one for each receiver.
  private var inHand = Heap<Entry>()
  private var lastOrder = 0
  /// What is under way, by slot, and the slots that are free.
  private var parcels: [Parcel?] = []
  private var freeSlots: [Int32] = []
  /// Whether mishaps are kept for ``takeMishaps()``.
  var keepsMishaps = false
  private var mishaps: [Mishap] = []
  /// What faults have made of parcels since anybody asked.
  private var interferences: [Interference] = []

  /// A fault that made something of a parcel.
  struct Interference {
    let parcel: Parcel
    /// The name of the rule; `kill` for what was on its way to a node that was killed.
    let rule: String
    let decision: Rule.Decision

    /// Whether the fault chooses among messages, and does not cut links or nodes off.
    var isOfOneMessage: Bool { rule == "script" || Degradation(rawValue: rule) != nil }
  }

  /// - Parameter machine: nil for one that is never late.
  public init(_ nodes: [NodeID], _ delivery: Scenario.Delivery, machine: Machine? = nil) {
    self.delivery = delivery
    self.machine = machine
    names = nodes
    couriers = Array(repeating: Courier(), count: nodes.count)
    indices = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
    isInitial = Array(repeating: false, count: 256)
    for node in nodes { if let first = node.name.utf8.first { isInitial[Int(first)] = true } }
  }

  /// When the next parcel is to be delivered, or found lost; nil when nothing is under way.
  public var deadline: Instant? { inHand.min?.due }

  /// The place of a node in the list of all; nil for a name that is not of this network.
  func place(of node: NodeID) -> Int? {
    // Most are n0, n1, …, which is seen more quickly than a name is hashed.
    if let number = node.number, number < names.count, names[number] == node { return number }
    guard let first = node.name.utf8.first, isInitial[Int(first)] else { return nil }
    return indices[node]
  }

  /// Sends a parcel; its destination must be a node of this network.
  public mutating func send(_ parcel: Parcel, due: Instant) {
    send(parcel, to: knownPlace(of: parcel.destination), due: due)
  }

  /// Sends a parcel to its destination, which has this place.
  mutating func send(_ parcel: Parcel, to receiver: Int, due: Instant) {
    enqueue(parcel, due: due, for: Int32(receiver))
  }

  /// Takes out the next parcel that is due by `now` and that no fault holds back.
  public mutating func popDue(by now: Instant) -> Parcel? { takeDue(by: now)?.parcel }

  /// Takes out the next parcel that is due by `now` and that no fault holds back, and the place of its receiver.
  mutating func takeDue(by now: Instant) -> (parcel: Parcel, receiver: Int)? {
    while let first = inHand.min, first.due <= now {
      inHand.removeMin()
      if !first.isLate, let turn = machine?.turn(of: Int(first.receiver), due: first.due), turn > first.due {
        // The courier that has it in hand is as late as the machine, and all that waits behind it too.
        inHand.insert(
          Entry(due: turn, order: first.order, receiver: first.receiver, slot: first.slot, isLate: true))
        continue
      }
      if delivery == .inOrder { takeNext(for: first.receiver) }
      let parcel = takeParcel(from: first.slot)
      let (decision, cause) = decide(parcel)
      switch decision {
      case .pass: return (parcel, Int(first.receiver))
      case .drop: note(.lost, parcel, cause)
      case .deliver(let delay):
        note(.held, parcel, cause)
        delayed(parcel, first, by: delay)
      case .deliverTwice(let delay):
        note(.copied, parcel, cause)
        delayed(parcel, first, by: delay)
        return (parcel, Int(first.receiver))
      }
    }
    return nil
  }

  /// When something that is due for a node reaches it.
  mutating func turn(of node: Int, due: Instant) -> Instant { machine?.turn(of: node, due: due) ?? due }

  /// Puts a fault into force, in place of one of the same name.
  ///
  /// - Parameter isFirst: whether it looks at parcels before those in force.
  public mutating func impose(_ rule: Rule, isFirst: Bool = false) {
    lift(rule.name)
    rules.insert(rule, at: isFirst ? 0 : rules.count)
  }

  /// What is under way, the earliest due first.
  var flights: [Flight] {
    (inHand.unordered + couriers.flatMap(\.queue.unordered)).sorted().map {
      Flight(parcel: parcels[Int($0.slot)]!, due: $0.due)
    }
  }

  /// Has a parcel arrive at another time than it would. With independent delivery.
  mutating func hasten(_ id: Int, to due: Instant) {
    inHand = Heap(
      inHand.unordered.map { entry in
        guard parcels[Int(entry.slot)]!.id == id else { return entry }
        return Entry(due: due, order: entry.order, receiver: entry.receiver, slot: entry.slot)
      })
  }

  /// Ends a fault.
  public mutating func lift(_ name: String) { rules.removeAll { $0.name == name } }

  /// Loses everything that is on its way to a node.
  public mutating func discard(for node: NodeID) {
    let receiver = knownPlace(of: node)
    let lost = couriers[receiver].queue.unordered + inHand.unordered.filter { $0.receiver == receiver }
    for entry in lost {
      let parcel = takeParcel(from: entry.slot)
      note(.lost, parcel, "kill")
      interferences.append(Interference(parcel: parcel, rule: "kill", decision: .drop))
    }
    couriers[receiver] = Courier()
    inHand = Heap(inHand.unordered.filter { $0.receiver != receiver })
  }

  /// What became of parcels that did not arrive as they were sent, since the last time.
  mutating func takeMishaps() -> [Mishap] {
    defer { mishaps.removeAll(keepingCapacity: true) }
    return mishaps
  }

  private mutating func note(_ kind: Mishap.Kind, _ parcel: Parcel, _ cause: String) {
    if keepsMishaps { mishaps.append(Mishap(kind: kind, message: parcel.id, cause: cause)) }
  }

  /// Hands out what faults have made of parcels since the last call.
  mutating func takeInterferences() -> [Interference] {
    guard !interferences.isEmpty else { return [] }
    defer { interferences = [] }
    return interferences
  }

  private func knownPlace(of node: NodeID) -> Int {
    guard let place = place(of: node) else { preconditionFailure("\(node) is not a node of this network") }
    return place
  }

  private mutating func delayed(_ parcel: Parcel, _ entry: Entry, by delay: Duration) {
    var parcel = parcel
    parcel.isDelayed = true
    enqueue(parcel, due: entry.due + delay, for: entry.receiver)
  }

  /// What becomes of a parcel, and by which rule.
  private mutating func decide(_ parcel: Parcel) -> (Rule.Decision, cause: String) {
    for rule in rules {
      let decision = rule.decide(parcel)
      guard decision != .pass else { continue }
      interferences.append(Interference(parcel: parcel, rule: rule.name, decision: decision))
      return (decision, rule.name)
    }
    return (.pass, "")
  }

  private mutating func enqueue(_ parcel: Parcel, due: Instant, for receiver: Int32) {
    lastOrder += 1
    let entry = Entry(due: due, order: lastOrder, receiver: receiver, slot: keep(parcel))
    guard delivery == .inOrder else {
      inHand.insert(entry)
      return
    }
    if couriers[Int(receiver)].isWaiting {
      couriers[Int(receiver)].queue.insert(entry)
    } else {
      couriers[Int(receiver)].isWaiting = true
      inHand.insert(entry)
    }
  }

  private mutating func takeNext(for receiver: Int32) {
    guard let next = couriers[Int(receiver)].queue.popMin() else {
      couriers[Int(receiver)].isWaiting = false
      return
    }
    inHand.insert(next)
  }

  private mutating func keep(_ parcel: Parcel) -> Int32 {
    if let slot = freeSlots.popLast() {
      parcels[Int(slot)] = parcel
      return slot
    }
    parcels.append(parcel)
    return Int32(parcels.count - 1)
  }

  private mutating func takeParcel(from slot: Int32) -> Parcel {
    freeSlots.append(slot)
    return parcels[Int(slot)].take()!
  }
}

extension NodeID {
  /// The number in a name that is one letter and a number: `n12`, `c3`.
  var number: Int? {
    let number = unsafe name.utf8.withContiguousStorageIfAvailable { unsafe Self.number($0) }
    return number ?? nil
  }

  private static func number(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    guard name.count > 1, name.count < 16 else { return nil }
    var number = 0
    for place in 1..<name.count {
      let digit = unsafe name[place] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      number = 10 * number + Int(digit)
    }
    return number
  }
}

/// A message on its way through the network: the line as its sender wrote it, with the network's number for it.
public struct Parcel: Equatable, Sendable {
  /// Counts from 0 over the whole test; the receiver sees it as `id`.
  public let id: Int
  /// Who sent it.
  public let source: NodeID
  /// Who is to get it.
  public let destination: NodeID
  /// One JSON object, `id` included, with its newline.
  public let line: [UInt8]
  /// Whether a client sent it.
  public let isFromClient: Bool
  /// When it was sent.
  public internal(set) var sent: Instant = .zero
  /// Whether a fault has held it back, or copied it.
  public internal(set) var isDelayed = false
  /// Which of its link's messages it is, from 1 on; 0 where nobody counts.
  public internal(set) var number = 0

  /// - Parameters:
  ///   - id: the network's number for it.
  ///   - line: one JSON object with its newline.
  public init(id: Int, source: NodeID, destination: NodeID, line: [UInt8], isFromClient: Bool = false) {
    self.id = id
    self.source = source
    self.destination = destination
    self.line = line
    self.isFromClient = isFromClient
  }
}
