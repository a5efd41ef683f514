/// Small numbers of integers. Most that tests write are small themselves: those are looked up in an array, others in a
/// dictionary.
struct IntegerNumbers: Sendable {
  private static let smallLimit = 256

  private var small: [Int32] = []
  private var others: [Int: Int32] = [:]

  /// The number of an integer; one that has none gets `new`.
  mutating func number(of integer: Int, orElse new: Int) -> Int {
    guard 0..<Self.smallLimit ~= integer else {
      if let known = others[integer] { return Int(known) }
      others[integer] = Int32(new)
      return new
    }
    while small.count <= integer { small.append(-1) }
    if small[integer] < 0 { small[integer] = Int32(new) }
    return Int(small[integer])
  }
}
