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
