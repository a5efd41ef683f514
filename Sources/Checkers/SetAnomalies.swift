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
    let finalReads = set.reads.all.filter(\.isFinal)
    guard !finalReads.isEmpty else { return lostWithoutFinalReads }
    var shown = [Bool](repeating: false, count: set.table.count)
    var reported: Set<NodeID?> = []
    return finalReads.compactMap { read in
      guard !reported.contains(read.node) else { return nil }
      for element in set.reads.elements(of: read) { shown[Int(element)] = true }
      defer { for element in set.reads.elements(of: read) { shown[Int(element)] = false } }
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
    let reads = set.reads
    guard !reads.groups.allSatisfy(\.isSingleChain) else { return [] }
    var absences = reads.groups.map { SetReads.Absences(reads, of: $0) }
    var vanished = reads.groups.map { _ in [Int]() }
    for element in set.elements.indices {
      for (group, appearances) in reads.appearancesByGroup(of: element)
      where !reads.groups[group].isSingleChain {
        // One read of the node lacks it that began after one that shows it had ended.
        let last = absences[group].last(of: element, appearances)
        guard last >= 0, reads.all[last].begin > firstEnd(appearances)! else { continue }
        vanished[group].append(element)
      }
    }
    return zip(reads.groups, vanished).compactMap { group, vanished in
      let vanished = vanished.sorted(by: isSmaller)
      guard let first = vanished.first else { return nil }
      return anomaly(
        "vanished-value", "\(name(group.node)) no longer shows what it has shown before:", vanished,
        witness(first, group.node), group.node, breaking: .monotonicReads)
    }
  }

  /// The earliest end of the reads that show an element.
  private func firstEnd(_ appearances: ArraySlice<SetReads.Appearance>) -> Int? {
    var first: Int?
    for appearance in appearances {
      for place in set.reads.showing(appearance) {
        let read = set.reads.all[Int(place)]
        // What begins later ends later.
        if let first, read.begin > first { break }
        first = min(first ?? .max, read.end)
      }
    }
    return first
  }

  /// The first read of a node that lacks the element though an earlier one shows it, and the last such earlier one.
  private func witness(_ element: Int, _ node: NodeID?) -> [Int] {
    let reads = set.reads.all.indices.filter { set.reads.all[$0].node == node }
    let showing = set.reads.showing(element).map { set.reads.all[$0] }.filter { $0.node == node }
    let firstEnd = showing.map(\.end).min()!
    let place = reads.first { set.reads.all[$0].begin > firstEnd && !set.reads.shows($0, element) }!
    let lacking = set.reads.all[place]
    let before = showing.map(\.end).filter { $0 < lacking.begin }.max()!
    return [before, lacking.begin, lacking.end]
  }

  // MARK: Values that should not be there

  private var duplicateValues: [Anomaly] {
    Dictionary(grouping: set.reads.duplicates, by: \.node).sorted { name($0.key) < name($1.key) }.map {
      node, found in
      let elements = Set(found.map(\.element)).sorted(by: isSmaller)
      let read = found.first { $0.element == elements[0] }!.read
      return anomaly(
        "duplicate-value", "a read of \(name(node)) shows more than once:", elements, [read], node)
    }
  }

  /// Shown by a read, though nobody has ever sent it, or only after the read had ended.
  private var phantomValues: [Anomaly] {
    let reads = set.reads
    let suspects = set.elements.indices.filter { element in
      let begin = set.elements[element].firstBegin
      return begin < 0
        || reads.appearances(of: element).contains { appearance in
          reads.all[Int(reads.showing(appearance).first!)].begin < begin
        }
    }
    return anomaliesOfReads("phantom-value", among: suspects) { element, read in
      let begin = set.elements[element].firstBegin
      guard begin < 0 || begin > read.end else { return nil }
      guard begin < 0 else { return ("shows what is sent only later:", [read.end, begin]) }
      let isText = set.value(element).string.flatMap { Int($0) } != nil
      return ("shows what nobody has sent\(isText ? ", text in place of numbers" : ""):", [read.end])
    }
  }

  /// Shown by a read, though all who tried to send it were told that this certainly did not happen (Adya's G1a).
  private var abortedReads: [Anomaly] {
    let failed = set.elements.indices.filter { element in
      let add = set.elements[element]
      return add.firstBegin >= 0 && add.openAdds == 0 && add.failed >= 0
    }
    return anomaliesOfReads("aborted-read", among: failed) { element, read in
      let add = set.elements[element]
      guard add.firstBegin < read.end else { return nil }
      return ("shows what a definite error says was never taken in:", [add.begin, add.failed, read.end])
    }
  }

  /// One anomaly for each node with reads that show some of the elements and for which `problem` has words and operations.
  private func anomaliesOfReads(
    _ anomalyName: String, among elements: [Int],
    _ problem: (Int, SetReads.Read) -> (words: String, operations: [Int])?
  ) -> [Anomaly] {
    // By node, and by element: of the first such read.
    var found: [NodeID?: [Int: (words: String, operations: [Int])]] = [:]
    for element in elements {
      for place in set.reads.showing(element) {
        let read = set.reads.all[place]
        guard found[read.node]?[element] == nil, let what = problem(element, read) else { continue }
        found[read.node, default: [:]][element] = what
      }
    }
    return found.sorted { name($0.key) < name($1.key) }.map { node, found in
      let elements = found.keys.sorted(by: isSmaller)
      let what = found[elements[0]]!
      return anomaly(anomalyName, "a read of \(name(node)) \(what.words)", elements, what.operations, node)
    }
  }

  // MARK: Parts

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
