import Glomers
import Testing

@testable import Lab
@testable import Checkers

@Suite struct SubsetSumsTests {
  /// Every sum, one by one.
  private func bruteForce(_ base: Int, _ numbers: [Int]) -> Set<Int> {
    numbers.reduce([base]) { sums, number in sums.union(sums.map { $0 + number }) }
  }

  @Test("ranges hold exactly the sums that a brute-force twin finds", arguments: 1...200)
  func twin(seed: Int) {
    var random = Random(seed: UInt64(seed))
    let base = Int.random(in: -5...5, using: &random)
    let widest = [1, 5, 40].randomElement(using: &random)!
    let numbers = (0..<Int.random(in: 0...9, using: &random)).map { _ in
      Int.random(in: -widest...widest, using: &random)
    }
    var sums = SubsetSums(Int128(base))
    for number in numbers { sums.insert(Int128(number)) }
    let expected = bruteForce(base, numbers)
    for sum in (expected.min()! - 3)...(expected.max()! + 3) {
      #expect(sums.contains(sum) == expected.contains(sum), "\(base) \(numbers): \(sum)")
    }
    #expect(sums.isExact)
    for (range, next) in zip(sums.ranges, sums.ranges.dropFirst()) {
      #expect(range.upperBound + 1 < next.lowerBound)
    }
  }

  @Test("numbers that would make too many ranges cost exactness, not memory or time")
  func manyRanges() {
    var sums = SubsetSums()
    for power in 0..<60 { sums.insert(Int128(1) << Int128(2 * power)) }
    #expect(!sums.isExact)
    #expect(sums.ranges.count <= 4096)
    #expect(sums.contains(1 << 40))
    #expect(!sums.contains(-1))
  }

  @Test("sums of 64-bit numbers may take more than 64 bits")
  func wide() {
    var sums = SubsetSums(Int128(Int.max))
    sums.insert(Int128(Int.max))
    sums.insert(Int128(Int.min))
    #expect(sums.contains(-1))
    #expect(sums.greatest == 2 * Int128(Int.max))
  }
}
