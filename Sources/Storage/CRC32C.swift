/// CRC-32C (Castagnoli polynomial, as in RFC 3720), eight bytes at a time by the slicing method of Kounavis
/// and Berry.
struct CRC32C {
  private var state: UInt32 = ~0

  /// The checksum of what was added.
  var value: UInt32 { ~state }

  static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var checksum = CRC32C()
    checksum.add(bytes)
    return checksum.value
  }

  mutating func add(_ bytes: Span<UInt8>) {
    var state = state
    let table = Self.tables.span
    var position = 0
    while bytes.count - position >= 8 {
      let low = state ^ Self.word(bytes, position)
      let high = Self.word(bytes, position + 4)
      state =
        table[0x700 | Int(low & 0xFF)] ^ table[0x600 | Int(low >> 8 & 0xFF)]
        ^ table[0x500 | Int(low >> 16 & 0xFF)] ^ table[0x400 | Int(low >> 24)]
        ^ table[0x300 | Int(high & 0xFF)] ^ table[0x200 | Int(high >> 8 & 0xFF)]
        ^ table[0x100 | Int(high >> 16 & 0xFF)] ^ table[Int(high >> 24)]
      position += 8
    }
    while position < bytes.count {
      state = state >> 8 ^ table[Int(UInt8(truncatingIfNeeded: state) ^ bytes[position])]
      position += 1
    }
    self.state = state
  }

  private static func word(_ bytes: Span<UInt8>, _ position: Int) -> UInt32 {
    UInt32(bytes[position]) | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2]) << 16
      | UInt32(bytes[position + 3]) << 24
  }

  /// Eight tables of 256: the n-th has the effect of a byte that is followed by n zero bytes.
  private static let tables: [UInt32] = {
    var tables: [UInt32] = (0..<256).map { byte in
      (0..<8).reduce(UInt32(byte)) { state, _ in state & 1 == 0 ? state >> 1 : state >> 1 ^ 0x82F6_3B78 }
    }
    for index in 256..<2048 {
      let before = tables[index - 256]
      tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
    }
    return tables
  }()
}
