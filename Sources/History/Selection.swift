extension Array where Element: Comparable {
  /// Puts that element in its place that sorting a part would bring there: before it nothing is above it, and after it nothing
  /// below (Hoare, *Algorithm 65: Find*). Sorts where that takes too long.
  @inlinable
  package mutating func putInPlace(_ place: Int, of part: Range<Int>) {
    var low = part.lowerBound, high = part.upperBound - 1, rounds = 0
    while low < high {
      rounds += 1
      if rounds > 100 { return self[low...high].sort() }
      let pivot = self[low + (high - low) / 2]
      var left = low, right = high
      while left <= right {
        while self[left] < pivot { left += 1 }
        while pivot < self[right] { right -= 1 }
        guard left <= right else { break }
        swapAt(left, right)
        left += 1
        right -= 1
      }
      if place <= right {
        high = right
      } else if place >= left {
        low = left
      } else {
        return
      }
    }
  }
}
