import Glomers
import History

/// A history of a set to which elements are added, made ready for checkers: elements are numbers, and one knows
/// which reads show which elements (``SetReads``). Made in time linear in the history with all that its reads show.
struct SetHistory: Sendable {
  /// An element that somebody tried to add, or that a read shows.
  struct Element: Sendable {
    /// Where its (last) add begins; -1 where nobody tried.
    var begin = -1
    /// Where its (first) add begins; -1 where nobody tried.
    var firstBegin = -1
    /// Where an add is first acknowledged after ``begin``; -1 where it is not.
    var acknowledged = -1
    /// Where its last add certainly failed; -1 where it did not.
    var failed = -1
    /// How many adds may have happened: those that did not certainly fail.
    var openAdds = 0
    /// Which of `SetHistory.overlaps` are of reads under way when the add began.
    var overlaps = 0..<0
  }

  private(set) var table = ValueTable()
  /// By number.
  private(set) var elements: [Element] = []
  private(set) var reads = SetReads()
  /// Places of reads, ascending for each element.
  private(set) var overlaps: [Int32] = []

  /// - Parameter adding: the function that adds; the one that reads is called `read`.
  init(_ history: History, adding: String) {
    let begins = readBegins(history)
    collectAdds(history, adding, begins)
    collectReads(history, begins)
  }

  func value(_ element: Int) -> JSON { table.values[element] }

  /// Every element that somebody tried to add, smallest first.
  var attempted: [Int] {
    elements.indices.filter { elements[$0].begin >= 0 }.sorted { JSON.precedes(value($0), value($1)) }
  }

  /// Where the reads that succeed begin.
  private func readBegins(_ history: History) -> [Int] {
    (0..<history.count).filter { index in
      guard history.isClient(index), history.kind(of: index) == .invoke,
        let end = history.completionIndex(of: index)
      else { return false }
      return history.kind(of: end) == .ok && history.function(of: index) == "read"
    }
  }

  private mutating func number(of value: JSON) -> Int {
    let number = table.number(of: value)
    if number == elements.count { elements.append(Element()) }
    return number
  }

  private mutating func number(ofInteger value: Int) -> Int {
    let number = table.number(ofInteger: value)
    if number == elements.count { elements.append(Element()) }
    return number
  }

  private mutating func collectAdds(_ history: History, _ adding: String, _ begins: [Int]) {
    var nextRead = 0
    // Reads under way, as places in `begins`: never more than there are clients.
    var open: [Int] = []
    for index in 0..<history.count where history.isClient(index) {
      let kind = history.kind(of: index)
      if nextRead < begins.count, index == begins[nextRead] {
        open.append(nextRead)
        nextRead += 1
        continue
      }
      let function = history.function(of: index)
      if kind == .ok, function == "read" {
        let begin = history.invocationIndex(of: index)!
        open.removeAll { begins[$0] == begin }
      }
      guard function == adding else { continue }
      let number = number(of: history.value(of: index))
      switch kind {
      case .invoke:
        elements[number].begin = index
        if elements[number].firstBegin < 0 { elements[number].firstBegin = index }
        elements[number].acknowledged = -1
        elements[number].openAdds += 1
        let start = overlaps.count
        overlaps += open.map { Int32($0) }
        elements[number].overlaps = start..<overlaps.count
      case .ok:
        if elements[number].acknowledged < 0 { elements[number].acknowledged = index }
      case .fail:
        elements[number].failed = index
        elements[number].openAdds -= 1
      case .info: break
      }
    }
  }

  private mutating func collectReads(_ history: History, _ begins: [Int]) {
    // Taken out and put back, since numbers are given meanwhile.
    var reads = SetReads()
    for begin in begins {
      let end = history.completionIndex(of: begin)!
      let (node, isFinal) = (history.node(of: end), history.isFinal(begin))
      if let integers = history.integers(of: end) {
        reads.append(begin, end, node, isFinal: isFinal, integers: integers) { number(ofInteger: $0) }
      } else {
        let elements = (history.value(of: end).array ?? []).map { number(of: $0) }
        reads.append(begin, end, node, isFinal: isFinal, elements: elements)
      }
    }
    reads.finish(elementCount: elements.count)
    self.reads = reads
  }
}
