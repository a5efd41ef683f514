/// The part of a list that is needed for a failure, by delta debugging: Zeller and Hildebrandt, *Simplifying and
/// isolating failure-inducing input*, IEEE Transactions on Software Engineering 28(2), 2002, algorithm *ddmin*.
///
/// The list is cut into parts; if one part alone fails, the search goes on in it; if the list without one part fails,
/// it goes on without; otherwise the parts are made half as long. Of the result no single element can be left out.
/// Takes about `n log n` runs where few of `n` elements matter, and `n²` at worst.
///
/// - Parameter fails: whether what is left still fails. Must be true of the whole list.
func ddmin<Element>(_ list: [Element], _ fails: ([Element]) -> Bool) -> [Element] {
  guard !list.isEmpty, !fails([]) else { return [] }
  var list = list
  var partCount = 2
  while list.count >= 2 {
    let parts = list.parts(partCount)
    if let part = parts.first(where: { fails(Array(list[$0])) }) {
      list = Array(list[part])
      partCount = 2
    } else if partCount > 2, let part = parts.first(where: { fails(list.without($0)) }) {
      list = list.without(part)
      partCount = max(partCount - 1, 2)
    } else if partCount < list.count {
      partCount = min(list.count, partCount * 2)
    } else {
      break
    }
  }
  return list
}

extension Array {
  /// Ranges of nearly the same length.
  fileprivate func parts(_ count: Int) -> [Range<Int>] {
    (0..<count).map { self.count * $0 / count..<self.count * ($0 + 1) / count }
  }

  fileprivate func without(_ part: Range<Int>) -> [Element] {
    Array(self[..<part.lowerBound] + self[part.upperBound...])
  }
}
