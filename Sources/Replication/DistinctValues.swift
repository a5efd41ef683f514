internal import Glomers

/// Values in their order of arrival, each once.
///
/// Integers, which nearly all elements are, get a hash of a few instructions. It is seeded like the library's, so that
/// nobody who chooses the values knows which ones collide; and no order depends on it.
struct DistinctValues: Sendable {
  private static let free = UInt32.max

  private let seed = Hasher().finalize()
  private(set) var elements: [JSON] = []
  /// A hash table of positions, by linear probing: a power of two, of which a quarter at least is free.
  private var slots = Array(repeating: Self.free, count: 16)

  subscript(position: Int) -> JSON { elements[position] }

  /// Adds a value if it is not there. Returns its position.
  mutating func append(_ value: JSON) -> (isNew: Bool, position: Int) {
    var slot = hash(of: value) & (slots.count - 1)
    while slots[slot] != Self.free {
      let position = Int(slots[slot])
      if elements[position] == value { return (false, position) }
      slot = (slot + 1) & (slots.count - 1)
    }
    let position = elements.count
    elements.append(value)
    slots[slot] = UInt32(position)
    if elements.count * 4 > slots.count * 3 { grow() }
    return (true, position)
  }

  private mutating func grow() {
    slots = Array(repeating: Self.free, count: slots.count * 2)
    for position in elements.indices {
      var slot = hash(of: elements[position]) & (slots.count - 1)
      while slots[slot] != Self.free { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(position)
    }
  }

  private func hash(of value: JSON) -> Int {
    guard case .integer(let integer) = value else { return value.hashValue }
    // The upper half of a product hangs on all bits of what is multiplied; it is folded into the lower one.
    let (high, low) = (integer ^ seed).multipliedFullWidth(by: seed &* 0x1E37_79B9_7F4A_7C15 | 1)
    return high ^ Int(bitPattern: low)
  }
}
