internal import Glomers

/// What one node has done, in the order in which it did it, so that others can do the same.
struct LogStream: Sendable {
  let origin: Origin
  /// The number of each record's log, or for a commit that number's complement.
  private(set) var logs: [Int32] = []
  private(set) var offsets: [Int] = []

  init(_ origin: Origin) { self.origin = origin }

  var count: Int { logs.count }

  mutating func append(message log: Int, _ offset: Int) {
    logs.append(Int32(log))
    offsets.append(offset)
  }

  mutating func append(commit log: Int, _ offset: Int) {
    logs.append(~Int32(log))
    offsets.append(offset)
  }

  /// Changes the offset of the record with this number, which nobody may have seen yet.
  mutating func revise(_ number: Int, _ offset: Int) { offsets[number - 1] = offset }

  /// The log of the record at this place, and whether the record is a message.
  func log(at place: Int) -> (number: Int, isMessage: Bool) {
    let log = logs[place]
    return log < 0 ? (Int(~log), false) : (Int(log), true)
  }
}
