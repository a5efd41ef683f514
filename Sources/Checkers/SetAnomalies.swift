import Glomers
import History

/// What is wrong with a set beyond what set-full asks, looked for at each node by itself.
///
/// At one node one anomaly stands for all values of its kind: its operations are those of the smallest such value.
struct SetAnomalies {
  private static let namedMax = 8

  private let set: SetHistory
  private let full: SetFull
  private let history: History
  private let nodes: [NodeID]

  init(_ set: SetHistory, _ full: SetFull, _ history: History, _ nodes: [NodeID]) {
    self.set = set
    self.full = full
    self.history = history
    self.nodes = nodes
  }

  var all: [Anomaly] {
    lostValues + vanishedValues + duplicateValues + phantomValues + abortedReads
      + history.unreadNodes(of: nodes)
  }

  // MARK: Values that are not there

  /// Known before a final read begins, and not in it.
  private var lostValues: [Anomaly] {
    let finalReads = set.reads.filter(\.isFinal)
    guard !finalReads.isEmpty else { return lostWithoutFinalReads }
    var shown = [Bool](repeating: false, count: set.table.count)
    var reported: Set<NodeID?> = []
    return finalReads.compactMap { read in
      guard !reported.contains(read.node) else { return nil }
      for element in read.elements { shown[Int(element)] = true }
      defer { for element in read.elements { shown[Int(element)] = false } }
      let lost = full.elements.filter { $0.known != nil && $0.known! < read.begin && !shown[$0.number] }
      guard let first = lost.first else { return nil }
      reported.insert(read.node)
      return anomaly(
        "lost-value", "the final read of \(name(read.node)) lacks", lost.map(\.number),
        [first.known!, read.begin, read.end], read.node)
    }
  }

  /// Where the test did not come to its final reads, set-full's word on what is lost has to do.
  private var lostWithoutFinalReads: [Anomaly] {
    let lost = full.elements.filter { $0.outcome == .lost }
    guard let first = lost.first, let last = first.lastAbsent else { return [] }
    let end = history.completion(of: last)!
    return [
      anomaly(
        "lost-value", "the last read, one of \(name(end.node)), lacks", lost.map(\.number),
        [first.known!, last, end.index], end.node)
    ]
  }

  /// Shown by a node, and not shown by a later read of the same node.
  private var vanishedValues: [Anomaly] {
    readsByNode.compactMap { node, reads in
      let appearances = Appearances(reads, elementCount: set.table.count)
      let vanished = set.elements.indices.filter { vanishes(appearances[$0], reads) }.sorted(by: isSmaller)
      guard let first = vanished.first else { return nil }
      return anomaly(
        "vanished-value", "\(name(node)) no longer shows what it has shown before:", vanished,
        witness(appearances[first], reads), node, breaking: .monotonicReads)
    }
  }

  /// Whether of a node's reads one lacks the element that began after one that shows it had ended.
  private func vanishes(_ showing: ArraySlice<Int32>, _ reads: [SetHistory.Read]) -> Bool {
    guard let firstEnd = firstEnd(showing, reads) else { return false }
    let last = Appearances.lastAbsence(showing, readCount: reads.count)
    return last >= 0 && reads[last].begin > firstEnd
  }

  /// The earliest end of the reads that show an element.
  private func firstEnd(_ showing: ArraySlice<Int32>, _ reads: [SetHistory.Read]) -> Int? {
    var first: Int?
    for place in showing {
      // What begins later ends later.
      if let first, reads[Int(place)].begin > first { break }
      first = min(first ?? .max, reads[Int(place)].end)
    }
    return first
  }

  /// The first read that lacks the element though an earlier one shows it, and the last such earlier one.
  private func witness(_ showing: ArraySlice<Int32>, _ reads: [SetHistory.Read]) -> [Int] {
    let places = Set(showing.map { Int($0) })
    let firstEnd = places.map { reads[$0].end }.min()!
    let lacking = reads.indices.first { reads[$0].begin > firstEnd && !places.contains($0) }!
    let before = places.map { reads[$0].end }.filter { $0 < reads[lacking].begin }.max()!
    return [before, reads[lacking].begin, reads[lacking].end]
  }

  // MARK: Values that should not be there

  private var duplicateValues: [Anomaly] {
    Dictionary(grouping: set.duplicates, by: \.node).sorted { name($0.key) < name($1.key) }.map {
      node, found in
      let elements = Set(found.map(\.element)).sorted(by: isSmaller)
      let read = found.first { $0.element == elements[0] }!.read
      return anomaly(
        "duplicate-value", "a read of \(name(node)) shows more than once:", elements, [read], node)
    }
  }

  /// Shown by a read, though nobody has ever sent it, or only after the read had ended.
  private var phantomValues: [Anomaly] {
    anomaliesOfReads("phantom-value") { element, read in
      let begin = set.elements[element].firstBegin
      guard begin < 0 || begin > read.end else { return nil }
      guard begin < 0 else { return ("shows what is sent only later:", [read.end, begin]) }
      let isText = set.value(element).string.flatMap { Int($0) } != nil
      return ("shows what nobody has sent\(isText ? ", text in place of numbers" : ""):", [read.end])
    }
  }

  /// Shown by a read, though all who tried to send it were told that this certainly did not happen (Adya's G1a).
  private var abortedReads: [Anomaly] {
    anomaliesOfReads("aborted-read") { element, read in
      let add = set.elements[element]
      guard add.firstBegin >= 0, add.firstBegin < read.end, add.openAdds == 0, add.failed >= 0 else {
        return nil
      }
      return ("shows what a definite error says was never taken in:", [add.begin, add.failed, read.end])
    }
  }

  /// One anomaly for each node with reads that show elements for which `problem` has words and operations.
  private func anomaliesOfReads(
    _ anomalyName: String, _ problem: (Int, SetHistory.Read) -> (words: String, operations: [Int])?
  ) -> [Anomaly] {
    readsByNode.compactMap { node, reads in
      var found: [Int: (words: String, operations: [Int])] = [:]
      for read in reads {
        for element in read.elements where found[Int(element)] == nil {
          if let what = problem(Int(element), read) { found[Int(element)] = what }
        }
      }
      let elements = found.keys.sorted(by: isSmaller)
      guard let first = elements.first, let what = found[first] else { return nil }
      return anomaly(anomalyName, "a read of \(name(node)) \(what.words)", elements, what.operations, node)
    }
  }

  // MARK: Parts

  private var readsByNode: [(node: NodeID?, reads: [SetHistory.Read])] {
    Dictionary(grouping: set.reads, by: \.node).sorted { name($0.key) < name($1.key) }.map {
      ($0.key, $0.value)
    }
  }

  private func isSmaller(_ a: Int, _ b: Int) -> Bool { JSON.precedes(set.value(a), set.value(b)) }

  private func name(_ node: NodeID?) -> String { node?.name ?? "an unknown node" }

  private func anomaly(
    _ name: String, _ words: String, _ elements: [Int], _ operations: [Int], _ node: NodeID?,
    breaking demand: Demand? = nil
  ) -> Anomaly {
    var detail =
      words + " " + elements.prefix(Self.namedMax).map { EDN(set.value($0)).shown }.joined(separator: ", ")
    if elements.count > Self.namedMax { detail += " and \(elements.count - Self.namedMax) other values" }
    return Anomaly(name, detail, operations: operations.sorted(), node: node, breaking: demand)
  }
}
