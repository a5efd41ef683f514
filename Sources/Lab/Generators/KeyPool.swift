internal import Glomers

/// Draws single reads and writes over a pool of keys, some far more popular than others: what Elle's generator makes
/// transactions of (`elle.txn/wr-txns`, with an exponential distribution of keys).
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
  }

  private var slots: [Slot]
  private var nextKey: Int
  private let maxWritesPerKey: Int
  private var random: Random

  /// - Parameter keyCount: how many keys are in use at any time: from 1 to 62.
  init(keyCount: Int, maxWritesPerKey: Int, random: Random) {
    slots = (0..<keyCount).map { Slot(key: $0) }
    nextKey = keyCount
    self.maxWritesPerKey = maxWritesPerKey
    self.random = random
  }

  mutating func next() -> Access {
    let isWrite = Bool.random(using: &random)
    while true {
      // Each slot is twice as likely as the one before it.
      let draw = UInt64.random(in: 1..<(1 << UInt64(slots.count)), using: &random)
      let place = UInt64.bitWidth - 1 - draw.leadingZeroBitCount
      guard isWrite else { return .read(key: slots[place].key) }
      let (key, value) = (slots[place].key, slots[place].nextValue)
      if value <= maxWritesPerKey {
        slots[place].nextValue += 1
        return .write(key: key, value: value)
      }
      slots[place] = Slot(key: nextKey)
      nextKey += 1
    }
  }
}
