import History

/// Orders that don't come from data: what one process did in turn, and what had ended when something else began.
extension DependencyGraph {
  /// What a process did comes before all that it did later. Each transaction has a hub that leads on to the process's
  /// next one, and to that one's hub.
  mutating func addProcessOrder(_ history: TransactionHistory) {
    var hubs: [Int: Int] = [:]
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome == .ok {
      let hub = addHub()
      if let before = hubs.updateValue(hub, forKey: transaction.process) {
        add(before, number, .onward)
        add(before, hub, .onward)
      }
      add(number, hub, .process)
    }
  }

  /// What had succeeded when something else began comes before it. Each completion has a hub that leads on to what
  /// begins before the next completion, and to that one's hub.
  mutating func addRealtimeOrder(_ history: TransactionHistory) {
    var ended = [Int32](repeating: -1, count: history.history.count)
    var begun = ended
    for (number, transaction) in history.transactions.enumerated() where transaction.outcome != .fail {
      begun[transaction.begin] = Int32(number)
      if transaction.outcome == .ok { ended[transaction.end] = Int32(number) }
    }
    var present: Int?
    for index in ended.indices {
      if begun[index] >= 0, let present { add(present, Int(begun[index]), .onward) }
      guard ended[index] >= 0 else { continue }
      let hub = addHub()
      if let present { add(present, hub, .onward) }
      add(Int(ended[index]), hub, .realtime)
      present = hub
    }
  }
}

extension DependencyGraph {
  /// Whether there is an order of all transactions that explains everything, the order in real time included: then no
  /// model is broken by a cycle. (What a process does in turn, it does in real time.)
  static func isAcyclic(_ history: TransactionHistory, _ dependencies: some Dependencies) -> Bool {
    Self.successors(history, dependencies).isAcyclic
  }

  /// Without the list of edges, which takes more memory.
  private static func successors(_ history: TransactionHistory, _ dependencies: some Dependencies)
    -> Successors
  {
    var graph = DependencyGraph(transactionCount: history.transactions.count)
    dependencies.link(&graph)
    graph.addRealtimeOrder(history)
    return Successors(graph.edges, vertexCount: graph.vertexCount)
  }
}
