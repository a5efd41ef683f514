internal import Glomers

/// Draws single reads and writes over a pool of keys, some far more popular than others: what Elle's generator makes
/// transactions of (`elle.txn/wr-txns`).
///
/// The values written to a key are 1, 2, 3, …; when it has had its number of them, the next new key takes its place.
struct KeyPool: Sendable {
  enum Access: Equatable {
    case read(key: Int)
    case write(key: Int, value: Int)

    var key: Int {
      switch self {
      case .read(let key), .write(let key, _): key
      }
    }
  }

  private struct Slot: Sendable {
    var key: Int
    var nextValue = 1
    let lastValue: Int
  }

  private var slots: [Slot] = []
  private var nextKey: Int
  private let draw: KeyDraw
  private var random: Random

  init(_ draw: KeyDraw, random: Random) {
    self.draw = draw
    nextKey = draw.keyCount
    self.random = random
    for key in 0..<nextKey { slots.append(Slot(key: key, lastValue: draw.writes(&self.random))) }
  }

  mutating func next() -> Access {
    let isWrite = Bool.random(using: &random)
    while true {
      let place = draw.place(&random)
      guard isWrite else { return .read(key: slots[place].key) }
      let (key, value) = (slots[place].key, slots[place].nextValue)
      if value <= slots[place].lastValue {
        slots[place].nextValue += 1
        return .write(key: key, value: value)
      }
      slots[place] = Slot(key: nextKey, lastValue: draw.writes(&random))
      nextKey += 1
    }
  }
}

/// Which of the keys in use comes next, and how many writes a new key gets, as Elle draws them (`elle.txn/wr-txns`).
///
/// With Zipf's distribution the numbers of writes differ too, as in Jepsen since 0.3.12: some keys are short-lived,
/// and few get all the writes that they may have. All draws are of whole numbers, and so the same on every machine.
struct KeyDraw: Sendable {
  private enum Places: Sendable {
    case exponential(UInt64)
    case uniform
    case weighted(WeightedDraw)
  }

  let keyCount: Int
  private let writesMax: Int
  private let places: Places
  private var writeCounts: WeightedDraw?

  /// - Parameters:
  ///   - keyCount: how many keys are in use at any time, at least 1.
  ///   - writesMax: the most writes to a key, at least 1.
  init(_ distribution: Scenario.KeyDistribution, keyCount: Int, writesMax: Int) {
    self.keyCount = keyCount
    self.writesMax = writesMax
    switch distribution {
    // Beyond 62 places the first are so unlikely that it is all the same.
    case .exponential: places = .exponential(UInt64(min(keyCount, 62)))
    case .uniform: places = .uniform
    case .zipf:
      places = .weighted(WeightedDraw(skew: 2, count: keyCount))
      writeCounts = WeightedDraw(skew: 1, count: writesMax)
    }
  }

  /// The place of the next key among those in use.
  func place(_ random: inout Random) -> Int {
    switch places {
    case .exponential(let count):
      // Each is twice as likely as the one before it.
      let drawn = UInt64.random(in: 1..<(1 << count), using: &random)
      return keyCount - Int(count) + (63 - drawn.leadingZeroBitCount)
    case .uniform: return Int.random(in: 0..<keyCount, using: &random)
    case .weighted(let draw): return draw.next(&random)
    }
  }

  /// How many writes a new key is to get.
  func writes(_ random: inout Random) -> Int { writeCounts.map { $0.next(&random) + 1 } ?? writesMax }
}

/// Draws numbers from 0, of which the i-th is as likely as 1 / (i + 1)^skew (Zipf's law).
private struct WeightedDraw: Sendable {
  /// What lies beyond is too unlikely to be worth a table.
  private static let countMax = 1 << 16

  /// The sum of the weights up to each number.
  private var sums: [UInt64] = []

  init(skew: Int, count: Int) {
    var sum: UInt64 = 0
    for rank in 1...UInt64(min(count, Self.countMax)) {
      sum += max(1, (1 << 40) / (skew == 2 ? rank * rank : rank))
      sums.append(sum)
    }
  }

  func next(_ random: inout Random) -> Int {
    let drawn = UInt64.random(in: 0..<sums.last!, using: &random)
    // The first sum above it.
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > drawn { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
