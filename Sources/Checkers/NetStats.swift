import History

/// Maelstrom's network statistics, and ours about bytes.
public struct NetStats: Equatable, Sendable {
  /// What the network carried.
  public let journal: Journal
  /// Client operations begun.
  public let operationCount: Int

  init(_ journal: Journal, _ history: History) {
    self.journal = journal
    operationCount = (0..<history.count).count { history.isClient($0) && history.kind(of: $0) == .invoke }
  }

  /// Messages for each operation; nil without operations.
  public var allPerOperation: Double? { perOperation(journal.all.messageCount) }

  /// Messages between servers for each operation; nil without operations.
  public var serversPerOperation: Double? { perOperation(journal.servers.messageCount) }

  /// What stands under `:net`. Always valid.
  var edn: EDN {
    var all = counts(journal.all)
    var servers = counts(journal.servers)
    all["msgs-per-op"] = allPerOperation.map { .fraction($0) }
    servers["msgs-per-op"] = serversPerOperation.map { .fraction($0) }
    return ["all": all, "clients": counts(journal.clients), "servers": servers, "valid?": true]
  }

  /// Bytes of the lines sent, over client operations; nil without operations.
  var bytesPerOperation: EDN? {
    guard let all = perOperation(journal.all.bytes), let clients = perOperation(journal.clients.bytes),
      let servers = perOperation(journal.servers.bytes)
    else { return nil }
    return ["all": .fraction(all), "clients": .fraction(clients), "servers": .fraction(servers)]
  }

  private func perOperation(_ amount: Int) -> Double? {
    operationCount == 0 ? nil : Double(amount) / Double(operationCount)
  }

  private func counts(_ counts: Journal.Counts) -> EDN {
    [
      "send-count": .integer(counts.sendCount), "recv-count": .integer(counts.receiveCount),
      "msg-count": .integer(counts.messageCount),
    ]
  }
}
