import Glomers
import Testing

@testable import Storage

@Suite struct CRC32CTests {
  @Test("the check value of the algorithm, and the examples of RFC 3720")
  func known() {
    #expect(CRC32C.of(Array("123456789".utf8).span) == 0xE306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32).span) == 0x8A91_36AA)
    #expect(CRC32C.of([UInt8](repeating: 0xFF, count: 32).span) == 0x62A8_AB43)
    #expect(CRC32C.of([UInt8](0..<32).span) == 0x46DD_794E)
  }

  @Test("eight bytes at a time or one bit at a time is the same, wherever it is split")
  func split() {
    var random = Random(seed: 7)
    for count in 0..<70 {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
      let cut = Int.random(in: 0...count, using: &random)
      var checksum = CRC32C()
      checksum.add(bytes.span.extracting(first: cut))
      checksum.add(bytes.span.extracting(droppingFirst: cut))
      #expect(checksum.value == Self.bitwise(bytes))
    }
  }

  private static func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var state: UInt32 = ~0
    for byte in bytes {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state & 1 == 1 ? state >> 1 ^ 0x82F6_3B78 : state >> 1 }
    }
    return ~state
  }
}
