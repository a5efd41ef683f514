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

  init(_ history: TransactionHistory) {
    for (number, transaction) in history.transactions.enumerated()
    where transaction.isFinal && transaction.outcome == .ok {
      nodes.insert(transaction.node)
      for operation in transaction.externalReads {
        let shown =
          history.model == .lists ? history.list(operation) : operation.value < 0 ? [] : [operation.value]
        let read = Read(node: transaction.node, transaction: number, operation: operation, shown: shown)
        let place = reads[operation.key]?.firstIndex { $0.node == transaction.node }
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

  /// For registers: the version of each key that every one of these nodes shows; ``TransactionHistory/unborn`` and
  /// keys on which they don't agree are left out.
  func agreed(by nodes: [NodeID]) -> [Int: Int] {
    guard !nodes.isEmpty else { return [:] }
    return reads.compactMapValues { reads in
      guard let last = reads.first?.shown.first, reads.allSatisfy({ $0.shown == [last] }),
        nodes.allSatisfy({ node in reads.contains { $0.node == node } })
      else { return nil }
      return last
    }
  }
}
