import Glomers

/// What each node shows in the end, after faults have ended and the nodes have had time to recover.
struct FinalReads {
  struct Read {
    let node: NodeID?
    let transaction: Int
    let operation: TransactionHistory.MicroOperation
    /// The version, or the versions of the list; nothing for null.
    let shown: [Int]
  }

  /// By key, for each node its last.
  private(set) var reads: [Int: [Read]] = [:]
  private(set) var nodes: Set<NodeID?> = []
  /// Those that were asked, whether they answered or not.
  private var asked: Set<NodeID?> = []

  init(_ history: TransactionHistory) {
    for (number, transaction) in history.transactions.enumerated() where transaction.isFinal {
      let node = history.node(of: transaction)
      asked.insert(node)
      guard transaction.outcome == .ok else { continue }
      nodes.insert(node)
      for operation in history.externalReads(of: transaction) {
        let shown = history.shown(operation)
        let read = Read(node: node, transaction: number, operation: operation, shown: shown)
        let place = reads[operation.key]?.firstIndex { $0.node == node }
        if let place {
          reads[operation.key]![place] = read
        } else {
          reads[operation.key, default: []].append(read)
        }
      }
    }
  }

  var keys: [Int] { reads.keys.sorted() }

  func agree(on key: Int) -> Bool {
    guard let all = reads[key], let first = all.first else { return true }
    return all.allSatisfy { $0.shown == first.shown }
  }

  /// What all nodes show of a key in the end.
  struct Last {
    let version: Int
    /// Where in the history the first of those reads began.
    let begin: Int
  }

  /// For registers: what every node shows of each key; ``TransactionHistory/unborn`` and keys on which the nodes don't
  /// agree are left out.
  ///
  /// - Parameter nodes: those that should all show the same; if nobody knows, those that were asked in the end.
  func agreed(by nodes: [NodeID], _ history: TransactionHistory) -> [Int: Last] {
    let nodes = nodes.isEmpty ? asked : Set(nodes)
    return reads.compactMapValues { reads in
      guard let last = reads.first?.shown.first, reads.allSatisfy({ $0.shown == [last] }),
        nodes.isSubset(of: reads.map(\.node))
      else { return nil }
      return Last(version: last, begin: reads.map { history.transactions[$0.transaction].begin }.min()!)
    }
  }
}
