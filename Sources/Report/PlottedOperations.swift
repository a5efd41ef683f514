internal import Glomers
import History

/// The operations that clients began, as far as pictures know them.
struct PlottedOperations {
  struct One {
    /// Seconds since the test's start.
    let start: Double
    /// Seconds; 0 for what has not ended.
    let took: Double
    /// Of its invocation, in the history.
    let index: Int
    /// A number for its function and its outcome.
    let series: Int
    let hasEnd: Bool

    /// 0 for ok, 1 for fail, 2 for info and what has not ended.
    var outcome: Int { series % PlottedOperations.outcomeCount }
    var isOK: Bool { outcome == 0 }
  }

  private static let outcomeCount = 3

  private(set) var all: [One] = []
  /// In the order in which they turn up.
  private(set) var functions: [String] = []
  /// When the last of them ended, in seconds: above zero.
  let end: Double
  /// How long the longest took, in seconds.
  let tookMax: Double

  /// Above the number of each series.
  var seriesCount: Int { functions.count * Self.outcomeCount }

  init(_ history: History) {
    var count = 0
    for index in 0..<history.count where history.kind(of: index) == .invoke && history.isClient(index) {
      count += 1
    }
    all.reserveCapacity(count)
    var function = 0, longest = 0.0
    for index in 0..<history.count where history.kind(of: index) == .invoke && history.isClient(index) {
      let name = history.function(of: index)
      if function >= functions.count || !functions[function].isSameText(as: name) {
        function = functions.firstIndex { $0.isSameText(as: name) } ?? functions.count
        if function == functions.count { functions.append(name) }
      }
      let start = history.time(of: index), end = history.completionIndex(of: index)
      let took = end.map { Double(history.time(of: $0) - start) / 1e9 } ?? 0
      longest = max(longest, took)
      let outcome =
        switch end.map({ history.kind(of: $0) }) {
        case .ok: 0
        case .fail: 1
        case .info, .invoke, nil: 2
        }
      all.append(
        One(
          start: Double(start) / 1e9, took: took, index: index, series: function * Self.outcomeCount + outcome,
          hasEnd: end != nil))
    }
    end = Self.end(of: all[...])
    tookMax = longest
  }

  static func end(of operations: ArraySlice<One>) -> Double {
    var end = -Double.infinity
    for one in operations { end = max(end, one.start + one.took) }
    return operations.isEmpty ? 1 : max(0.001, end)
  }
}

extension [Double] {
  /// Puts that element in its place that sorting a part would bring there: before it nothing is above it, and after it nothing
  /// below (Hoare, *Algorithm 65: Find*).
  mutating func putInPlace(_ place: Int, of part: Range<Int>) {
    var low = part.lowerBound, high = part.upperBound - 1
    while low < high {
      let pivot = self[low + (high - low) / 2]
      var left = low, right = high
      while left <= right {
        while self[left] < pivot { left += 1 }
        while self[right] > pivot { right -= 1 }
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
