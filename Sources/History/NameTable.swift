internal import Glomers

/// Names in the order in which they turn up, each once, by their bytes.
package struct NameTable: Sendable {
  package private(set) var names: [String] = []
  private var places: [JSONName: Int] = [:]
  /// The place of the last name with a hash.
  private var recent = [Int](repeating: 0, count: 256)

  package init(_ names: [String] = []) { for name in names { _ = place(of: name) } }

  package mutating func place(of name: String) -> Int {
    let slot = unsafe name.withText { unsafe Self.hash($0) }, likely = recent[slot]
    if likely < names.count, names[likely].hasSameBytes(as: name) { return likely }
    let place = places[JSONName(name), default: names.count]
    if place == names.count {
      places[JSONName(name)] = place
      names.append(name)
    }
    recent[slot] = place
    return place
  }

  /// The same for a name by its bytes, all of them below 128.
  package mutating func place(ofPlain name: UnsafeBufferPointer<UInt8>) -> Int {
    let likely = recent[unsafe Self.hash(name)]
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

  /// From 0 to 255, of the last four bytes: names that differ in a number have different ones.
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    var hash = 0
    for place in max(0, name.count - 4)..<name.count { hash = unsafe hash * 10 + Int(name[place]) }
    return hash & 255
  }
}
