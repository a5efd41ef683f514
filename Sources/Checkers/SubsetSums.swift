/// Which sums some numbers can come to if each is either counted or not. Kept as ranges: the sums of many small
/// numbers have few gaps.
struct SubsetSums: Sendable {
  /// Ascending, with gaps between them.
  private(set) var ranges: [ClosedRange<Int128>]
  /// False once there were so many ranges that the gaps were given up.
  private(set) var isExact = true

  private static let rangesMax = 4096

  /// - Parameter base: what is counted in any case.
  init(_ base: Int128 = 0) { ranges = [base...base] }

  var least: Int128 { ranges.first!.lowerBound }
  var greatest: Int128 { ranges.last!.upperBound }

  /// Adds a number that may be counted or not.
  mutating func insert(_ number: Int128) {
    guard number != 0 else { return }
    let shifted = ranges.map { $0.lowerBound + number...$0.upperBound + number }
    var merged: [ClosedRange<Int128>] = []
    var (a, b) = (0, 0)
    while a < ranges.count || b < shifted.count {
      let takesA = b == shifted.count || a < ranges.count && ranges[a].lowerBound <= shifted[b].lowerBound
      let next = takesA ? ranges[a] : shifted[b]
      if takesA { a += 1 } else { b += 1 }
      if let last = merged.last, next.lowerBound <= last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, next.upperBound)
      } else {
        merged.append(next)
      }
    }
    ranges = merged
    if ranges.count > Self.rangesMax {
      ranges = [least...greatest]
      isExact = false
    }
  }

  func contains(_ sum: some BinaryInteger) -> Bool {
    let sum = Int128(sum)
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < sum { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(sum)
  }
}
