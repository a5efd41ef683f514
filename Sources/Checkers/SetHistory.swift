import Glomers
import History

/// A history of a set to which elements are added, made ready for checkers: elements are numbers, and one knows
/// which reads show which elements. Made in time linear in the history with all that its reads show.
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

  /// A read that succeeded.
  struct Read: Sendable {
    /// Its invocation and its completion in the history.
    let begin: Int
    let end: Int
    let node: NodeID?
    let isFinal: Bool
    /// Each element that it shows once, in the order in which they first appear.
    let elements: [Int32]
  }

  private(set) var table = ValueTable()
  /// By number.
  private(set) var elements: [Element] = []
  /// In the order in which they begin.
  private(set) var reads: [Read] = []
  /// Places in ``reads``, ascending for each element.
  private(set) var overlaps: [Int32] = []
  /// Elements that a read shows more than once: how often at most, and the first such read's completion.
  private(set) var duplicates: [(element: Int, multiplicity: Int, node: NodeID?, read: Int)] = []

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
    history.operations.compactMap { operation in
      guard operation.isClient, operation.kind == .invoke, operation.function == "read",
        history.completion(of: operation.index)?.kind == .ok
      else { return nil }
      return operation.index
    }
  }

  private mutating func number(of value: JSON) -> Int {
    let number = table.number(of: value)
    if number == elements.count { elements.append(Element()) }
    return number
  }

  private mutating func collectAdds(_ history: History, _ adding: String, _ begins: [Int]) {
    var nextRead = 0
    // Reads under way, as places in `begins`: never more than there are clients.
    var open: [Int] = []
    for operation in history.operations where operation.isClient {
      if nextRead < begins.count, operation.index == begins[nextRead] {
        open.append(nextRead)
        nextRead += 1
      } else if operation.function == "read", operation.kind == .ok {
        let begin = history.invocation(of: operation.index)!.index
        open.removeAll { begins[$0] == begin }
      }
      guard operation.function == adding else { continue }
      let number = number(of: operation.value)
      switch operation.kind {
      case .invoke:
        elements[number].begin = operation.index
        if elements[number].firstBegin < 0 { elements[number].firstBegin = operation.index }
        elements[number].acknowledged = -1
        elements[number].openAdds += 1
        let start = overlaps.count
        overlaps += open.map { Int32($0) }
        elements[number].overlaps = start..<overlaps.count
      case .ok:
        if elements[number].acknowledged < 0 { elements[number].acknowledged = operation.index }
      case .fail:
        elements[number].failed = operation.index
        elements[number].openAdds -= 1
      case .info: break
      }
    }
  }

  private mutating func collectReads(_ history: History, _ begins: [Int]) {
    reads.reserveCapacity(begins.count)
    var lastSeen: [Int32] = []
    for (place, begin) in begins.enumerated() {
      let read = history.completion(of: begin)!
      var shown: [Int32] = []
      var repeated: [Int: Int] = [:]
      for value in read.value.array ?? [] {
        let number = number(of: value)
        while lastSeen.count < elements.count { lastSeen.append(-1) }
        if lastSeen[number] == place {
          repeated[number, default: 1] += 1
        } else {
          lastSeen[number] = Int32(place)
          shown.append(Int32(number))
        }
      }
      for (element, multiplicity) in repeated.sorted(by: { $0.key < $1.key }) {
        duplicates.append((element, multiplicity, read.node, read.index))
      }
      reads.append(
        Read(begin: begin, end: read.index, node: read.node, isFinal: history[begin].isFinal, elements: shown)
      )
    }
  }
}

/// Which of some reads show an element: for each element the places of those reads, ascending.
struct Appearances: Sendable {
  private let starts: [Int32]
  private let places: [Int32]

  init(_ reads: [SetHistory.Read], elementCount: Int) {
    var starts = [Int32](repeating: 0, count: elementCount + 1)
    for read in reads {
      for element in read.elements { starts[Int(element) + 1] += 1 }
    }
    for element in 0..<elementCount { starts[element + 1] += starts[element] }
    var next = starts
    var places = [Int32](repeating: 0, count: Int(starts[elementCount]))
    for (place, read) in reads.enumerated() {
      for element in read.elements {
        places[Int(next[Int(element)])] = Int32(place)
        next[Int(element)] += 1
      }
    }
    self.starts = starts
    self.places = places
  }

  /// The place of the last read that lacks an element; -1 if none does.
  static func lastAbsence(_ showing: ArraySlice<Int32>, readCount: Int) -> Int {
    // From there on every read shows it, so that places and their own places differ by the same.
    let difference = readCount - showing.endIndex
    var low = showing.startIndex
    var high = showing.endIndex
    while low < high {
      let middle = (low + high) / 2
      if Int(showing[middle]) - middle < difference { low = middle + 1 } else { high = middle }
    }
    return low + difference - 1
  }

  subscript(element: Int) -> ArraySlice<Int32> { places[Int(starts[element])..<Int(starts[element + 1])] }
}
