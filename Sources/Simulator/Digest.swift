public import Glomers

/// A fingerprint of a run: FNV-1a, 64 bits (Fowler, Noll, Vo). Shows that two runs went the same way; no protection
/// against anybody who wants to deceive.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  public mutating func add(_ instant: Instant) {
    state = (state ^ UInt64(bitPattern: instant.nanoseconds)) &* 0x100_0000_01B3
  }

  /// 16 hexadecimal digits.
  public var description: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
