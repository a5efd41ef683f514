import History

/// Maelstrom's network statistics, and ours about bytes.
struct NetStats {
  let journal: Journal
  /// Client operations begun.
  let operationCount: Int

  init(_ journal: Journal, _ history: History) {
    self.journal = journal
    operationCount = history.operations.count { $0.isClient && $0.kind == .invoke }
  }

  /// Messages between servers for each operation; nil without operations.
  var serversPerOperation: Double? {
    operationCount == 0 ? nil : Double(journal.servers.messageCount) / Double(operationCount)
  }

  /// What stands under `:net`. Always valid.
  var edn: EDN {
    var all = counts(journal.all)
    var servers = counts(journal.servers)
    if operationCount > 0 {
      all["msgs-per-op"] = perOperation(journal.all.messageCount)
      servers["msgs-per-op"] = perOperation(journal.servers.messageCount)
    }
    return ["all": all, "clients": counts(journal.clients), "servers": servers, "valid?": true]
  }

  /// Bytes of the lines sent, over client operations; nil without operations.
  var bytesPerOperation: EDN? {
    guard operationCount > 0 else { return nil }
    return [
      "all": perOperation(journal.all.bytes), "clients": perOperation(journal.clients.bytes),
      "servers": perOperation(journal.servers.bytes),
    ]
  }

  private func perOperation(_ amount: Int) -> EDN { .fraction(Double(amount) / Double(operationCount)) }

  private func counts(_ counts: Journal.Counts) -> EDN {
    [
      "send-count": .integer(counts.sendCount), "recv-count": .integer(counts.receiveCount),
      "msg-count": .integer(counts.messageCount),
    ]
  }
}
