internal import Glomers

/// Draws transactions as Elle does: one to so many micro-operations, reads and writes alike often, over a pool of keys
/// of which each is twice as likely as the one before it. The values of a key are 1, 2, 3, …; a key that has had its
/// writes gives its place to a new one.
struct TransactionGenerator: Sendable {
  private static let keyCount = 10

  private let writeFunction: String
  private let lengthMax: Int
  private let writesMax: Int
  private var random: Random
  /// The keys in use, and the next value of each.
  private var pool: [(key: Int, next: Int)]
  /// How many keys there have been: 0, 1, 2, ….
  private(set) var keyCount: Int

  init(_ scenario: Scenario, writing function: String, random: Random) {
    writeFunction = function
    lengthMax = max(1, scenario.maxTransactionLength)
    writesMax = max(1, scenario.maxWritesPerKey)
    keyCount = max(1, scenario.keyCount ?? Self.keyCount)
    pool = (0..<keyCount).map { ($0, 1) }
    self.random = random
  }

  mutating func next() -> JSON {
    .array((0..<Int.random(in: 1...lengthMax, using: &random)).map { _ in operation() })
  }

  private mutating func operation() -> JSON {
    while true {
      let isRead = Bool.random(using: &random)
      let place = drawPlace()
      let (key, value) = pool[place]
      if isRead { return ["r", .integer(key), .null] }
      if value <= writesMax {
        pool[place].next += 1
        return [.string(writeFunction), .integer(key), .integer(value)]
      }
      pool[place] = (keyCount, 1)
      keyCount += 1
    }
  }

  /// The place of a key: the last half of the time, the one before it half as often, and so on.
  private mutating func drawPlace() -> Int {
    // Beyond 62 places the first are so unlikely that it is all the same.
    let count = min(pool.count, 62)
    let drawn = UInt64.random(in: 1..<(1 << UInt64(count)), using: &random)
    return pool.count - count + (63 - drawn.leadingZeroBitCount)
  }
}
