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
