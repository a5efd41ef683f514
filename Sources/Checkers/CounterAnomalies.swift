import Glomers
import History

/// What is wrong with a counter, looked for at each node by itself, with the operations that show it. Of one kind at
/// one node, the first stands for all.
struct CounterAnomalies {
  private let counter: CounterHistory
  private let history: History
  private let nodes: [NodeID]
  private let onlyGrows: Bool

  init(_ counter: CounterHistory, _ history: History, _ nodes: [NodeID], onlyGrows: Bool) {
    self.counter = counter
    self.history = history
    self.nodes = nodes
    self.onlyGrows = onlyGrows
  }

  var all: [Anomaly] {
    wrongTotals + divergentReplicas + impossibleReads + (onlyGrows ? shrunkenCounters : [])
      + history.unreadNodes(of: nodes)
  }

  /// Final reads that are not what was added. Where one add that was left out, or counted though it failed or for a
  /// second time, explains the difference, it is named.
  private var wrongTotals: [Anomaly] {
    firstOfEachNode(counter.wrongFinalReads).map { read in
      let possible =
        counter.acceptable.ranges.count == 1 && counter.acceptable.least == counter.acceptable.greatest
        ? "\(counter.acceptable.least)"
        : "\(counter.acceptable.least) to \(counter.acceptable.greatest)"
          + (counter.acceptable.ranges.count > 1 ? ", with gaps" : "")
      let culprit = culprit(read)
      return Anomaly(
        "wrong-total",
        "the final read of \(name(read)) is \(value(read)), but what was added comes to \(possible)"
          + (culprit.map { "; operation \($0.add.begin), an add, was \($0.words)" } ?? ""),
        operations: ((culprit.map { [$0.add.begin] } ?? []) + [read.begin, read.end]).sorted(),
        node: read.node)
    }
  }

  /// One add that alone explains a wrong final read; nil where there is none, or where it takes guessing.
  private func culprit(_ read: CounterHistory.Read) -> (add: CounterHistory.Add, words: String)? {
    guard let value = read.value, counter.acceptable.least == counter.acceptable.greatest else { return nil }
    let missing = counter.acceptable.least - value
    if let failed = counter.adds.last(where: { $0.kind == .fail && $0.delta == -missing }) {
      return (failed, "refused, and counted all the same")
    }
    if let lost = counter.adds.last(where: { $0.kind == .ok && $0.delta == missing }) {
      return (lost, "acknowledged, and is not counted")
    }
    if let doubled = counter.adds.last(where: { $0.kind == .ok && $0.delta == -missing }) {
      return (doubled, "counted twice")
    }
    return nil
  }

  /// Final reads of two nodes that differ: they come long after the last add.
  private var divergentReplicas: [Anomaly] {
    guard let first = counter.finalReads.first else { return [] }
    return firstOfEachNode(counter.finalReads.filter { $0.value != first.value }).map { read in
      Anomaly(
        "divergent-replicas",
        "in the end \(name(first)) reads \(value(first)) and \(name(read)) reads \(value(read))",
        operations: [first.begin, first.end, read.begin, read.end].sorted(), node: read.node,
        breaking: .convergence)
    }
  }

  /// Reads that no choice of the adds begun until then, those aside that certainly did not happen, adds up to.
  private var impossibleReads: [Anomaly] {
    var sums = SubsetSums()
    var adds = counter.adds.filter { $0.kind != .fail }[...]
    var found: [(read: CounterHistory.Read, sums: SubsetSums)] = []
    for read in counter.reads {
      while let add = adds.first, add.begin < read.end {
        sums.insert(add.delta)
        adds.removeFirst()
      }
      if counter.isWrong(read, sums), !found.contains(where: { $0.read.node == read.node }) {
        found.append((read, sums))
      }
    }
    return found.map { read, sums in
      Anomaly(
        "impossible-read",
        "\(name(read)) reads \(value(read)); the adds begun until then can come to "
          + "\(sums.least) to \(sums.greatest)\(sums.ranges.count > 1 ? ", with gaps" : "")",
        operations: [read.begin, read.end], node: read.node)
    }
  }

  /// Reads below one of the same node that had ended before they began.
  private var shrunkenCounters: [Anomaly] {
    let values = Dictionary(grouping: counter.reads, by: \.node)
    return values.sorted { ($0.key?.name ?? "") < ($1.key?.name ?? "") }.compactMap { node, reads in
      var greatest: [CounterHistory.Read] = []
      for read in reads {
        guard let value = read.value else { continue }
        // Of the reads that exceeded all before them, the last to end before this one began.
        if let before = greatest.last(where: { $0.end < read.begin }), before.value! > value {
          return Anomaly(
            "shrunken-counter", "\(name(read)) reads \(before.value!), and later \(value)",
            operations: [before.end, read.begin, read.end], node: node, breaking: .monotonicReads)
        }
        if greatest.last.map({ $0.value! < value }) ?? true { greatest.append(read) }
      }
      return nil
    }
  }

  // MARK: Parts

  private func firstOfEachNode(_ reads: [CounterHistory.Read]) -> [CounterHistory.Read] {
    var seen: Set<NodeID?> = []
    return reads.filter { seen.insert($0.node).inserted }
  }

  private func name(_ read: CounterHistory.Read) -> String { read.node?.name ?? "an unknown node" }

  private func value(_ read: CounterHistory.Read) -> String { EDN(history[read.end].value).shown }
}
