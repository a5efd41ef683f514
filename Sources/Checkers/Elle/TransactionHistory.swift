import Glomers
import History

/// A history of transactions made ready for checkers: keys and versions are small numbers.
///
/// A version is a value written to a key, or an element appended to it. Writes of one version by two transactions
/// can't be told apart: see ``repeatedWrite``.
struct TransactionHistory {
  enum Model: Sendable {
    case registers
    /// Reads show lists of versions.
    case lists
  }

  enum Outcome { case ok, fail, info }

  struct MicroOperation {
    let isRead: Bool
    /// Of a read: whether it shows what was there before the transaction, as it is the first operation on its key. Of a
    /// write: whether the transaction leaves it behind, as it is the last write to its key.
    fileprivate(set) var isExternal: Bool
    private let keyNumber: Int32
    private let valueNumber: Int32
    private let placeNumber: Int32

    var key: Int { Int(keyNumber) }
    /// A write's version, and for registers also that which a read shows; ``unborn`` for null. Of a read of a list:
    /// what ``ListTable`` calls the list.
    var value: Int { Int(valueNumber) }
    /// Its place in the transaction.
    var place: Int { Int(placeNumber) }

    fileprivate init(isRead: Bool, isExternal: Bool, key: Int, value: Int, place: Int) {
      self.isRead = isRead
      self.isExternal = isExternal
      keyNumber = Int32(key)
      valueNumber = Int32(value)
      placeNumber = Int32(place)
    }
  }

  struct Transaction {
    private let beginIndex: Int32
    private let endIndex: Int32
    let outcome: Outcome
    let isFinal: Bool
    /// Whether it has more than one operation on some key.
    let returnsToKeys: Bool
    let process: Int
    /// Where its operations stand among those of all.
    fileprivate let first: Int32
    fileprivate let last: Int32

    /// Its invocation, and its completion, or -1.
    var begin: Int { Int(beginIndex) }
    var end: Int { Int(endIndex) }

    /// Where Elle sees it in the history.
    var index: Int { end < 0 ? begin : end }

    fileprivate init(
      begin: Int, end: Int, _ outcome: Outcome, isFinal: Bool, returnsToKeys: Bool, process: Int,
      _ operations: Range<Int>
    ) {
      beginIndex = Int32(begin)
      endIndex = Int32(end)
      self.outcome = outcome
      self.isFinal = isFinal
      self.returnsToKeys = returnsToKeys
      self.process = process
      first = Int32(operations.lowerBound)
      last = Int32(operations.upperBound)
    }
  }

  /// The state of a key to which nothing has been written.
  static let unborn = -1

  let model: Model
  let history: History
  private(set) var transactions: [Transaction] = []
  private var operations: [MicroOperation] = []
  private var numbers = VersionNumbers()
  /// What reads of lists show.
  private(set) var lists = ListTable()
  /// For each version the first transaction that writes it, or -1.
  private var firstWriters: [Int32] = []
  /// All writers of those versions that have several.
  private var severalWriters: [Int: [Int]] = [:]
  /// Operations whose value is no transaction.
  private(set) var malformed: [Int] = []
  /// Transactions that succeeded with an answer that is not, byte by byte, what was asked for with its reads filled in.
  private(set) var answeredOtherwise: [Int] = []

  init(_ history: History, _ model: Model) {
    self.history = history
    self.model = model
    var reader = TransactionReader()
    for begin in 0..<history.count
    where history.isClient(begin) && history.kind(of: begin) == .invoke
      && history.function(of: begin) == "txn"
    {
      let end = history.completionIndex(of: begin)
      let outcome: Outcome =
        switch end.map({ history.kind(of: $0) }) {
        case .ok: .ok
        case .fail: .fail
        default: .info
        }
      // What an unknown outcome shows is what was asked, and its reads show nothing.
      let first = operations.count
      guard read(outcome == .ok ? end! : begin, isKnown: outcome == .ok, &reader) else {
        operations.removeSubrange(first...)
        malformed.append(end ?? begin)
        continue
      }
      guard case .client(let process) = history.process(of: begin) else { continue }
      let number = transactions.count
      if let end, outcome == .ok, !reader.isAnswer(end, to: begin, history) {
        answeredOtherwise.append(number)
      }
      transactions.append(
        Transaction(
          begin: begin, end: end ?? -1, outcome, isFinal: history.isFinal(begin),
          returnsToKeys: reader.returnsToKeys, process: process, first..<operations.count))
      for operation in operations[first...] where !operation.isRead { noteWriter(number, operation.value) }
    }
  }

  private mutating func noteWriter(_ number: Int, _ version: Int) {
    let first = Int(firstWriters[version])
    if first < 0 {
      firstWriters[version] = Int32(number)
    } else if severalWriters[version]?.last ?? first != number {
      severalWriters[version, default: [first]].append(number)
    }
  }

  // MARK: What there is

  var keys: [JSON] { numbers.keys }
  var versionCount: Int { numbers.count }
  func key(of version: Int) -> Int { numbers.key(of: version) }
  func json(_ version: Int) -> JSON { numbers.value(of: version) }

  func operations(of transaction: Transaction) -> ArraySlice<MicroOperation> {
    operations[Int(transaction.first)..<Int(transaction.last)]
  }

  /// What it read before it wrote: for each key its first operation, where that is a read.
  func externalReads(of transaction: Transaction) -> some Sequence<MicroOperation> {
    operations(of: transaction).lazy.filter { $0.isRead && $0.isExternal }
  }

  /// What it left behind: for each key its last write.
  func externalWrites(of transaction: Transaction) -> some Sequence<MicroOperation> {
    operations(of: transaction).lazy.filter { !$0.isRead && $0.isExternal }
  }

  /// The node that the client talked to.
  func node(of transaction: Transaction) -> NodeID? { history.node(of: transaction.begin) }

  /// A version that more than one transaction writes: Elle can't work on such histories.
  var repeatedWrite: (version: Int, writers: [Int])? {
    severalWriters.keys.min().map { ($0, severalWriters[$0]!) }
  }

  /// The transactions that write a version, in order.
  func writers(of version: Int) -> [Int] {
    severalWriters[version] ?? writer(of: version).map { [$0] } ?? []
  }

  /// The one transaction that writes a version; nil if nobody does.
  func writer(of version: Int) -> Int? { firstWriters[version] < 0 ? nil : Int(firstWriters[version]) }

  func operation(_ transaction: Int) -> Operation { history[transactions[transaction].index] }

  /// A version as people see it.
  func value(_ version: Int) -> EDN { version < 0 ? .null : EDN(json(version)) }

  func edn(_ operation: MicroOperation) -> EDN {
    let function = operation.isRead ? "r" : model == .lists ? "append" : "w"
    return [.keyword(function), EDN(keys[operation.key]), text(of: operation)]
  }

  private func text(of operation: MicroOperation) -> EDN {
    guard operation.isRead, model == .lists else { return value(operation.value) }
    let list = list(operation)
    return list.isEmpty ? .null : .vector(list.map { value(Int($0)) })
  }

  /// What a read of a list shows.
  func list(_ read: MicroOperation) -> ArraySlice<Int32> { lists[read.value, ofKey: read.key] }

  /// The versions that a read shows.
  func shown(_ read: MicroOperation) -> [Int] {
    if model == .lists { return list(read).map { Int($0) } }
    return read.value < 0 ? [] : [read.value]
  }

  /// The version that a read shows last: the only one for registers.
  func last(shownBy read: MicroOperation) -> Int? {
    model == .lists ? list(read).last.map { Int($0) } : read.value < 0 ? nil : read.value
  }

  /// For each key the place in its longest list of the first version that is so; past the end where there is none. All
  /// versions of a key's list up to that are asked for in turn.
  func firstPlaces(where isSo: (Int) -> Bool) -> [Int] {
    keys.indices.map { key in
      let list = lists.longest(ofKey: key)
      return list.firstIndex { isSo(Int($0)) } ?? list.count
    }
  }

  /// The first version that a read shows which is so.
  ///
  /// - Parameter places: ``firstPlaces(where:)`` of the same.
  func first(shownBy read: MicroOperation, _ places: [Int], where isSo: (Int) -> Bool) -> Int? {
    if model == .registers { return read.value >= 0 && isSo(read.value) ? read.value : nil }
    let list = list(read)
    if read.value < 0 { return list.first { isSo(Int($0)) }.map { Int($0) } }
    return places[read.key] < list.count ? Int(list[places[read.key]]) : nil
  }

  // MARK: Reading

  /// Reads what an operation says. False if that is no transaction.
  ///
  /// - Parameter isKnown: whether reads say what they saw; otherwise they may leave it out.
  private mutating func read(_ index: Int, isKnown: Bool, _ reader: inout TransactionReader) -> Bool {
    reader.begin(index, history)
    while let micro = reader.next(isKnown: isKnown) {
      let key = numbers.number(ofKey: micro.key)
      let value: Int
      switch (micro.function, micro.value, model) {
      case (.read, .null, .registers): value = Self.unborn
      case (.read, .null, .lists): value = ListTable.empty
      case (.read, .integers, .lists):
        value = lists.number(of: reader.integers, ofKey: key, &numbers)
      case (.read, .other(.array(let list)), .lists):
        let versions = list.map { Int32(numbers.number(of: $0, key)) }
        value = lists.number(of: versions, ofKey: key)
      case (.read, _, .lists): return false
      case (.read, let shown, .registers), (.write, let shown, .registers), (.append, let shown, .lists):
        value = numbers.number(of: shown.json(reader.integers), key)
      default: return false
      }
      while firstWriters.count < numbers.count { firstWriters.append(-1) }
      let isRead = micro.function == .read
      let place = operations.count
      let (isFirst, overwritten) = reader.touch(key, isRead: isRead, at: place)
      if let overwritten { operations[overwritten].isExternal = false }
      operations.append(
        MicroOperation(
          isRead: isRead, isExternal: !isRead || isFirst, key: key, value: value, place: micro.place))
    }
    return reader.isWhole
  }
}
