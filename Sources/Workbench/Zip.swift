/// A zip file whose members are not compressed: what every system opens (PKWARE's APPNOTE, 4.3). Without ZIP64, so up
/// to 4 GiB.
struct Zip {
  private(set) var bytes: [UInt8] = []
  private var directory: [UInt8] = []
  private var count: UInt16 = 0

  /// The most that fits, with some room for the directory.
  static let bytesMax = Int(UInt32.max) - (1 << 20)

  /// Adds a file; its name has slashes between its parts.
  mutating func add(_ name: String, _ content: [UInt8]) {
    let start = UInt32(bytes.count), name = Array(name.utf8)
    var header: [UInt8] = []
    // Version 2.0, names in UTF-8, stored, and 1980-01-01 for a date.
    header.append(little: UInt16(20), UInt16(0x0800), UInt16(0), UInt16(0), UInt16(33))
    header.append(little: CRC32.of(content), UInt32(content.count), UInt32(content.count))
    header.append(little: UInt16(name.count), UInt16(0))
    bytes += [0x50, 0x4B, 3, 4] + header + name + content
    directory += [0x50, 0x4B, 1, 2]
    directory.append(little: UInt16(20))
    directory += header
    directory.append(little: UInt16(0), UInt16(0), UInt16(0))
    directory.append(little: UInt32(0), start)
    directory += name
    count += 1
  }

  /// The whole file; nothing may be added after.
  func closed() -> [UInt8] {
    var end: [UInt8] = [0x50, 0x4B, 5, 6]
    end.append(little: UInt16(0), UInt16(0), count, count)
    end.append(little: UInt32(directory.count), UInt32(bytes.count))
    end.append(little: UInt16(0))
    return bytes + directory + end
  }
}

/// The checksum of zip files (ISO 3309).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { number in
    (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
  }

  static func of(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
  }
}

extension [UInt8] {
  fileprivate mutating func append<Number: FixedWidthInteger>(little numbers: Number...) {
    for number in numbers {
      for place in 0..<(Number.bitWidth / 8) { append(UInt8(truncatingIfNeeded: number >> (8 * place))) }
    }
  }
}
