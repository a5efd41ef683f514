internal import Glomers
import History

/// Names in the order in which they turn up, each once, by their bytes.
struct NameTable: Sendable {
  private(set) var names: [String] = []
  private var places: [JSONName: Int] = [:]
  /// The place of the last name that ended in a byte, by the byte's low bits: the names of nodes differ there.
  private var recent = [Int](repeating: 0, count: 16)

  init(_ names: [String] = []) { for name in names { _ = place(of: name) } }

  mutating func place(of name: String) -> Int {
    let slot = Int(unsafe name.withText { unsafe $0.last } ?? 0) & 15, likely = recent[slot]
    if likely < names.count, names[likely].isSameText(as: name) { return likely }
    let place = places[JSONName(name), default: names.count]
    if place == names.count {
      places[JSONName(name)] = place
      names.append(name)
    }
    recent[slot] = place
    return place
  }

  /// The same for a name by its bytes, all of them below 128.
  mutating func place(ofPlain name: UnsafeBufferPointer<UInt8>) -> Int {
    let likely = recent[Int(unsafe name.last ?? 0) & 15]
    if likely < names.count, unsafe Self.isText(names[likely], name) { return likely }
    return place(of: unsafe String(decoding: name, as: UTF8.self))
  }

  private static func isText(_ known: String, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe known.withText { known in
      guard known.count == name.count else { return false }
      for place in known.indices where unsafe known[place] != name[place] { return false }
      return true
    }
  }
}
