internal import Replication
internal import Glomers

/// What one node has done, in the order in which it did it, so that others can do the same.
struct LogStream: Sendable {
  enum Entry: Sendable {
    /// The number of a log; the offset stands beside it.
    case message(log: Int)
    case commit(log: Int)
    case fence(Fence)
  }

  let origin: Origin
  private(set) var offsets: [Int] = []
  /// How many records there will ever be, once that is decided.
  var limit = Int.max
  /// The number of each record's log, or for a commit that number's complement.
  private var logs: [Int32] = []
  /// Those whose place in `logs` is taken by `fenceMark`; their offset is their place here.
  private var fences: [Fence] = []

  private static var fenceMark: Int32 { .min }

  init(_ origin: Origin) { self.origin = origin }

  var count: Int { logs.count }

  mutating func append(_ entry: Entry, _ offset: Int = 0) {
    switch entry {
    case .message(let log): append(Int32(log), offset)
    case .commit(let log): append(~Int32(log), offset)
    case .fence(let fence):
      append(Self.fenceMark, fences.count)
      fences.append(fence)
    }
  }

  private mutating func append(_ mark: Int32, _ offset: Int) {
    logs.append(mark)
    offsets.append(offset)
  }

  /// Changes the offset of the commit with this number, which nobody may have seen yet.
  mutating func revise(_ number: Int, _ offset: Int) { offsets[number - 1] = offset }

  /// The number of the log of the message at this place, and its offset; a number below 0 if it is something else.
  func message(at place: Int) -> (log: Int32, offset: Int) { (logs[place], offsets[place]) }

  subscript(place: Int) -> Entry {
    let mark = logs[place]
    if mark == Self.fenceMark { return .fence(fences[offsets[place]]) }
    return mark < 0 ? .commit(log: Int(~mark)) : .message(log: Int(mark))
  }
}
