/// SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014): small, fast,
/// and the same on every machine. Not for secrets.
public struct Random: RandomNumberGenerator, Hashable, Sendable {
  private var state: UInt64

  /// - Parameter seed: one seed gives one sequence, on every machine.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A generator for a purpose of its own: drawing from one does not shift what the other draws.
  public mutating func split() -> Random { Random(seed: next()) }
}
