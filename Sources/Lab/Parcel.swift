public import Glomers

/// A message on its way through the network: the line as its sender wrote it, with the network's number for it.
public struct Parcel: Equatable, Sendable {
  /// Counts from 0 over the whole test; the receiver sees it as `id`.
  public let id: Int
  /// Who sent it.
  public let source: NodeID
  /// Who is to get it.
  public let destination: NodeID
  /// One JSON object, `id` included, with its newline.
  public let line: [UInt8]
  /// Whether a client sent it.
  public let isFromClient: Bool
  /// When it was sent.
  public internal(set) var sent: Instant = .zero
  /// Whether a fault has held it back, or copied it.
  public internal(set) var isDelayed = false
  /// Which of its link's messages it is, from 1 on; 0 where nobody counts.
  public internal(set) var number = 0

  /// - Parameters:
  ///   - id: the network's number for it.
  ///   - line: one JSON object with its newline.
  public init(id: Int, source: NodeID, destination: NodeID, line: [UInt8], isFromClient: Bool = false) {
    self.id = id
    self.source = source
    self.destination = destination
    self.line = line
    self.isFromClient = isFromClient
  }
}
