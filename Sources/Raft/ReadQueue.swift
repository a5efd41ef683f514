internal import Glomers

/// Queries on their way: at a leader those that wait for a majority, at every node those that wait to be applied.
struct ReadQueue: Sendable {
  struct Read: Equatable, Sendable {
    let node: NodeID
    let life: Int
    let batch: Int
    /// What was committed when it came.
    let index: Int
    /// An answer to a message of this round, or a later one, tells that the leader was one after the query came.
    let round: Int
    /// Whether the node that asks has shown that it knew of no later leader either, when it asked.
    let isBacked: Bool
  }

  /// At most so many batches wait at a leader; their nodes ask again.
  static let askedMax = 4096

  private var asked: [Read] = []
  /// This node's own, with the index that must be applied first.
  private var readable: [(batch: Int, index: Int)] = []

  var isEmpty: Bool { asked.isEmpty }

  mutating func ask(_ read: Read) {
    if asked.count < Self.askedMax { asked.append(read) }
  }

  /// Whether one waits for answers to messages of this round.
  func wants(_ round: Int) -> Bool { asked.last?.round == round }

  /// Those that wait for answers to messages of this round.
  func waiting(for round: Int) -> ArraySlice<Read> {
    asked[((asked.lastIndex { $0.round != round } ?? -1) + 1)...]
  }

  var first: Read? { asked.first }

  mutating func removeFirst() { asked.removeFirst() }

  mutating func mayRead(_ batch: Int, at index: Int) {
    if readable.count < Self.askedMax { readable.append((batch, index)) }
  }

  mutating func popReadable(applied: Int) -> Int? {
    guard let place = readable.firstIndex(where: { $0.index <= applied }) else { return nil }
    return readable.remove(at: place).batch
  }

  /// A leader that no longer is one: nobody confirms these.
  mutating func forgetOthers() { asked = [] }
}
