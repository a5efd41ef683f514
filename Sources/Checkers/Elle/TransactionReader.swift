import Glomers
import History

/// Reads the micro-operations of transactions, one after the other, and knows which keys the transaction at hand has met.
struct TransactionReader {
  enum Function { case read, write, append, other }

  enum Value {
    case null
    /// An array of integers, which are in ``TransactionReader/integers``.
    case integers
    case other(JSON)

    func json(_ integers: [Int]) -> JSON {
      switch self {
      case .null: .null
      case .integers: .array(integers.map { .integer($0) })
      case .other(let value): value
      }
    }
  }

  struct Micro {
    let function: Function
    let key: JSON
    let value: Value
    let place: Int
  }

  private enum Word {
    static let r: UInt64 = 0x72
    static let w: UInt64 = 0x77
    static let append: UInt64 = 0x6170_7065_6E64
  }

  private(set) var integers: [Int] = []
  /// Whether all of a transaction was read, and was one.
  private(set) var isWhole = false
  /// Whether it has more than one operation on some key.
  private(set) var returnsToKeys = false

  private static let nothing = JSONTape.Cursor(JSONTape())
  private var cursor = TransactionReader.nothing
  /// The micro-operations, where they are not on a tape.
  private var tree: [JSON]?
  private var isOpen = false
  private var place = 0
  private var scratch = JSONTape()
  private var otherScratch = JSONTape()

  /// Counts transactions.
  private var stamp: Int32 = 0
  /// By key: the last transaction that met it; the last that wrote to it, and where it last did.
  private var met: [Int32] = []
  private var written: [(stamp: Int32, place: Int32)] = []

  mutating func begin(_ index: Int, _ history: History) {
    stamp += 1
    returnsToKeys = false
    isWhole = false
    place = 0
    tree = nil
    if let value = history.tree(of: index) {
      tree = value.array
      isOpen = tree != nil
      return
    }
    // What a cursor looks at is copied if it changes.
    cursor = Self.nothing
    cursor = history.cursor(at: index, &scratch)
    isOpen = cursor.enterArray()
  }

  /// The next micro-operation; nil at the end, or where there is none.
  ///
  /// - Parameter isKnown: whether reads say what they saw; otherwise they may leave it out.
  mutating func next(isKnown: Bool) -> Micro? {
    guard isOpen else { return nil }
    if tree != nil { return nextOfTree(isKnown: isKnown) }
    if cursor.isAtEnd() {
      isWhole = true
      return nil
    }
    guard cursor.enterArray(), !cursor.isAtEnd(), let function = function(), !cursor.isAtEnd() else {
      return nil
    }
    let key: JSON = cursor.integer().map { .integer($0) } ?? cursor.value()
    defer { place += 1 }
    if cursor.isAtEnd() {
      guard function == .read, !isKnown else { return nil }
      return Micro(function: function, key: key, value: .null, place: place)
    }
    let value: Value =
      cursor.takeNull() ? .null : cursor.integers(into: &integers) ? .integers : .other(cursor.value())
    return cursor.isAtEnd() ? Micro(function: function, key: key, value: value, place: place) : nil
  }

  /// The same where there is a tree.
  private mutating func nextOfTree(isKnown: Bool) -> Micro? {
    guard place < tree!.count else {
      isWhole = true
      return nil
    }
    guard case .array(let parts) = tree![place], 2...3 ~= parts.count, case .string(let name) = parts[0]
    else {
      return nil
    }
    let function: Function =
      switch name {
      case "r": .read
      case "w": .write
      case "append": .append
      default: .other
      }
    defer { place += 1 }
    if parts.count == 2 {
      guard function == .read, !isKnown else { return nil }
      return Micro(function: function, key: parts[1], value: .null, place: place)
    }
    return Micro(function: function, key: parts[1], value: value(parts[2]), place: place)
  }

  private mutating func value(_ tree: JSON) -> Value {
    switch tree {
    case .null: return .null
    case .array(let elements):
      integers.removeAll(keepingCapacity: true)
      for element in elements {
        guard case .integer(let integer) = element else { return .other(tree) }
        integers.append(integer)
      }
      return .integers
    default: return .other(tree)
    }
  }

  private mutating func function() -> Function? {
    switch cursor.word() {
    case Word.r: .read
    case Word.w: .write
    case Word.append: .append
    case nil: cursor.value().string == nil ? nil : .other
    default: .other
    }
  }

  /// Notes that the transaction meets a key.
  ///
  /// - Parameter place: to be returned when the transaction writes to the key again.
  /// - Returns: whether it does for the first time, and the place of its write before this one.
  mutating func touch(_ key: Int, isRead: Bool, at place: Int) -> (isFirst: Bool, overwritten: Int?) {
    while met.count <= key {
      met.append(0)
      written.append((0, 0))
    }
    let isFirst = met[key] != stamp
    met[key] = stamp
    if !isFirst { returnsToKeys = true }
    guard !isRead else { return (isFirst, nil) }
    let before = written[key]
    written[key] = (stamp, Int32(place))
    return (isFirst, before.stamp == stamp ? Int(before.place) : nil)
  }

  /// Whether an answer is certainly what was asked for with its reads filled in: byte by byte. Where a number is written in
  /// another way, it may be so all the same.
  mutating func isAnswer(_ end: Int, to begin: Int, _ history: History) -> Bool {
    cursor = Self.nothing
    isOpen = false
    if let answer = history.tree(of: end), let request = history.tree(of: begin) {
      return Self.isAnswer(answer, to: request)
    }
    var answer = history.cursor(at: end, &scratch)
    var request = history.cursor(at: begin, &otherScratch)
    guard request.enterArray(), answer.enterArray() else { return false }
    while let isDone = Self.end(&request, &answer) {
      if isDone { return true }
      guard request.enterArray(), answer.enterArray(), let function = request.word(),
        function == answer.word(),
        Self.end(&request, &answer) == false, request.skipEqual(&answer)
      else { return false }
      if function == Word.r {
        while !request.isAtEnd() { request.skip() }
        while !answer.isAtEnd() { answer.skip() }
      } else {
        guard Self.end(&request, &answer) == false, request.skipEqual(&answer),
          Self.end(&request, &answer) == true
        else { return false }
      }
    }
    return false
  }

  /// The same where there are trees.
  private static func isAnswer(_ answer: JSON, to request: JSON) -> Bool {
    guard case .array(let answered) = answer, case .array(let asked) = request,
      answered.count == asked.count
    else { return false }
    for place in asked.indices {
      guard case .array(let mine) = answered[place], case .array(let theirs) = asked[place],
        mine.count > 1, theirs.count > 1, case .string(let function) = theirs[0]
      else { return false }
      if function == "r" {
        guard mine[0] == theirs[0], mine[1] == theirs[1] else { return false }
      } else {
        guard mine.count == 3, mine == theirs else { return false }
      }
    }
    return true
  }

  /// Whether both arrays are at their end: neither if false, one if nil.
  private static func end(_ a: inout JSONTape.Cursor, _ b: inout JSONTape.Cursor) -> Bool? {
    let (isEnd, isOtherEnd) = (a.isAtEnd(), b.isAtEnd())
    return isEnd == isOtherEnd ? isEnd : nil
  }
}
