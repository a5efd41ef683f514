import Testing

@testable import Fleet

@Suite("A sweep in a queue") struct SweepQueueTests {
  private static func sweep(_ seeds: ClosedRange<UInt64>, words: [String] = ["-w", "echo"])
    -> SweepQueue.Description
  {
    SweepQueue.Description(words: words, version: "1", seeds: seeds)
  }

  @Test(
    "parts cover every seed once, in order, at both ends of what a seed can be",
    arguments: [
      1...1, 0...9, 5...14, 1...1000, 7...123_456, UInt64.max - 30...UInt64.max, 0...UInt64(500_000),
    ] as [ClosedRange<UInt64>])
  func parts(_ seeds: ClosedRange<UInt64>) {
    let sweep = Self.sweep(seeds)
    var number: UInt64 = 0
    var next: UInt64? = seeds.lowerBound
    while let part = sweep.part(number) {
      #expect(part.lowerBound == next && part.upperBound - part.lowerBound < sweep.partSeeds)
      next = part.upperBound == .max ? nil : part.upperBound + 1
      number += 1
    }
    #expect(next == (seeds.upperBound == .max ? nil : seeds.upperBound + 1))
    #expect(sweep.part(.max) == nil || seeds.upperBound == .max)
  }

  @Test("a sweep is known by all that makes it what it is")
  func ids() {
    let sweep = Self.sweep(1...100)
    #expect(sweep.id == Self.sweep(1...100).id)
    #expect(sweep.id.count == 16 && Protocol.isToken(sweep.id))
    for other in [Self.sweep(1...101), Self.sweep(2...100), Self.sweep(1...100, words: ["-w", "kafka"])] {
      #expect(other.id != sweep.id)
    }
    #expect(SweepQueue.Description(bytes: sweep.bytes) == sweep)
  }
}
