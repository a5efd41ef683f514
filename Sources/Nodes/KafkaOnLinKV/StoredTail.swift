internal import Glomers
internal import Wire

/// The end of a key's log in a linearizable store, as one node last saw it, and that node's messages on their way there.
///
/// A log is cut into segments of equal size, each an array under a key of its own; all but the last are full. The
/// messages that wait are appended together, by one compare-and-set. Each has a tag, by which its sender finds it again
/// where nobody knows whether the compare-and-set happened. One that comes late does no harm: segments only grow, so
/// it finds what it expects only if nothing else has happened since.
struct StoredTail: Sendable {
  struct Sent: Sendable {
    let message: JSONText
    let tag: String
    let request: Request
  }

  /// How many entries a segment has when it is full.
  static let segmentSize = 16

  let key: JSONName
  private(set) var segment = 0
  private var entries: [JSON] = []
  private var waiting: [Sent] = []
  private var flying: [Sent] = []

  init(_ key: JSONName) { self.key = key }

  /// The offset after the last that this node has seen.
  var end: Int { segment * Self.segmentSize + entries.count }
  var name: JSON { Self.name(key, segment) }

  static func name(_ key: JSONName, _ segment: Int) -> JSON { .string("log/\(segment)/\(key.stored)") }

  /// An entry of a segment is `[tag, message]`.
  static func message(_ entry: JSON) -> JSON { entry.array?.last ?? .null }

  /// Whether a client still waits for its message to be appended.
  func isAwaited(at now: Instant) -> Bool { (flying + waiting).contains { $0.request.isAwaited(at: now) } }

  /// Takes a message. Returns what is to be asked of the store, if nothing is under way.
  mutating func append(_ sent: Sent) -> KV? {
    waiting.append(sent)
    return flying.isEmpty ? next() : nil
  }

  /// The next compare-and-set, if there is anything to append.
  mutating func next() -> KV? {
    guard !waiting.isEmpty else { return nil }
    if entries.count >= Self.segmentSize {
      segment += 1
      entries = []
    }
    let count = min(waiting.count, Self.segmentSize - entries.count)
    flying = Array(waiting.prefix(count))
    waiting.removeFirst(count)
    let added = flying.map { JSON.array([.string($0.tag), $0.message.value]) }
    return .cas(
      key: name, from: .array(entries), to: .array(entries + added), createIfNotExists: entries.isEmpty)
  }

  /// The compare-and-set has happened. Returns whose messages stand where.
  mutating func appended() -> [(sent: Sent, offset: Int)] {
    let start = end
    entries += flying.map { JSON.array([.string($0.tag), $0.message.value]) }
    defer { flying = [] }
    return flying.enumerated().map { ($1, start + $0) }
  }

  /// The last segment was read again. What is not in it has not been appended.
  mutating func found(_ read: [JSON]) -> [(sent: Sent, offset: Int)] {
    entries = read
    var places: [String: Int] = [:]
    for (place, entry) in read.enumerated() { places[entry.array?.first?.string ?? ""] = place }
    let start = segment * Self.segmentSize
    let found = flying.compactMap { sent in places[sent.tag].map { (sent, start + $0) } }
    waiting = flying.filter { places[$0.tag] == nil } + waiting
    flying = []
    return found
  }
}
