/// The calls and asks that wait for an answer, by message id.
struct PendingCalls<N: Node>: Sendable {
  struct Entry: Sendable {
    let destination: NodeID
    let body: Envelope<N>.Body
    let purpose: Purpose
    let retry: Retry
  }

  enum Purpose: Sendable {
    case call(N.Call)
    case ask(N.Ask)
  }

  private var entries: [Int: Entry] = [:]
  private var lastID: Int

  init(after lastID: Int) { self.lastID = lastID }

  mutating func add(_ entry: Entry) -> Int {
    lastID += 1
    entries[lastID] = entry
    return lastID
  }

  subscript(id: Int) -> Entry? { entries[id] }

  /// Takes out the entry that an answer from `source` settles. A reply from anyone else settles nothing.
  mutating func settle(_ id: Int, from source: NodeID) -> Purpose? {
    guard let entry = entries[id], entry.destination == source else { return nil }
    entries[id] = nil
    return entry.purpose
  }

  mutating func remove(_ id: Int) { entries[id] = nil }
}
