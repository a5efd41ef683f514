internal import Glomers
import History

/// The operations that clients began, as far as pictures know them.
struct PlottedOperations {
  struct One {
    /// Seconds since the test's start.
    let start: Double
    /// Seconds; 0 for what has not ended.
    let took: Double
    private let place: UInt32
    private let seriesAndEnd: Int32

    init(start: Double, took: Double, index: Int, series: Int, hasEnd: Bool) {
      self.start = start
      self.took = took
      place = UInt32(index)
      seriesAndEnd = Int32(series * 2 + (hasEnd ? 1 : 0))
    }

    /// Of its invocation, in the history.
    var index: Int { Int(place) }
    /// A number for its function and its outcome.
    var series: Int { Int(seriesAndEnd / 2) }
    var hasEnd: Bool { seriesAndEnd % 2 == 1 }
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
      if function >= functions.count || !functions[function].hasSameBytes(as: name) {
        function = functions.firstIndex { $0.hasSameBytes(as: name) } ?? functions.count
        if function == functions.count { functions.append(name) }
      }
      let start = history.time(of: index), end = history.completionIndex(of: index)
      let took = end.map { Double(history.duration(from: index, to: $0)) / 1e9 } ?? 0
      longest = max(longest, took)
      let outcome =
        switch end.map({ history.kind(of: $0) }) {
        case .ok: 0
        case .fail: 1
        case .info, .invoke, nil: 2
        }
      all.append(
        One(
          start: Double(start) / 1e9, took: took, index: index,
          series: function * Self.outcomeCount + outcome,
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
