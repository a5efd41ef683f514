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

/// Counts of the messages and bytes that went through the simulated network.
public struct Journal: Equatable, Sendable {
  /// What went one way or the other.
  public struct Counts: Equatable, Sendable {
    /// Messages put into the network.
    public internal(set) var sendCount = 0
    /// Messages handed to their receiver: the others were lost, or are still under way.
    public internal(set) var receiveCount = 0
    /// Bytes of the lines put into the network, each with its newline.
    public internal(set) var bytes = 0

    /// Distinct messages. A message is sent once, so it is the number of those sent.
    public var messageCount: Int { sendCount }

    static func + (a: Counts, b: Counts) -> Counts {
      Counts(
        sendCount: a.sendCount + b.sendCount, receiveCount: a.receiveCount + b.receiveCount,
        bytes: a.bytes + b.bytes)
    }
  }

  /// Messages with a client at either end.
  public private(set) var clients = Counts()
  /// Messages between nodes, or between nodes and services.
  public private(set) var servers = Counts()
  /// All traffic.
  public var all: Counts { clients + servers }

  /// Nothing yet.
  public init() {}

  /// A message went into the network; `bytes` is the length of its line without the newline.
  public mutating func sent(involvesClient: Bool, bytes: Int) {
    if involvesClient {
      clients.sendCount += 1
      clients.bytes += bytes + 1
    } else {
      servers.sendCount += 1
      servers.bytes += bytes + 1
    }
  }

  /// A message came out of the network.
  public mutating func received(involvesClient: Bool) {
    if involvesClient { clients.receiveCount += 1 } else { servers.receiveCount += 1 }
  }
}
