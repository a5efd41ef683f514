public import Glomers

/// A fingerprint of a run, 64 bits: a multiplication and a shift for every 8 bytes, as in MurmurHash (Appleby). Shows
/// that two runs went the same way; no protection against anybody who wants to deceive.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  private var state: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The fingerprint of nothing.
  public init() {}

  /// Takes in bytes, and how many they are.
  public mutating func add(_ bytes: Span<UInt8>) {
    mix(UInt64(bytes.count))
    unsafe bytes.withUnsafeBytes { bytes in
      let whole = bytes.count & ~7
      for offset in stride(from: 0, to: whole, by: 8) {
        mix(UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      }
      var rest: UInt64 = 0
      for offset in whole..<bytes.count { rest = rest << 8 | UInt64(unsafe bytes[offset]) }
      mix(rest)
    }
  }

  /// Takes in a time.
  public mutating func add(_ instant: Instant) { mix(UInt64(bitPattern: instant.nanoseconds)) }

  private mutating func mix(_ word: UInt64) {
    state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
    state ^= state >> 32
  }

  /// 16 hexadecimal digits.
  public var description: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
