internal import Glomers

/// Draws transactions as Elle does: one to so many micro-operations, reads and writes alike often, over a pool of keys
/// (``KeyDraw``). The values of a key are 1, 2, 3, …; a key that has had its writes gives its place to a new one.
struct TransactionGenerator: Sendable {
  private let writeFunction: String
  private let lengthMax: Int
  private let draw: KeyDraw
  private var random: Random
  /// The keys in use, the next value of each, and its last.
  private var pool: [(key: Int, next: Int, last: Int)] = []
  /// How many keys there have been: 0, 1, 2, ….
  private(set) var keyCount: Int

  init(_ scenario: Scenario, writing function: String, random: Random) {
    writeFunction = function
    lengthMax = max(1, scenario.maxTransactionLength)
    keyCount = scenario.poolSize
    draw = KeyDraw(
      scenario.keyDistribution, keyCount: keyCount, writesMax: max(1, scenario.maxWritesPerKey))
    self.random = random
    for key in 0..<keyCount { pool.append((key, 1, draw.writes(&self.random))) }
  }

  mutating func next() -> JSON {
    .array((0..<Int.random(in: 1...lengthMax, using: &random)).map { _ in operation() })
  }

  private mutating func operation() -> JSON {
    while true {
      let isRead = Bool.random(using: &random)
      let place = draw.place(&random)
      let (key, value, last) = pool[place]
      if isRead { return ["r", .integer(key), .null] }
      if value <= last {
        pool[place].next += 1
        return [.string(writeFunction), .integer(key), .integer(value)]
      }
      pool[place] = (keyCount, 1, draw.writes(&random))
      keyCount += 1
    }
  }
}
