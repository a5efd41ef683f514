import Glomers
import History

/// The values of one member, as text, with a comma before each.
struct Column: ~Copyable {
  private(set) var text: TextWriter
  /// The value before the next, for those in order.
  private var last = 0

  /// - Parameter count: how many values are to come, about.
  init(_ count: Int = 0) {
    // Memory that is not used costs nothing, and more than this is rare.
    text = TextWriter(reserving: 64 + 10 * count)
  }

  @inline(__always)
  mutating func add(_ value: Int) {
    text.add(UInt8(ascii: ","))
    text.add(value)
  }

  /// Adds a value less the one before it.
  @inline(__always)
  mutating func add(difference value: Int) {
    add(value - last)
    last = value
  }

  /// Adds a list, without brackets if it has one element.
  mutating func add(list: [Int]) {
    text.add(UInt8(ascii: ","))
    if list.count == 1 { return text.add(list[0]) }
    text.add(UInt8(ascii: "["))
    for (place, value) in list.enumerated() {
      if place > 0 { text.add(", ") }
      text.add(value)
    }
    text.add(UInt8(ascii: "]"))
  }
}

/// Which keys each operation is about, for workloads that have keys.
struct OperationKeys {
  private static let namesMax = 5000

  private let workload: String
  private var table = NameTable()
  var names: [String] { table.names }

  init(_ workload: String) { self.workload = workload }

  /// Whether the workload has keys.
  var areKnown: Bool { ["lin-kv", "txn-rw-register", "txn-list-append", "kafka"].contains(workload) }

  /// The places in ``names`` of the keys that an operation is about, by its two values.
  mutating func find(_ value: JSON, _ result: JSON) -> [Int] {
    var found: [Int] = []
    for value in [value, result] {
      for key in keys(value) where table.names.count < Self.namesMax {
        let place = table.place(of: key.plainText.cut(to: 100))
        if !found.contains(place) { found.append(place) }
      }
    }
    return found
  }

  private func keys(_ value: JSON) -> [JSON] {
    switch workload {
    case "lin-kv": value.array.flatMap { $0.count == 2 ? [$0[0]] : nil } ?? []
    case "txn-rw-register", "txn-list-append":
      (value.array ?? []).compactMap { $0.array.flatMap { $0.count == 3 ? $0[1] : nil } }
    case "kafka": (value.array ?? []).flatMap(Self.logs(in:)) + Self.members(value)
    default: []
    }
  }

  /// Of a micro-operation of kafka, or a key that is assigned.
  private static func logs(in part: JSON) -> [JSON] {
    if case .string = part { return [part] }
    guard let parts = part.array, parts.count > 1, case .string(let verb) = parts[0] else { return [] }
    return verb == "send" ? [parts[1]] : members(parts[1])
  }

  private static func members(_ value: JSON) -> [JSON] {
    if case .object(let members) = value { members.keys.sorted().map(\.json) } else { [] }
  }
}
